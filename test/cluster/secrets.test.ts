import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Session } from '../ops/session';

const namespace = `slipway-secrets-${randomBytes(4).toString('hex')}`;
const fixture = join(__dirname, '..', 'ops', 'fixtures', 'dist', 'physics-assistant.k8s.yaml');
const folder = mkdtempSync(join(tmpdir(), 'slipway-'));
const dist = join(folder, 'dist');
const admin = process.env['KUBECONFIG'] ?? '';
let session: Session;

async function kubectl(...args: string[]): Promise<string> {
  return (await promisify(execFile)('kubectl', args)).stdout;
}
const secrets = (command: string, kubeconfig = admin) =>
  session.run({ args: ['secrets', command, '--dist', dist], kubeconfig });
const dataOf = async (name: string): Promise<Record<string, string>> =>
  JSON.parse(await kubectl('get', 'secret', name, '-n', namespace, '-o', 'jsonpath={.data}')) as Record<string, string>;
const clear = () => kubectl('delete', 'secrets', '--all', '-n', namespace);

beforeAll(async () => {
  if (!admin) throw new Error('expected KUBECONFIG to name a cluster, got nothing: export KUBECONFIG=<file>');
  await kubectl('version').catch(() => {
    throw new Error(`expected kubectl on PATH and a cluster behind ${admin}, got none: extend PATH, start the cluster`);
  });
  mkdirSync(dist);
  const manifests = readFileSync(fixture, 'utf8').replace(/(name|namespace): physics-assistant$/gm, `$1: ${namespace}`);
  writeFileSync(join(dist, 'physics-assistant.k8s.yaml'), manifests);
  session = new Session();
});
afterAll(async () => {
  session?.stop();
  if (admin) await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false');
});

test('a namespace is asked for, then comes with the manifests', async () => {
  expect(await secrets('generate')).toMatchObject({
    exitCode: 1,
    stderr: `expected namespace ${namespace}, got none: apply dist first (kubectl apply -f ${dist})`,
  });
  await kubectl('apply', '-f', dist);
});

test('ALL-50 generate creates what is missing, and a second run keeps it byte for byte', async () => {
  expect(await secrets('generate')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('created') });
  const first = [await dataOf('application'), await dataOf('postgres-agents-api')];
  expect(first).toEqual([
    { JWT_SECRET: expect.any(String), ENCRYPTION_KEY: expect.any(String) },
    { password: expect.any(String) },
  ]);
  expect(await secrets('generate')).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('created') });
  expect([await dataOf('application'), await dataOf('postgres-agents-api')]).toEqual(first);
  expect(await secrets('check')).toMatchObject({ exitCode: 0, stdout: 'every secret is in place (3)' });
});

test('ALL-50 runs at the same time end with one value each, and only one of them says "created"', async () => {
  // Three rounds from nothing (who creates?) and three from a Secret that lacks keys (who adds?).
  for (const round of ['nothing', 'part', 'nothing', 'part', 'nothing', 'part']) {
    await clear();
    if (round === 'part') {
      await kubectl('create', 'secret', 'generic', 'application', '-n', namespace, '--from-literal=OTHER=kept');
    }
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => secrets('generate')));
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const lines = outcomes.flatMap(({ stdout }) => stdout.split('\n'));
    for (const key of ['JWT_SECRET', 'ENCRYPTION_KEY']) {
      expect(lines.filter((line) => line === `created ${namespace}/application ${key}`)).toHaveLength(1);
      expect(lines.filter((line) => line === `kept    ${namespace}/application ${key}`)).toHaveLength(3);
    }
    const keys = round === 'part' ? ['ENCRYPTION_KEY', 'JWT_SECRET', 'OTHER'] : ['ENCRYPTION_KEY', 'JWT_SECRET'];
    expect(Object.keys(await dataOf('application')).sort()).toEqual(keys);
  }
});

test('ALL-02 check finds a placeholder and a short value that were made by hand', async () => {
  await clear();
  await secrets('generate');
  await kubectl('delete', 'secret', 'application', '-n', namespace);
  const literals = [
    '--from-literal=JWT_SECRET=your_jwt_secret_key_32_chars_minimum',
    '--from-literal=ENCRYPTION_KEY=6b1f',
  ];
  await kubectl('create', 'secret', 'generic', 'application', '-n', namespace, ...literals);
  const { exitCode, stdout } = await secrets('check');
  expect(exitCode).toBe(1);
  expect(stdout.split('\n')).toEqual([
    `expected \`JWT_SECRET\` of ${namespace}/application to be a secret, got a placeholder (needed by agents-api, dashboard-api)`,
    `expected \`ENCRYPTION_KEY\` of ${namespace}/application to be exactly 32 characters, got 4 (needed by agents-api)`,
  ]);
});

/** A kubeconfig for a ServiceAccount that may do these things to Secrets. */
async function kubeconfigFor(account: string, ...verbs: string[]): Promise<string> {
  const path = join(folder, account);
  await kubectl('create', 'serviceaccount', account, '-n', namespace);
  if (verbs.length > 0) {
    await kubectl('create', 'role', account, '-n', namespace, `--verb=${verbs.join(',')}`, '--resource=secrets');
    const subject = `--serviceaccount=${namespace}:${account}`;
    await kubectl('create', 'rolebinding', account, '-n', namespace, `--role=${account}`, subject);
  }
  const token = (await kubectl('create', 'token', account, '-n', namespace)).trim();
  const config = JSON.parse(await kubectl('config', 'view', '--minify', '--flatten', '--raw', '-o', 'json'));
  config.users = [{ name: account, user: { token } }];
  config.contexts = [{ name: account, context: { cluster: config.clusters[0].name, user: account } }];
  config['current-context'] = account;
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

test.each([
  ['nobody', [], 'get'],
  ['reader', ['get'], 'create'],
])(
  'an account without permission is told what it lacks: %s',
  async (account, verbs, lacking) => {
    await clear();
    const { exitCode, stderr } = await secrets('generate', await kubeconfigFor(account, ...verbs));
    expect(exitCode).toBe(77);
    expect(stderr.split('\n').at(-1)).toBe(
      `expected permission to ${lacking} secrets in namespace ${namespace} (context ${account}), got 403 Forbidden: ` +
        `ask for a role that allows it, then see kubectl auth can-i ${lacking} secrets -n ${namespace}`,
    );
  },
  30_000,
);

test('ALL-50 an account that may only get, create and patch secrets is enough', async () => {
  await clear();
  expect(await secrets('generate', await kubeconfigFor('filler', 'get', 'create', 'patch'))).toMatchObject({
    exitCode: 0,
  });
});
