import { once } from 'node:events';
import net from 'node:net';
import { closeAll, eventually, start } from './support';
import { acceptKey, frame, readFrame } from '../../charts/blocks/rehearsal/server/websocket.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const key = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A frame as a client sends it: masked. */
function masked(opcode: number, payload: Buffer, final = true): Buffer {
  const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  const plain = frame(opcode, payload);
  const head = Buffer.from(plain.subarray(0, plain.length - payload.length));
  head[0] = (head[0] ?? 0) & (final ? 0xff : 0x7f);
  head[1] = (head[1] ?? 0) | 0x80;
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** Opens a websocket; `frames` are all bytes that came after the handshake. */
async function connect(
  port: number,
  headers = `upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}`,
) {
  const socket = net.connect(port, '127.0.0.1');
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => (received = Buffer.concat([received, chunk])));
  socket.write(`GET /ws/any HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n${headers}\r\n\r\n`);
  await eventually(() => received.includes('\r\n\r\n'));
  const end = received.indexOf('\r\n\r\n') + 4;
  const handshake = received.subarray(0, end).toString();
  return { socket, handshake, frames: () => received.subarray(end) };
}

afterEach(closeAll);

describe('websocket frames', () => {
  test('accept the key of the example in RFC 6455 §1.3', () => {
    expect(acceptKey(key)).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  test('are read and written as the examples in RFC 6455 §5.7', () => {
    expect(frame(0x1, Buffer.from('Hello'))).toEqual(hex('81 05 48 65 6c 6c 6f'));
    expect(readFrame(hex('81 85 37 fa 21 3d 7f 9f 4d 51 58'))).toMatchObject({
      final: true,
      opcode: 1,
      payload: Buffer.from('Hello'),
    });
    expect(frame(0x2, Buffer.alloc(256)).subarray(0, 4)).toEqual(hex('82 7E 01 00'));
    expect(frame(0x2, Buffer.alloc(65536)).subarray(0, 10)).toEqual(hex('82 7F 00 00 00 00 00 01 00 00'));
  });

  test('wait for the rest of an incomplete frame', () => {
    const whole = masked(0x1, Buffer.alloc(300));
    for (const length of [0, 1, 3, 7, whole.length - 1]) expect(readFrame(whole.subarray(0, length))).toBeUndefined();
  });
});

describe('a websocket of the rehearsal server', () => {
  test('echoes text of every length up to 64 KiB, answers ping, and closes with the code it is given', async () => {
    const { port } = await start();
    const { socket, handshake, frames } = await connect(port);
    expect(handshake).toContain('101 Switching Protocols');
    expect(handshake).toContain('sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    const texts = ['', 'Hello', 'ä'.repeat(100), 'x'.repeat(65536)].map((text) => Buffer.from(text));
    const goodbye = Buffer.from([0x03, 0xe8]);
    socket.write(masked(0x1, Buffer.from('Hel'), false));
    socket.write(masked(0x9, Buffer.from('still there?'))); // may come between the pieces of a message
    socket.write(masked(0x0, Buffer.from('lo')));
    for (const text of texts) socket.write(masked(0x1, text));
    socket.write(masked(0x8, goodbye));
    await once(socket, 'end');
    const pieces = [frame(0xa, Buffer.from('still there?')), frame(0x1, Buffer.from('Hello'))];
    expect(frames()).toEqual(Buffer.concat([...pieces, ...texts.map((text) => frame(0x1, text)), frame(0x8, goodbye)]));
  });

  test.each([
    [1009, 'a frame above 64 KiB', masked(0x1, Buffer.alloc(65537))],
    [
      1009,
      'pieces above 64 KiB together',
      Buffer.concat([masked(0x1, Buffer.alloc(65536), false), masked(0x0, Buffer.alloc(1))]),
    ],
    [1002, 'an unmasked frame', frame(0x1, Buffer.from('Hello'))],
    [1002, 'a continuation of nothing', masked(0x0, Buffer.from('lo'))],
    [1007, 'text that is not UTF-8', masked(0x1, Buffer.from([0xff]))],
  ])('is closed with %i for %s', async (code, _what, bytes) => {
    const { port } = await start();
    const { socket, frames } = await connect(port);
    socket.write(bytes);
    await once(socket, 'end');
    expect(frames()).toEqual(frame(0x8, Buffer.from([code >> 8, code & 0xff])));
  });

  test.each([
    ['426', `upgrade: websocket\r\nsec-websocket-version: 8\r\nsec-websocket-key: ${key}`],
    ['400', 'upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: short'],
    ['400', 'upgrade: h2c'],
  ])('is refused with %s for: %s', async (status, headers) => {
    const { port } = await start();
    const { handshake } = await connect(port, headers);
    expect(handshake).toContain(`HTTP/1.1 ${status}`);
  });

  test('is told that the server goes away when it stops', async () => {
    const { port, child, ended } = await start();
    const { socket, frames } = await connect(port);
    child.kill('SIGTERM');
    await once(socket, 'end');
    expect(frames()).toEqual(frame(0x8, Buffer.from([0x03, 0xe9])));
    expect((await ended).code).toBe(0);
  });
});
