import { once } from 'node:events';
import type { Socket } from 'node:net';
import { eventually } from '../rehearsal/support';
import { anyBrowser, browserAt, monitoring, ready, type More } from './edge/browser';
import { ask, begin, seen } from './edge/client';
import { startEdge, type Edge } from './edge/edge';

let edge: Edge;
beforeAll(async () => (edge = await startEdge().then(ready)));
afterAll(() => edge?.close());

/** A browser at this address, and one at an address of its own. */
const browser = (address: string, more?: More) => browserAt(edge, address, more);
const somebody = (more?: More) => anyBrowser(edge, more);

test('ALL-04 ALL-05 nginx takes the configuration of production without a warning', () => {
  expect(edge.verdict).toMatch(/^nginx: the configuration file \S+ syntax is ok\nnginx: .* test is successful\n$/);
});

describe('routes', () => {
  test.each([
    ['PHY-01', '/any/page?q=1', /^streamlit-ui-pods-\d$/, '/any/page?q=1', undefined],
    ['PHY-02', '/dashboard', /^react-dashboard$/, '/dashboard', undefined],
    ['PHY-02', '/dashboard/app.js?v=2', /^react-dashboard$/, '/dashboard/app.js?v=2', undefined],
    ['PHY-03', '/api/agents/health?deep=1', /^agents-api$/, '/health?deep=1', '/api/agents'],
    ['PHY-04', '/api/database/users/7', /^database-api$/, '/users/7', '/api/database'],
    ['PHY-05', '/api/dashboard/', /^dashboard-api$/, '/', '/api/dashboard'],
  ])('%s %s reaches its service', async (_id, path, pod, url, prefix) => {
    const request = await seen(somebody(), path);
    expect(request).toMatchObject({ pod: expect.stringMatching(pod), url });
    expect(request.headers['x-forwarded-prefix']).toBe(prefix);
  });

  test('a client cannot tell a service that it stands below a prefix', async () => {
    const request = await seen(somebody({ headers: { 'x-forwarded-prefix': '/evil' } }), '/');
    expect(request.headers['x-forwarded-prefix']).toBeUndefined();
  });

  test('PHY-03 the bare prefix of an API is sent to the path below it, without a port', async () => {
    const { status, headers } = await ask(somebody(), '/api/agents');
    expect([status, headers.location]).toEqual([308, '/api/agents/']);
  });

  test.each(['docs', 'docs/oauth2-redirect', 'redoc', 'openapi.json', '%64ocs', './docs', '/docs', 'x/../docs'])(
    'PHY-31 /api/agents/%s is 404 in production and reaches no pod',
    async (name) => {
      const { status, body } = await ask(somebody(), `/api/agents/${name}`);
      expect([status, body]).toEqual([404, expect.stringContaining('nginx')]);
    },
  );

  test('a host that nobody declared is 404', async () => {
    const { status, body } = await ask(somebody({ host: 'elsewhere.example' }), '/');
    expect([status, body]).toEqual([404, expect.stringContaining('nginx')]);
  });
});

describe('what a service is told', () => {
  test('ALL-05 host, client, protocol and the number of the request', async () => {
    const { headers } = await seen(browser('198.51.100.200'), '/api/agents/health');
    expect(headers).toMatchObject({
      host: 'physics-assistant.example',
      'x-real-ip': '198.51.100.200',
      'x-forwarded-proto': 'https',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(headers['x-forwarded-for']).toBe('198.51.100.200');
  });

  test.each([
    ['the controller names it', '127.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['the controller stands behind a balancer', '127.0.0.1', '198.51.100.7, 10.244.0.9', '198.51.100.7'],
    ['the client forges a header before it', '127.0.0.1', '10.8.0.3, 198.51.100.7', '198.51.100.7'],
    ['somebody else than the controller names it', '127.0.0.2', '10.8.0.3', '127.0.0.2'],
  ])('ALL-05 the client address when %s', async (_when, from, forwarded, client) => {
    const { headers } = await seen({ port: edge.port, from, headers: { 'x-forwarded-for': forwarded } }, '/');
    expect([headers['x-real-ip'], headers['x-forwarded-for']]).toEqual([client, client]);
  });
});

describe('ALL-42 the administrators’ route', () => {
  test.each([
    ['an administrator', '127.0.0.1', '10.8.0.3', 200],
    ['a foreigner', '127.0.0.1', '203.0.113.9', 403],
    ['a foreigner who forges an address', '127.0.0.1', '10.8.0.3, 203.0.113.9', 403],
    ['a foreigner who forges a whole chain', '127.0.0.1', '10.8.0.3, 203.0.113.9, 10.244.0.5', 403],
    ['a neighbour who is not the controller', '127.0.0.2', '10.8.0.3', 403],
  ])('answers %s', async (_who, from, forwarded, status) => {
    const client = browser(forwarded, { ...monitoring, from });
    expect((await ask(client, '/flower/dashboard')).status).toBe(status);
  });

  test('does not exist on the public host', async () => {
    expect((await seen(browser('10.8.0.3'), '/flower')).pod).toMatch(/^streamlit-ui/);
  });
});

describe('ALL-03 plain HTTP', () => {
  test.each([
    [{}, '/api/agents/a?b=c', 'https://physics-assistant.example/api/agents/a?b=c'],
    [monitoring, '/flower', 'https://monitoring.physics-assistant.example/flower'],
  ])('is sent to HTTPS with host and path %#', async (host, path, location) => {
    const { status, headers } = await ask(somebody({ ...host, headers: { 'x-forwarded-proto': 'http' } }), path);
    expect([status, headers.location]).toEqual([308, location]);
    expect(headers).not.toHaveProperty('strict-transport-security');
  });
});

test('PHY-01 ALL-05 a websocket is opened and carries bytes both ways', async () => {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const request = begin(somebody({ headers }), '/_stcore/stream');
  request.end();
  const [response, socket] = (await once(request, 'upgrade')) as [{ statusCode: number; headers: object }, Socket];
  expect(response.statusCode).toBe(101);
  expect(response.headers).toHaveProperty('sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  socket.write('over and out');
  const [echo] = (await once(socket, 'data')) as [Buffer];
  expect(echo.toString()).toBe('over and out');
  socket.destroy();
});

test('ALL-05 long answers are compressed for those who can read it', async () => {
  const { headers } = await ask(somebody({ headers: { 'accept-encoding': 'gzip' } }), '/large');
  expect(headers['content-encoding']).toBe('gzip');
});

test('ALL-41 each line of the access log is JSON and names client, host, path and status', async () => {
  await ask(browser('198.51.100.243'), '/api/agents/missing?token=secret');
  const entry = await eventually(() =>
    edge
      .log()
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(({ client }) => client === '198.51.100.243'),
  );
  expect(entry).toMatchObject({ host: 'physics-assistant.example', path: '/api/agents/missing', status: 404 });
  expect(JSON.stringify(entry)).not.toContain('secret');
});
