import { answering, closeAll, listen } from './support';
import { Bolt, check } from '../../charts/blocks/rehearsal/server/bolt.js';
import { encodeStructure } from '../../charts/blocks/rehearsal/server/packstream.js';

const message = (tag: number, field: object) => {
  const body = encodeStructure(tag, [field as Record<string, unknown>]);
  return Buffer.concat([Buffer.from([0, body.length]), body, Buffer.from([0, 0])]).toString('latin1');
};
const success = message(0x70, {});

/** A server that gives these answers, one to each message, and remembers what it was sent. */
async function scripted(answers: string[]) {
  const received: string[] = [];
  const port = await listen(
    answering((bytes) => {
      received.push(bytes);
      return answers.shift() ?? '';
    }),
  );
  return { received, login: { url: `bolt://127.0.0.1:${port}`, user: 'neo4j', password: 'pencil' } };
}

afterEach(closeAll);

describe('the Bolt check', () => {
  test('logs in apart from the greeting where Bolt 5.1 or newer is agreed, and reads the record', async () => {
    const { received, login } = await scripted([
      '\0\0\x04\x05',
      success,
      success,
      success,
      message(0x71, [1]) + success,
    ]);
    await check(login, AbortSignal.timeout(2000));
    expect(Buffer.from(received[0] ?? '', 'latin1').toString('hex')).toBe('6060b01700040405000004040000000000000000');
    expect(received[1]).not.toContain('pencil');
    expect(received[2]).toContain('pencil');
  });

  test('logs in with the greeting where Bolt 4.4 is agreed', async () => {
    const { received, login } = await scripted(['\0\0\x04\x04', success, success, message(0x71, [1]) + success]);
    await check(login, AbortSignal.timeout(2000));
    expect(received[1]).toContain('pencil');
  });

  test('skips signs of life and joins chunks', async () => {
    const { login } = await scripted([
      '\0\0\0\x05',
      '\0\0\0\x01\xb1\0\x02\x70\xa0\0\0',
      success,
      message(0x71, [2]) + success,
    ]);
    const bolt = await Bolt.connect(login);
    expect(await bolt.run('RETURN 2')).toEqual([[2]]);
    bolt.close();
  });

  test('raises what the server refuses, with its code', async () => {
    const refusal = message(0x7f, { code: 'Neo.ClientError.Security.Unauthorized', message: 'wrong' });
    const { login } = await scripted(['\0\0\x04\x05', success, refusal]);
    await expect(Bolt.connect(login)).rejects.toThrow('wrong (Neo.ClientError.Security.Unauthorized)');
  });

  test('says so when no version is agreed', async () => {
    const { login } = await scripted(['\0\0\0\0']);
    await expect(Bolt.connect(login)).rejects.toThrow('none of Bolt 4.4 and 5.0 to 5.4');
  });
});
