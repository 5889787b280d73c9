'use strict';

const { createHash } = require('node:crypto');
const { isUtf8 } = require('node:buffer');

/** @typedef {import('node:stream').Duplex} Duplex */

const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const LARGEST = 64 * 1024;

/** A reason to close, with its code of RFC 6455 §7.4.1. */
class Violation extends Error {
  /** @param {number} code */
  constructor(code) {
    super(`websocket closed with ${code}`);
    this.code = code;
  }
}

/**
 * The value of Sec-WebSocket-Accept.
 * @param {string} key
 */
const acceptKey = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/**
 * A whole, unmasked frame, as a server sends it.
 * @param {number} opcode
 * @param {Uint8Array} payload at most 64 KiB
 */
function frame(opcode, payload) {
  const size = payload.length < 126 ? 0 : payload.length < 0x10000 ? 2 : 8;
  const head = Buffer.alloc(2 + size);
  head[0] = 0x80 | opcode;
  head[1] = size === 0 ? payload.length : size === 2 ? 126 : 127;
  if (size > 0) head.writeUIntBE(payload.length, size === 2 ? 2 : 4, size === 2 ? 2 : 6);
  return Buffer.concat([head, payload]);
}

/** @param {number} code */
function closeFrame(code) {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, payload);
}

/**
 * Reads the frame at the start of `buffer`; undefined while it is incomplete. Throws a Violation for what a client must not send.
 * @param {Buffer} buffer
 */
function readFrame(buffer) {
  const [first, second] = buffer;
  if (first === undefined || second === undefined) return undefined;
  const final = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  const short = second & 0x7f;
  const reserved = (first & 0x70) !== 0;
  const masked = (second & 0x80) !== 0;
  if (reserved || !masked || (opcode >= CLOSE && (!final || short > 125))) throw new Violation(1002);
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (buffer.length < start) return undefined;
  const length = start === 2 ? short : start === 4 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
  if (length > LARGEST) throw new Violation(1009);
  const end = start + 4 + length;
  if (buffer.length < end) return undefined;
  const mask = buffer.subarray(start, start + 4);
  const payload = Buffer.from(buffer.subarray(start + 4, end)).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return { final, opcode, payload: Buffer.from(payload), end };
}

/**
 * Answers the frames of one connection until it closes; messages come back as they are.
 * @param {Duplex} socket
 * @param {Buffer} head
 */
function echo(socket, head) {
  let buffer = Buffer.alloc(0);
  let open = true;
  /** @type {{ opcode: number, payload: Buffer } | undefined} a message that came in pieces so far */
  let message;

  /** @param {Uint8Array} last */
  const close = (last) => {
    if (!open) return;
    open = false;
    // Half-close, and go on reading: hanging up with unread bytes would reset the connection and lose the reason.
    socket.end(last);
    setTimeout(() => socket.destroy(), 1000).unref();
  };
  /** @param {NonNullable<ReturnType<typeof readFrame>>} received */
  const take = ({ opcode, payload, final }) => {
    if (opcode === CLOSE) return close(payload.length === 1 ? closeFrame(1002) : frame(CLOSE, payload.subarray(0, 2)));
    if (opcode === PING) return void socket.write(frame(PONG, payload));
    if (opcode === PONG) return;
    const begins = opcode === TEXT || opcode === BINARY;
    if ((!begins && opcode !== CONTINUATION) || begins === (message !== undefined)) throw new Violation(1002);
    message = {
      opcode: message?.opcode ?? opcode,
      payload: Buffer.concat([message?.payload ?? Buffer.alloc(0), payload]),
    };
    if (message.payload.length > LARGEST) throw new Violation(1009);
    if (!final) return;
    if (message.opcode === TEXT && !isUtf8(message.payload)) throw new Violation(1007);
    socket.write(frame(message.opcode, message.payload));
    message = undefined;
  };
  /** @param {Buffer} chunk */
  const receive = (chunk) => {
    if (!open) return;
    buffer = Buffer.concat([buffer, chunk]);
    try {
      for (let next = readFrame(buffer); next && open; next = readFrame(buffer)) {
        buffer = buffer.subarray(next.end);
        take(next);
      }
    } catch (error) {
      close(closeFrame(error instanceof Violation ? error.code : 1011));
    }
  };
  socket.on('data', receive);
  socket.on('end', () => close(Buffer.alloc(0)));
  socket.on('error', () => socket.destroy());
  receive(head);
  return { goAway: () => close(closeFrame(1001)) };
}

/** The echoing websockets of a server. */
class WebSockets {
  constructor() {
    /** @type {Set<{ goAway: () => void }>} */
    this.open = new Set();
  }

  /**
   * Takes over the connection of an upgrade request, on any path.
   * @param {import('node:http').IncomingMessage} request
   * @param {Duplex} socket
   * @param {Buffer} head
   */
  upgrade({ method, headers }, socket, head) {
    const key = headers['sec-websocket-key'] ?? '';
    const asked =
      method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && /^[A-Za-z0-9+/]{22}==$/.test(key);
    if (!asked || headers['sec-websocket-version'] !== '13') {
      const status = asked ? '426 Upgrade Required' : '400 Bad Request';
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nsec-websocket-version: 13\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
        `sec-websocket-accept: ${acceptKey(key)}\r\n\r\n`,
    );
    const connection = echo(socket, head);
    this.open.add(connection);
    socket.on('close', () => this.open.delete(connection));
  }

  /** Tells every client that the server goes away. */
  goAway() {
    for (const connection of this.open) connection.goAway();
  }
}

module.exports = { WebSockets, acceptKey, frame, readFrame };
