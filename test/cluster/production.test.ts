import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificates } from '../faults/authority';
import { manifestsOf, ofKind, type Manifest } from '../support/manifests';
import { request, startAsking, startClient } from './client';
import { developmentDown } from './development';
import { productions } from './productions';
import {
  fileOf,
  kubectl,
  list,
  node,
  pause,
  podsNamed,
  ready,
  remove,
  requireCluster,
  running,
  slipway,
  variant,
} from './support';

jest.setTimeout(900_000);

const byHttps = { 'X-Forwarded-Proto': 'https' };

/** What a reader saw: its first row, how many answers, the longest time between two in milliseconds, what went wrong. */
interface Reading {
  readonly first: readonly string[];
  readonly answers: number;
  readonly longest: number;
  readonly failures: readonly string[];
}

/** Reads for some milliseconds, at least once, ten times a second. */
const readAlways = `
  const { Postgres } = require('/rehearsal/postgres.js');
  const [variable, milliseconds] = process.argv.slice(1);
  const seen = { first: [], answers: 0, longest: 0, failures: [] };
  (async () => {
    const postgres = await Postgres.connect({ url: process.env[variable] });
    const end = Date.now() + Number(milliseconds);
    let last = Date.now();
    do {
      await postgres.query('select pg_is_in_recovery(), session_user, current_user').then(
        ([row]) => { seen.answers += 1; if (seen.answers === 1) seen.first = row; },
        (error) => seen.failures.push(String(error)),
      );
      seen.longest = Math.max(seen.longest, Date.now() - last);
      last = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (Date.now() < end);
    postgres.close();
  })().catch((error) => seen.failures.push(String(error))).finally(() => console.log(JSON.stringify(seen)));
`;

beforeAll(async () => {
  await requireCluster({ nodes: 3, definitions: true });
  // Production asks for most of what three small nodes have.
  await developmentDown();
  await startClient();
});

