import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { manifestsOf, ofKind, root, type Manifest } from '../support/manifests';
import { client, clientNamespace, request, startClient } from './client';
import { fileOf, kubectl, list, node, pause, ready, remove, requireCluster, variant } from './support';

jest.setTimeout(900_000);

const namespace = 'physics-assistant';

/** What the platform of production is, with the one difference that its own images do not exist yet. */
const folder = variant('production', (settings) => ({ ...settings, rehearsal: true }));
const objects = manifestsOf(folder);

const slipway = async (...args: string[]): Promise<string> => {
  const all = [join(root, 'ops', 'slipway.cjs'), ...args, '--env', 'production', '--dist', folder];
  return (await promisify(execFile)(process.execPath, all)).stdout;
};

beforeAll(async () => {
  await requireCluster({ nodes: 3, definitions: true });
  await remove(namespace);
  // Any order will do: what is missing is waited for, whoever applies. The namespace alone must come first.
  const [first, ...rest] = objects;
  await kubectl('apply', '--server-side', '-f', fileOf([first, ...rest.reverse()]));
  const keys = join(mkdtempSync(join(tmpdir(), 'slipway-keys-')), 'keys.env');
  writeFileSync(keys, `SMTP_PASSWORD=${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
  await slipway('secrets', 'generate', '--from-env-file', keys);
  await ready(namespace, 720);
  await startClient();
});
afterAll(async () => {
  await remove(namespace);
  await remove(clientNamespace);
});

test('ALL-09 production in rehearsal is ready, two pods of every service on two nodes', async () => {
  const pods = (await list('pods', namespace)).filter(
    ({ status }) => (status as { phase: string }).phase === 'Running',
  );
  for (const { metadata } of ofKind(objects, 'HorizontalPodAutoscaler')) {
    const own = pods.filter((pod) => pod.metadata.labels?.['app.kubernetes.io/name'] === metadata.name);
    const nodes = new Set(own.map(({ spec }) => (spec as { nodeName: string }).nodeName));
    expect([metadata.name, own.length >= 2, nodes.size >= 2]).toEqual([metadata.name, true, true]);
  }
});

test('ALL-50 the secrets that the command made pass its own check', async () => {
  expect(await slipway('secrets', 'check')).toContain('every secret is in place');
});

test('PHY-27 the Agents API reports every connection up', async () => {
  const ask = `fetch('http://127.0.0.1:8000/health').then(async (answer) => console.log(await answer.text()))`;
  const { status } = JSON.parse(await node(namespace, 'deployment/agents-api', ask)) as { status: string };
  expect(status).toBe('up');
});

const production = { platform: namespace };

test('ALL-03 plain requests are sent to HTTPS, others reach the platform', async () => {
  const host = 'physics-assistant.example';
  const plain = await request(host, '/lesson?n=1', { ...production, headers: { 'X-Forwarded-Proto': 'http' } });
  expect([plain.status, plain.headers.location]).toEqual([308, `https://${host}/lesson?n=1`]);
  const secure = await request(host, '/api/agents/health', {
    ...production,
    headers: { 'X-Forwarded-Proto': 'https' },
  });
  expect([secure.status, JSON.parse(secure.body).service]).toEqual([200, 'agents-api']);
});

test('PHY-01 a student stays with one Streamlit pod, and students spread over the pods', async () => {
  const visit = async (cookie?: string) => {
    const headers = { 'X-Forwarded-Proto': 'https', ...(cookie && { Cookie: cookie }) };
    const { body, headers: got } = await request('physics-assistant.example', '/', { ...production, headers });
    const given = [got['set-cookie']].flat()[0]?.split(';')[0];
    return { pod: (JSON.parse(body) as { pod: string }).pod, cookie: given ?? cookie };
  };
  // A name that was asked for too early is forgotten after half a minute: until then any pod serves, without a promise.
  await pause(40);
  const first = await Promise.all(Array.from({ length: 12 }, () => visit()));
  const again = await Promise.all(first.map(({ cookie }) => visit(cookie)));
  expect(again.map(({ pod }) => pod)).toEqual(first.map(({ pod }) => pod));
  expect(new Set(first.map(({ pod }) => pod)).size).toBeGreaterThan(1);
});

test('ALL-08 the autoscalers read CPU and memory of their pods', async () => {
  const active = async () =>
    (await list('hpa', namespace)).filter(({ status }) =>
      (status as { conditions?: { type: string; status: string }[] }).conditions?.some(
        (condition) => condition.type === 'ScalingActive' && condition.status === 'True',
      ),
    ).length;
  const deadline = Date.now() + 120_000;
  while ((await active()) < ofKind(objects, 'HorizontalPodAutoscaler').length && Date.now() < deadline) {
    await pause(5);
  }
  expect(await active()).toBe(ofKind(objects, 'HorizontalPodAutoscaler').length);
});

test('ALL-07 a node can be drained of a service without a lost request', async () => {
  const [pod] = (await list('pods', namespace)).filter(
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === 'react-dashboard',
  ) as Manifest[];
  const ask = `
    const seen = {};
    const round = setInterval(() => require('node:http').get('http://gateway.${namespace}.svc.cluster.local/dashboard/',
      { headers: { Host: 'physics-assistant.example', 'X-Forwarded-Proto': 'https' } },
      (answer) => { seen[answer.statusCode] = (seen[answer.statusCode] ?? 0) + 1; answer.resume(); })
      .on('error', (error) => (seen[error.code] = 1)), 50);
    setTimeout(() => { clearInterval(round); setTimeout(() => console.log(JSON.stringify(seen)), 1000); }, 30000);`;
  const answers = node(clientNamespace, client, ask);
  await kubectl('delete', 'pod', pod?.metadata.name ?? '', '-n', namespace);
  expect(Object.keys(JSON.parse(await answers) as object)).toEqual(['200']);
});
