import { hostname } from 'node:os';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { answering, closeAll, eventually, freePort, listen, run, start } from './support';

const pong = () => answering((words) => (words.includes('PING') ? '+PONG\r\n' : '+OK\r\n'));
const redis = { name: 'redis', kind: 'redis', url: 'REDIS_URL' };
const http404 = { name: 'mcp', kind: 'http', url: 'MCP_URL', path: '/health' };

/** A request on a connection of its own, so that no test waits for another's. */
async function ask(url: string, options: http.RequestOptions = {}, body = '') {
  const request = http.request(url, { agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const text = (await response.setEncoding('utf8').toArray()).join('');
  return { status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) };
}

afterEach(closeAll);

describe('the rehearsal server', () => {
  test('is healthy when every connection is up, and says so to the exec probe', async () => {
    const REDIS_URL = `redis://:pencil@127.0.0.1:${await listen(pong())}`;
    const { url, env } = await start({ connections: [redis] }, { REDIS_URL });
    await eventually(async () => (await ask(`${url}/health`)).status === 200);
    const health = await ask(`${url}/health`);
    expect(health.json()).toEqual({
      service: 'agents-api',
      status: 'up',
      connections: { redis: { status: 'up', milliseconds: expect.any(Number) } },
    });
    expect(await run('check.js', env).ended).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('is unhealthy when one connection is down, names it, and never shows a password', async () => {
    const REDIS_URL = `redis://:pencil@127.0.0.1:${await listen(pong())}`;
    const MCP_URL = `http://127.0.0.1:${await freePort()}`;
    const { url, env, output } = await start({ connections: [redis, http404] }, { REDIS_URL, MCP_URL });
    await eventually(() => output.stdout.split('"event":"connection ').length === 3);
    const health = await ask(`${url}/health`);
    expect(health.status).toBe(503);
    expect(health.json()).toMatchObject({
      status: 'down',
      connections: { redis: { status: 'up' }, mcp: { status: 'down', error: expect.stringContaining('ECONNREFUSED') } },
    });
    expect((await ask(`${url}/metrics`)).text).toContain('rehearsal_connection_up{connection="mcp"} 0\n');
    const probe = await run('check.js', env).ended;
    expect(probe).toMatchObject({ code: 1, stderr: expect.stringContaining('"mcp":{"status":"down"') });
    expect(output.stdout + health.text + probe.stderr).not.toContain('pencil');
  });

  test('echoes what reaches it after the edge', async () => {
    const { url } = await start();
    const headers = {
      host: 'api.example.org',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/api',
    };
    const answer = await ask(`${url}/v1/plans?page=2`, { method: 'POST', headers }, 'x'.repeat(100_000));
    expect(answer.json()).toEqual({
      service: 'agents-api',
      pod: hostname(),
      method: 'POST',
      path: '/v1/plans',
      query: 'page=2',
      host: 'api.example.org',
      forwarded: { for: '203.0.113.7', proto: 'https', prefix: '/api' },
      received: 100_000,
    });
  });

  test.each([204, 302, 404, 503, 599])('answers ?status=%i with it, on any path', async (status) => {
    const { url } = await start();
    expect((await ask(`${url}/health?status=${status}`)).status).toBe(status);
  });

  test.each(['status=100', 'status=600', 'status=abc', 'delay=30001', 'delay=-1'])('refuses ?%s', async (query) => {
    const { url } = await start();
    const answer = await ask(`${url}/?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatch(/^expected `(status|delay)` to be a whole number from \d+ to \d+$/);
  });

  test('counts requests and their duration for Prometheus', async () => {
    const { url } = await start();
    await ask(`${url}/slow?delay=30`);
    await ask(`${url}/broken?status=500`);
    const answer = await ask(`${url}/metrics`);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.text).toContain('# TYPE http_requests_total counter\n');
    expect(answer.text).toContain('http_requests_total{method="GET",status="200"} 1\n');
    expect(answer.text).toContain('http_requests_total{method="GET",status="500"} 1\n');
    const seconds = Number(/http_request_duration_seconds_sum (\S+)/.exec(answer.text)?.[1]);
    expect(seconds).toBeGreaterThan(0.025);
    expect(answer.text).toContain('http_request_duration_seconds_bucket{le="10"} 2\n');
    expect(answer.text).toContain('http_request_duration_seconds_bucket{le="+Inf"} 2\n');
    expect(answer.text).toContain('http_request_duration_seconds_count 2\n');
    const started = Number(/^process_start_time_seconds (\S+)/m.exec(answer.text)?.[1]);
    expect(Math.abs(Date.now() / 1000 - started)).toBeLessThan(10);
    expect(answer.text).toMatch(/\nprocess_resident_memory_bytes \d{7,}\n$/);
  });

  test('serves its metrics on a port of their own where one is declared', async () => {
    const metricsPort = await freePort();
    const { url, output } = await start({ metricsPort });
    await eventually(() => output.stdout.includes(`"port":${metricsPort}`));
    expect((await ask(`http://127.0.0.1:${metricsPort}/metrics`)).text).toContain('# TYPE http_requests_total');
    expect((await ask(`${url}/metrics`)).json()).toMatchObject({ service: 'agents-api', path: '/metrics' });
  });

  test('writes no line for a health request', async () => {
    const { url, output } = await start();
    await ask(`${url}/health`);
    expect(output.stdout.trim().split('\n')).toHaveLength(1);
  });
});

describe('on SIGTERM the rehearsal server', () => {
  test('finishes the request in flight, refuses new ones and leaves with 0', async () => {
    const { url, child, output, ended, port } = await start();
    const agent = new http.Agent({ keepAlive: true });
    const headers = { expect: '100-continue' };
    const upload = http.request(`${url}/upload?delay=50`, { method: 'POST', agent, headers });
    upload.flushHeaders();
    await once(upload, 'continue'); // the server has it
    child.kill('SIGTERM');
    await eventually(() => output.stdout.includes('"event":"stopping"'));
    const refused = () =>
      ask(`${url}/`).then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      );
    await eventually(refused);
    upload.end('the rest');
    const [response] = (await once(upload, 'response')) as [http.IncomingMessage];
    expect(response).toMatchObject({ statusCode: 200, headers: { connection: 'close' } });
    expect(JSON.parse((await response.toArray()).join(''))).toMatchObject({ received: 8 });
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { event: 'start', service: 'agents-api', port },
      { event: 'stopping', signal: 'SIGTERM', requests: 1 },
      { event: 'stop' },
    ]);
    agent.destroy();
  });

  test('does not wait for a connection that never asks anything', async () => {
    const { child, ended, port } = await start();
    const silent = net.connect(port, '127.0.0.1');
    await once(silent, 'connect');
    const from = Date.now();
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(Date.now() - from).toBeLessThan(3000);
    silent.destroy();
  });
});