describe.each(productions)('production of $platform', (production) => {
  const { platform: namespace, host, health, drained } = production;
  /** What production is, with the difference that its own images do not exist yet. */
  const folder = variant('production', (settings) => ({ ...production.change(settings), rehearsal: true }), [
    production.platform,
  ]);
  const objects = manifestsOf(folder);
  const scaled = ofKind(objects, 'HorizontalPodAutoscaler');

  const secrets = async (...args: string[]): Promise<string> =>
    (await slipway('secrets', ...args, '--env', 'production', '--dist', folder)).stdout;

  let raised: number;
  beforeAll(async () => {
    await remove(namespace);
    // Any order will do: what is missing is waited for, whoever applies. The namespace alone must come first.
    const [first, ...rest] = objects;
    await kubectl('apply', '--server-side', '-f', fileOf([first, ...rest.reverse()]));
    const keys = join(mkdtempSync(join(tmpdir(), 'slipway-keys-')), 'keys.env');
    const lines = production.provided.map((name) => `${name}=${randomBytes(16).toString('hex')}\n`);
    writeFileSync(keys, lines.join(''), { mode: 0o600 });
    await secrets('generate', '--from-env-file', keys);
    // cert-manager's part: what its Certificates ask for.
    await kubectl('apply', '-f', fileOf(await certificates(namespace, ofKind(objects, 'Certificate'))));
    await ready(namespace, 720);
    raised = Date.now();
  });
  afterAll(() => remove(namespace));

  test('ALL-09 it is ready in rehearsal, two pods of every scaled service on two nodes', async () => {
    const pods = await running(namespace);
    expect(scaled).not.toEqual([]);
    const together = scaled.map(({ metadata: { name } }) => {
      const own = pods.filter((pod) => pod.metadata.labels?.['app.kubernetes.io/name'] === name);
      expect([name, own.length >= 2]).toEqual([name, true]);
      const nodes = new Set(own.map(({ spec }) => (spec as { nodeName: string }).nodeName));
      return nodes.size < 2 ? [name] : [];
    });
    // It is a preference: the three small nodes are nearly full, and the last one to come may find room on one alone.
    expect(together.flat().length).toBeLessThanOrEqual(1);
  });

  test('ALL-50 the secrets that the command made pass its own check', async () => {
    expect(await secrets('check')).toContain('every secret is in place');
  });

  test(`ALL-07 ${health.service} reports every connection up`, async () => {
    const url = `http://127.0.0.1:${health.port}/health`;
    const ask = `fetch('${url}').then(async (answer) => console.log(await answer.text()))`;
    const { status } = JSON.parse(await node(namespace, `deployment/${health.service}`, ask)) as { status: string };
    expect(status).toBe('up');
  });

  test('ALL-03 plain requests are sent to HTTPS, others reach the platform', async () => {
    const plain = await request(namespace, host, '/lesson?n=1', { 'X-Forwarded-Proto': 'http' });
    expect([plain.status, plain.headers.location]).toEqual([308, `https://${host}/lesson?n=1`]);
    const secure = await request(namespace, host, health.path, byHttps);
    expect([secure.status, JSON.parse(secure.body).service]).toEqual([200, health.service]);
  });

  if (production.reads) {
    const { service, url } = production.reads;
    const read = async (milliseconds: number) =>
      JSON.parse(await node(namespace, `deployment/${service}`, readAlways, url, `${milliseconds}`)) as Reading;

    test(`GOV-04 ${service} reads from a replica, as somebody who cannot write, and notices no failover`, async () => {
      expect(await read(0)).toMatchObject({ first: ['t', 'backend_reads', 'read_only'], failures: [] });
      const before = await primary(namespace);
      const reading = read(20_000);
      await pause(3);
      await kubectl('delete', 'pod', `${before}`, '-n', namespace, '--wait=false');
      const { failures, answers, longest } = await reading;
      expect(failures).toEqual([]);
      expect(answers).toBeGreaterThan(100);
      expect(longest).toBeLessThan(2000);
      expect(await primary(namespace)).not.toBe(before);
    });
  }

  test('ALL-08 the autoscalers read CPU and memory of their pods', async () => {
    const deadline = Date.now() + 120_000;
    while ((await activeScalers(namespace)) < scaled.length && Date.now() < deadline) await pause(5);
    expect(await activeScalers(namespace)).toBe(scaled.length);
  });

  test('ALL-07 a node can be drained of a service without a lost request', async () => {
    const [pod] = await podsNamed(drained.service, namespace);
    const stop = startAsking([{ namespace, host, path: drained.path, headers: byHttps }]);
    await kubectl('delete', 'pod', pod?.metadata.name ?? '', '-n', namespace);
    await pause(20);
    expect((await stop()).map((seen) => Object.keys(seen))).toEqual([['200']]);
  });

  if (production.sticky) {
    const page = production.sticky;
    test('PHY-01 a student stays with one Streamlit pod, and students spread over the pods', async () => {
      const visit = async (cookie?: string) => {
        const headers = { ...byHttps, ...(cookie && { Cookie: cookie }) };
        const { body, headers: got } = await request(namespace, host, page, headers);
        const given = [got['set-cookie']].flat()[0]?.split(';')[0];
        return { pod: (JSON.parse(body) as { pod: string }).pod, cookie: given ?? cookie };
      };
      // A name that was asked for too early is forgotten after half a minute: until then any pod serves, without a promise.
      await pause(Math.max(0, 40 - (Date.now() - raised) / 1000));
      const first = await Promise.all(Array.from({ length: 12 }, () => visit()));
      const again = await Promise.all(first.map(({ cookie }) => visit(cookie)));
      expect(again.map(({ pod }) => pod)).toEqual(first.map(({ pod }) => pod));
      expect(new Set(first.map(({ pod }) => pod)).size).toBeGreaterThan(1);
    });
  }
});

const primary = async (namespace: string): Promise<string | undefined> =>
  (await list('pods', namespace)).find(({ metadata }) => metadata.labels?.['slipway.dev/role'] === 'primary')?.metadata
    .name;

const activeScalers = async (namespace: string): Promise<number> =>
  (await list('hpa', namespace)).filter(({ status }: Manifest) =>
    (status as { conditions?: { type: string; status: string }[] }).conditions?.some(
      (condition) => condition.type === 'ScalingActive' && condition.status === 'True',
    ),
  ).length;
