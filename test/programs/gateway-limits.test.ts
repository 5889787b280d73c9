import { once } from 'node:events';
import { eventually } from '../rehearsal/support';
import { anyBrowser, browserAt, monitoring, ready, type More } from './edge/browser';
import { answerTo, ask, begin, type Client } from './edge/client';
import { startEdge, type Edge } from './edge/edge';

// nginx asks again for a name when its answer is a second old.

let edge: Edge;
beforeAll(async () => (edge = await startEdge().then(ready)));
afterAll(() => edge?.close());

/** A browser at this address, and one at an address of its own. */
const browser = (address: string) => browserAt(edge, address);
const somebody = (more?: More) => anyBrowser(edge, more);
const MiB = 1024 * 1024;

/** Many requests at once. */
const flood = (client: Client, requests: number) =>
  Promise.all(Array.from({ length: requests }, () => ask(client, '/api/agents/health')));

describe('ALL-04 security headers', () => {
  const headers = {
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin-when-cross-origin',
  };
  const flooded = async () => (await flood(somebody(), 40)).find(({ status }) => status === 429);
  const without = async (service: string, path: string) => {
    const before = edge.names.get(service) ?? [];
    edge.names.set(service, ['127.77.99.99']);
    try {
      return await eventually(async () => {
        const answer = await ask(somebody(), path);
        return answer.status === 502 ? answer : undefined;
      }, 15_000);
    } finally {
      edge.names.set(service, before);
      await eventually(async () => (await ask(somebody(), path)).status === 200, 15_000);
    }
  };

  test.each([
    [200, 'a page', () => ask(somebody(), '/')],
    [404, 'what a service does not have', () => ask(somebody(), '/api/agents/missing')],
    [404, 'what the gateway hides', () => ask(somebody(), '/api/agents/docs')],
    [404, 'a foreign host', () => ask(somebody({ host: 'elsewhere.example' }), '/')],
    [403, 'a refused address', () => ask(somebody(monitoring), '/flower')],
    [429, 'one request too many', flooded],
    [502, 'a service that is down', () => without('react-dashboard', '/dashboard')],
  ])('are on %i: %s', async (status, _what, request) => {
    expect(await request()).toMatchObject({ status, headers });
  });
});

describe('ALL-05 limits', () => {
  test('10 requests a second with a burst of 20: of 60 at once about 21 pass, and nobody else is held up', async () => {
    const began = Date.now();
    const [answers, other] = await Promise.all([flood(browser('198.51.100.240'), 60), ask(somebody(), '/api/agents/')]);
    const passed = answers.filter(({ status }) => status === 200).length;
    expect(passed).toBeGreaterThanOrEqual(21);
    // One more for each 100 ms that a slow machine takes.
    expect(passed).toBeLessThanOrEqual(21 + Math.ceil((Date.now() - began) / 100));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(60 - passed);
    expect(other.status).toBe(200);
  });

  test('the three APIs share the figure of one client', async () => {
    const client = browser('198.51.100.241');
    await flood(client, 40);
    expect((await ask(client, '/api/database/')).status).toBe(429);
  });

  test('pages are not limited', async () => {
    const client = browser('198.51.100.242');
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(client, '/')));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });

  test('a body over 100 MB is refused before it is sent', async () => {
    const request = begin(somebody({ method: 'POST', headers: { 'content-length': `${100 * MiB + 1}` } }), '/upload');
    const answer = answerTo(request);
    request.flushHeaders();
    expect((await answer).status).toBe(413);
    request.destroy();
  });

  test('100 MB stream to the service and touch no disk', async () => {
    const client = somebody({ method: 'POST', headers: { 'content-length': `${100 * MiB}` } });
    const request = begin(client, '/api/agents/upload');
    const answer = answerTo(request);
    const pod = edge.pods.get('agents-api');
    const before = pod?.received() ?? 0;
    const chunk = Buffer.alloc(MiB);
    request.write(chunk);
    // The service has the beginning while the client still holds the rest.
    await eventually(() => (pod?.received() ?? 0) > before);
    for (let sent = 1; sent < 100; sent++) if (!request.write(chunk)) await once(request, 'drain');
    expect(edge.spilled()).toEqual([]);
    request.end();
    expect(JSON.parse((await answer).body)).toMatchObject({ bytes: 100 * MiB });
    expect(edge.spilled()).toEqual([]);
  });
});
