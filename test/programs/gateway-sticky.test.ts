import { eventually } from '../rehearsal/support';
import { ask, seen, type Client } from './edge/client';
import { startEdge, type Edge } from './edge/edge';

let edge: Edge;
afterEach(() => edge?.close());

const browser = (address: string, more: Omit<Client, 'port' | 'headers'> = {}): Client => ({
  port: edge.port,
  ...more,
  headers: { 'x-forwarded-for': address },
});
const podOf = async (address: string) => (await seen(browser(address), '/')).pod;
const addresses = Array.from({ length: 40 }, (_, index) => `198.51.100.${index}`);
const until = (pod: RegExp) =>
  eventually(async () => {
    const { status, body } = await ask(browser('198.51.100.1'), '/');
    return status === 200 && pod.test(body);
  });

describe('PHY-01 Streamlit keeps sessions in its process', () => {
  test('a client address stays with one of two pods, and clients are spread over both', async () => {
    edge = await startEdge();
    await until(/streamlit-ui-pods-/);
    const first = await Promise.all(addresses.map(podOf));
    expect(new Set(first)).toEqual(new Set(['streamlit-ui-pods-0', 'streamlit-ui-pods-1']));
    for (let again = 0; again < 5; again++) expect(await Promise.all(addresses.map(podOf))).toEqual(first);
  });

  test('clients of the pod that remains keep it when the other goes', async () => {
    edge = await startEdge();
    await until(/streamlit-ui-pods-/);
    const before = await Promise.all(addresses.map(podOf));
    edge.names.set('streamlit-ui-pods', (edge.names.get('streamlit-ui-pods') ?? []).slice(1));
    await eventually(async () => new Set(await Promise.all(addresses.map(podOf))).size === 1);
    expect(before).toContain('streamlit-ui-pods-1');
    expect(new Set(await Promise.all(addresses.map(podOf)))).toEqual(new Set(['streamlit-ui-pods-1']));
  });
});

describe('ALL-09 while no pod has a name, the service’s own address answers', () => {
  const page = (body: string) => seen(browser('198.51.100.1', { method: 'POST', body }), '/any/path?q=1');
  const fromTheService = { pod: 'streamlit-ui', method: 'POST', url: '/any/path?q=1' };

  test('from the start, and the pods take over when their names appear', async () => {
    edge = await startEdge(['streamlit-ui-pods']);
    await until(/"streamlit-ui"/);
    expect(await page('hello')).toMatchObject({ ...fromTheService, bytes: 5 });
    edge.names.set('streamlit-ui-pods', [`127.77.1.1`]);
    await until(/streamlit-ui-pods-0/);
  });

  test.each([
    ['disappear', () => edge.names.delete('streamlit-ui-pods')],
    ['are empty', () => edge.names.set('streamlit-ui-pods', [])],
    ['lead to pods that are gone', () => edge.names.set('streamlit-ui-pods', ['127.77.99.1', '127.77.99.2'])],
  ])('when the names %s', async (_when, change) => {
    edge = await startEdge();
    await until(/streamlit-ui-pods-/);
    change();
    await until(/"streamlit-ui"/);
    expect(await page('hello')).toMatchObject({ ...fromTheService, bytes: 5 });
  });

  test('a large body arrives whole', async () => {
    edge = await startEdge(['streamlit-ui-pods']);
    await until(/"streamlit-ui"/);
    expect(await page('x'.repeat(3_000_000))).toMatchObject({ ...fromTheService, bytes: 3_000_000 });
  });

  test('when both are missing the answer is 502, with the security headers', async () => {
    edge = await startEdge(['streamlit-ui-pods', 'streamlit-ui']);
    const { status, headers } = await ask(browser('198.51.100.1'), '/');
    expect([status, headers['x-frame-options']]).toEqual([502, 'DENY']);
  });
});
