import { manifestsOf, type Manifest } from '../support/manifests';
import { client, clientNamespace, startClient } from './client';
import { fileOf, json, kubectl, list, node, pause, ready, remove, requireCluster, variant } from './support';

jest.setTimeout(600_000);

const namespace = 'physics-assistant-development';

/** The development environment with another version of the image that migrates. */
const release = (version: string): Manifest[] =>
  manifestsOf(
    variant('development', (settings) => ({
      ...settings,
      physicsAssistant: {
        ...settings.physicsAssistant,
        images: { ...settings.physicsAssistant.images, 'database-api': version },
      },
    })),
  );
const apply = (objects: readonly Manifest[]) => kubectl('apply', '-f', fileOf(objects));

const isMigration = ({ kind, metadata }: Manifest) => kind === 'Job' && metadata.name.startsWith('database-migration-');
const migrationOf = (objects: readonly Manifest[]) => objects.find(isMigration)?.metadata.name ?? '';

/** The same release with a migration that fails after half of its work. */
const failing = (objects: readonly Manifest[]): Manifest[] =>
  objects.map((object) => {
    if (!isMigration(object)) return object;
    const copy = structuredClone(object);
    copy.spec.backoffLimit = 0;
    const migrate = copy.spec.template.spec.initContainers.find(({ name }: { name: string }) => name === 'migrate');
    migrate.env.push({ name: 'REHEARSAL_MIGRATION_SQL', value: 'create table half (id int); select 1 / 0' });
    return copy;
  });

const sql = (text: string) =>
  kubectl(
    ...['exec', '-n', namespace, 'postgres-0', '-c', 'server', '--'],
    ...['psql', '-XAtq', '-U', 'postgres', '-d', 'physics_assistant', '-c', text],
  );

const podsOf = async (name: string) =>
  (await list('pods', namespace)).filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === name);
const isServing = ({ status }: Manifest) =>
  (status as { conditions?: { type: string; status: string }[] }).conditions?.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );

/** Asks through the gateway ten times a second until it is stopped; prints the statuses that were not 200. */
const askAlways = `
  const seen = {};
  const url = 'http://gateway.${namespace}.svc.cluster.local/dashboard/';
  const round = setInterval(() => {
    require('node:http').get(url, { headers: { Host: 'localhost' } }, (answer) => {
      seen[answer.statusCode] = (seen[answer.statusCode] ?? 0) + 1;
      answer.resume();
    }).on('error', (error) => (seen[error.code] = (seen[error.code] ?? 0) + 1));
  }, 100);
  setTimeout(() => { clearInterval(round); setTimeout(() => console.log(JSON.stringify(seen)), 1000); }, Number(process.argv[1]) * 1000);
`;

beforeAll(async () => {
  await requireCluster();
  await remove(namespace);
  await apply(release('1.0.0'));
  await ready(namespace, 420);
  await startClient();
});
afterAll(async () => {
  await remove(namespace);
  await remove(clientNamespace);
});

test('ALL-27 a release migrates once, however often it is applied', async () => {
  const before = await json<Manifest>('get', 'job', migrationOf(release('1.0.0')), '-n', namespace);
  await apply(release('1.0.0'));
  await pause(5);
  const after = await json<Manifest>('get', 'job', migrationOf(release('1.0.0')), '-n', namespace);
  expect((after.metadata as { uid?: string }).uid).toBe((before.metadata as { uid?: string }).uid);
  expect((await list('jobs', namespace)).filter(isMigration)).toHaveLength(1);
  expect(await sql('select count(*) from slipway.releases')).toBe('1');
});

describe('a migration that fails in the middle', () => {
  const next = release('1.1.0');
  const job = migrationOf(next);
  let old: string[];

  beforeAll(async () => {
    old = (await podsOf('database-api')).map(({ metadata }) => metadata.name);
    await apply(failing(next));
    await kubectl('wait', '--for=condition=Failed', `job/${job}`, '-n', namespace, '--timeout=180s');
  });

  test('ALL-27 leaves the old version serving, and the new one waiting', async () => {
    const answers = JSON.parse(await node(clientNamespace, client, askAlways, '10')) as Record<string, number>;
    expect(Object.keys(answers)).toEqual(['200']);
    for (const name of ['agents-api', 'database-api', 'dashboard-api', 'ml-engine', 'task-processor']) {
      const pods = await podsOf(name);
      expect([name, pods.length, pods.filter(isServing).length]).toEqual([name, 2, 1]);
    }
    expect((await podsOf('database-api')).filter(isServing).map(({ metadata }) => metadata.name)).toEqual(old);
  });

  test('ALL-27 leaves nothing of itself in the database', async () => {
    expect(await sql("select count(*) from pg_tables where tablename = 'half'")).toBe('0');
    expect(await sql('select count(*) from slipway.releases')).toBe('1');
  });

  test('ALL-27 says so: in the log of the migration, and in that of the pods that wait', async () => {
    const migration = await kubectl('logs', `job/${job}`, '-c', 'migrate', '-n', namespace);
    expect(migration).toContain('release 1.1.0 was rolled back: division by zero');
    const [waiting] = (await podsOf('database-api')).filter((pod) => !isServing(pod));
    const log = await kubectl('logs', waiting?.metadata.name ?? '', '-c', 'await-release', '--tail=1', '-n', namespace);
    expect(log).toContain('the old version serves until it is in the database');
    expect(log).toContain(`kubectl -n ${namespace} logs job/${job} --all-containers`);
  });

  test('ALL-27 once mended, the release goes out without a lost request', async () => {
    await kubectl('delete', 'job', job, '-n', namespace);
    const answers = node(clientNamespace, client, askAlways, '60');
    await apply(next);
    await ready(namespace, 240);
    expect(Object.keys(JSON.parse(await answers) as object)).toEqual(['200']);
    expect(await sql('select count(*) from slipway.releases')).toBe('2');
    expect((await podsOf('database-api')).map(({ metadata }) => metadata.name)).not.toEqual(old);
  });

  test('ALL-27 the version before can be applied again: its release is in the database', async () => {
    await apply(release('1.0.0'));
    await ready(namespace, 240);
    expect(await sql('select count(*) from slipway.releases')).toBe('2');
  });
});
