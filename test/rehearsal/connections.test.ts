import http from 'node:http';
import net from 'node:net';
import { answering, closeAll, eventually, freePort, listen } from './support';
import { watch } from '../../charts/blocks/rehearsal/server/connections.js';

type Result = { status: string; error?: string };
type Connection = Parameters<typeof watch>[0][number];
let stop = () => {};

/** The first result of checking one connection. */
async function check(connection: Omit<Connection, 'name'>, withinMilliseconds = 2000): Promise<Result> {
  const changes: Result[] = [];
  ({ stop } = watch([{ name: 'it', ...connection }], (_name, result) => changes.push(result), { withinMilliseconds }));
  return eventually(() => changes[0]);
}

afterEach(async () => {
  stop();
  await closeAll();
});

describe('the check of a connection', () => {
  test('logs in to Redis as the user of the URL and selects the database', async () => {
    const received: string[] = [];
    const port = await listen(
      answering((words) => {
        received.push(words);
        return words.includes('PING') ? '+PONG\r\n' : '+OK\r\n';
      }),
    );
    const url = `redis://cache:p%40ss@127.0.0.1:${port}/2`;
    expect(await check({ kind: 'redis', url })).toMatchObject({ status: 'up', milliseconds: expect.any(Number) });
    expect(received.slice(0, 3)).toEqual([
      '*3\r\n$4\r\nAUTH\r\n$5\r\ncache\r\n$4\r\np@ss\r\n',
      '*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n',
      '*1\r\n$4\r\nPING\r\n',
    ]);
  });

  test('blots the password out of what a server says', async () => {
    const port = await listen(answering(() => '-ERR no user has the password p@ss, spelt p%40ss\r\n'));
    const result = await check({ kind: 'redis', url: `redis://cache:p%40ss@127.0.0.1:${port}` });
    expect(result).toEqual({ status: 'down', error: 'ERR no user has the password ***, spelt ***' });
  });

  test('never quotes a URL that does not parse', async () => {
    const result = await check({ kind: 'postgres', url: 'postgresql://agents:pencil@postgres:port/agents' });
    expect(result).toEqual({ status: 'down', error: 'expected a URL like postgresql://host:5432' });
  });

  test('says that nobody listens', async () => {
    const port = await freePort();
    const result = await check({ kind: 'postgres', url: `postgresql://agents:pencil@127.0.0.1:${port}/agents` });
    expect(result).toEqual({ status: 'down', error: `connect ECONNREFUSED 127.0.0.1:${port}` });
  });

  test.each(['postgres', 'bolt', 'redis', 'http'] as const)(
    'over %s gives up on a server that stays silent',
    async (kind) => {
      const sockets: net.Socket[] = [];
      const port = await listen(net.createServer((socket) => sockets.push(socket.on('error', () => undefined))));
      const result = await check(
        { kind, url: `${kind === 'postgres' ? 'postgresql' : kind}://127.0.0.1:${port}` },
        100,
      );
      expect(result).toEqual({ status: 'down', error: 'no answer within 0.1 s' });
      sockets.forEach((socket) => socket.destroy());
    },
  );

  test('over HTTP takes 2xx for up, and sends the password in the header that it is told', async () => {
    const server = http.createServer(({ url, headers }, response) => {
      response.writeHead(url !== '/qdrant/readyz' ? 404 : headers['api-key'] === 'pencil' ? 200 : 403).end();
    });
    const url = `http://127.0.0.1:${await listen(server)}/qdrant/`;
    const path = '/readyz';
    expect(await check({ kind: 'http', url, path, header: 'api-key', password: 'pencil' })).toMatchObject({
      status: 'up',
    });
    stop();
    expect(await check({ kind: 'http', url, path })).toEqual({
      status: 'down',
      error: 'GET /readyz was answered with status 403',
    });
  });

  test('is repeated, never twice at a time, and tells only when a connection goes up or down', async () => {
    let status = 200;
    let asked = 0;
    let together = 0;
    let most = 0;
    const server = http.createServer((_request, response) => {
      asked += 1;
      most = Math.max(most, (together += 1));
      setTimeout(() => {
        together -= 1;
        response.writeHead(status).end();
      }, 30);
    });
    const changes: string[] = [];
    const url = `http://127.0.0.1:${await listen(server)}`;
    const pace = { everyMilliseconds: 10 };
    const watching = watch(
      [{ name: 'mcp', kind: 'http', url }],
      (name, result) => changes.push(`${name} ${result.status}`),
      pace,
    );
    stop = watching.stop;
    expect(watching.results.get('mcp')).toEqual({ status: 'down', error: 'not checked yet' });
    await eventually(() => asked > 3);
    status = 503;
    await eventually(() => changes.length === 2);
    status = 200;
    await eventually(() => changes.length === 3);
    expect(changes).toEqual(['mcp up', 'mcp down', 'mcp up']);
    expect(most).toBe(1);
  });
});
