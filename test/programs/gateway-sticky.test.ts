import { eventually } from '../rehearsal/support';
import { answerTo, ask, begin, type Client } from './edge/client';
import { startEdge, type Edge } from './edge/edge';
import type { Seen } from './edge/upstreams';

// nginx asks again for a name when its answer is a second old.

const edges: Edge[] = [];
afterEach(() => Promise.all(edges.splice(0).map((edge) => edge.close())));

const start = async (missing: readonly string[] = [], beside?: Edge): Promise<Edge> => {
  const edge = await startEdge(missing, beside);
  edges.push(edge);
  return edge;
};

/** One request of a browser: which pod answered, and the cookies it has afterwards. */
async function visit({ port }: Edge, cookie = '', more: Omit<Client, 'port'> = {}) {
  const { status, headers, body } = await ask({ port, ...more, headers: { ...(cookie && { cookie }) } }, '/page?q=1');
  const given = headers['set-cookie']?.[0]?.split(';')[0];
  const request = (body.startsWith('{') ? JSON.parse(body) : {}) as Partial<Seen>;
  return { status, headers, request, pod: request.pod ?? '', cookie: given ?? cookie };
}
const until = (edge: Edge, pod: RegExp) => eventually(async () => pod.test((await visit(edge)).pod), 15_000);
const manyVisits = (edge: Edge, cookie: string) => Promise.all(Array.from({ length: 21 }, () => visit(edge, cookie)));
const podsOf = (visits: readonly { pod: string }[]) => [...new Set(visits.map(({ pod }) => pod))].sort();

describe('PHY-01 Streamlit keeps sessions in its process', () => {
  test('a browser stays with one of two pods, and browsers are spread over both', async () => {
    const edge = await start();
    await until(edge, /streamlit-ui-pods-/);
    const browsers = [await visit(edge), await visit(edge), await visit(edge)];
    expect(podsOf(browsers)).toEqual(['streamlit-ui-pods-0', 'streamlit-ui-pods-1']);
    for (const { pod, cookie } of browsers) expect(podsOf(await manyVisits(edge, cookie))).toEqual([pod]);
  });

  test('also at another pod of the gateway that heard of the pods in another order', async () => {
    const one = await start();
    const other = await start(['streamlit-ui-pods'], one);
    other.names.set('streamlit-ui-pods', [...(one.names.get('streamlit-ui-pods') ?? [])].reverse());
    await Promise.all([one, other].map((edge) => until(edge, /streamlit-ui-pods-/)));
    for (const { pod, cookie } of [await visit(one), await visit(one)]) {
      expect(podsOf(await manyVisits(other, cookie))).toEqual([pod]);
    }
  });

  test('a browser moves when its pod goes, and stays there', async () => {
    const edge = await start();
    await until(edge, /streamlit-ui-pods-/);
    const before = await eventually(async () => {
      const first = await visit(edge);
      return first.pod === 'streamlit-ui-pods-0' ? first : undefined;
    });
    edge.pods.get('streamlit-ui-pods-0')?.close();
    const after = await visit(edge, before.cookie);
    expect([after.status, after.pod]).toEqual([200, 'streamlit-ui-pods-1']);
    expect(podsOf(await manyVisits(edge, after.cookie))).toEqual(['streamlit-ui-pods-1']);
  });

  test('the cookie ends with the browser, is hidden from scripts and says nothing about the client', async () => {
    const edge = await start();
    await until(edge, /streamlit-ui-pods-/);
    const { headers } = await visit(edge);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^streamlit-ui-pod=[0-9a-f]{32}; httponly; secure; samesite=lax; path=\/$/),
    ]);
  });
});

describe('ALL-09 while no pod has a name, the service’s own address answers', () => {
  test('from the start, and the pods take over when their names appear', async () => {
    const edge = await start(['streamlit-ui-pods']);
    await until(edge, /^streamlit-ui$/);
    const early = await visit(edge);
    edge.names.set('streamlit-ui-pods', ['127.77.1.1']);
    await until(edge, /streamlit-ui-pods-0/);
    expect((await visit(edge, early.cookie)).pod).toBe('streamlit-ui-pods-0');
  });

  test.each([
    ['disappear', (edge: Edge) => edge.names.delete('streamlit-ui-pods')],
    ['are empty', (edge: Edge) => edge.names.set('streamlit-ui-pods', [])],
    ['lead to pods that are gone', (edge: Edge) => edge.names.set('streamlit-ui-pods', ['127.77.99.1'])],
  ])('when the names %s', async (_when, change) => {
    const edge = await start();
    await until(edge, /streamlit-ui-pods-/);
    const { cookie } = await visit(edge);
    change(edge);
    await until(edge, /^streamlit-ui$/);
    const { request } = await visit(edge, cookie, { method: 'POST', body: 'hello' });
    expect(request).toMatchObject({ pod: 'streamlit-ui', method: 'POST', url: '/page?q=1', bytes: 5 });
  });

  test.each([
    ['have no name', undefined],
    ['do not answer', ['127.77.99.1']],
  ])('to an upload too, whole, when the pods %s', async (_when, addresses) => {
    const edge = await start(['streamlit-ui-pods']);
    if (addresses) edge.names.set('streamlit-ui-pods', addresses);
    await until(edge, /^streamlit-ui$/);
    const bytes = 3_000_000;
    const request = begin({ port: edge.port, method: 'PUT', headers: { 'content-length': `${bytes}` } }, '/upload');
    const answer = answerTo(request);
    request.end(Buffer.alloc(bytes));
    expect(JSON.parse((await answer).body)).toMatchObject({ pod: 'streamlit-ui', bytes });
    expect(edge.spilled()).toEqual([]);
  });

  test('when both are missing the answer is 502, with the security headers', async () => {
    const edge = await start(['streamlit-ui-pods', 'streamlit-ui']);
    expect(await visit(edge)).toMatchObject({ status: 502, headers: { 'x-frame-options': 'DENY' } });
  });
});
