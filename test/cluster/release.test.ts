import { apply } from '../faults/kube';
import { folders, manifestsOf, type Manifest } from '../support/manifests';
import { startAsking } from './client';
import { developmentUp, places, sql } from './development';
import { platforms } from './platforms';
import { failing, fingerprintOf, migrationOf, releaseOf } from './releases';
import { applyAgain, json, kubectl, pause, podsNamed, isServing, ready } from './support';

jest.setTimeout(900_000);

const committed = manifestsOf(folders.development);
const next = releaseOf('1.1.0');
const allReady = () => Promise.all(places.map(({ namespace }) => ready(namespace, 400)));
const pages = places.map(({ platform, namespace }) => ({ namespace, ...platforms[platform].release.page }));

/** All platforms go through a release side by side; each step is looked at in every one of them. */
const migrations = places.map(({ platform, namespace }) => ({
  platform,
  namespace,
  ...platforms[platform].release,
  first: migrationOf(committed, namespace),
  job: migrationOf(next, namespace),
}));
type Migration = (typeof migrations)[number];

const releases = ({ platform }: Migration) => sql(platform, 'select release from slipway.releases order by 1');
const namesOf = (pods: readonly Manifest[]) => pods.map(({ metadata }) => metadata.name).sort();
const waiting = async ({ namespace, waits }: Migration) =>
  (await Promise.all(waits.map((name) => podsNamed(name, namespace)))).flat();

/** Asks every platform until the work is done; gives what each answered. */
async function whileAsked(work: () => Promise<unknown>): Promise<Record<string, number>[]> {
  const stop = startAsking(pages);
  await work().finally(() => pause(2));
  return stop();
}

beforeAll(async () => {
  await developmentUp();
  // What an earlier round left would count as done.
  for (const migration of migrations) {
    const [first, job] = [migration.first, migration.job].map(fingerprintOf);
    await sql(migration.platform, `delete from slipway.releases where release <> '${first}'`);
    expect(job).not.toBe(first);
  }
});

test('ALL-27 every platform migrates once, however often it is applied', async () => {
  const uid = async ({ first, namespace }: Migration) =>
    (await json<{ metadata: { uid: string } }>('get', 'job', first, '-n', namespace)).metadata.uid;
  const before = await Promise.all(migrations.map(uid));
  await applyAgain(folders.development);
  expect(await Promise.all(migrations.map(uid))).toEqual(before);
  for (const migration of migrations) expect(await releases(migration)).toBe(fingerprintOf(migration.first));
});

describe('migrations that fail in the middle', () => {
  const old = new Map<string, string[]>();
  let answers: Record<string, number>[];

  beforeAll(async () => {
    for (const migration of migrations) old.set(migration.platform, namesOf(await waiting(migration)));
    answers = await whileAsked(async () => {
      await apply(failing(next));
      await Promise.all(
        migrations.map(({ job, namespace }) =>
          kubectl('wait', '--for=condition=Failed', `job/${job}`, '-n', namespace, '--timeout=240s'),
        ),
      );
    });
  });

  test.each(migrations)('ALL-27 $platform: the old version serves, the new one waits', async (migration) => {
    expect(Object.keys(answers[migrations.indexOf(migration)] ?? {})).toEqual(['200']);
    const pods = await waiting(migration);
    expect(namesOf(pods.filter(isServing))).toEqual(old.get(migration.platform));
    expect(pods).toHaveLength(2 * migration.waits.length);
  });

  test.each(migrations)('ALL-27 $platform: nothing of it is left in the database', async (migration) => {
    expect(await sql(migration.platform, "select count(*) from pg_tables where tablename = 'half'")).toBe('0');
    expect(await releases(migration)).toBe(fingerprintOf(migration.first));
  });

  test.each(migrations)('ALL-27 $platform: the logs of the migration and of who waits say so', async (migration) => {
    const { namespace, job, failure } = migration;
    expect(await kubectl('logs', `job/${job}`, '-c', failure.container, '-n', namespace)).toContain(failure.text);
    const [pod] = (await waiting(migration)).filter((candidate) => !isServing(candidate));
    const log = await kubectl('logs', pod?.metadata.name ?? '', '-c', 'await-release', '--tail=1', '-n', namespace);
    expect(log).toContain('the old version serves until it is in the database');
    expect(log).toContain(`kubectl -n ${namespace} logs job/${job} --all-containers`);
  });

  test('ALL-27 once mended, every release goes out without a lost request', async () => {
    await Promise.all(migrations.map(({ job, namespace }) => kubectl('delete', 'job', job, '-n', namespace)));
    const seen = await whileAsked(async () => {
      await apply(next);
      await allReady();
    });
    expect(seen.map((statuses) => Object.keys(statuses))).toEqual(migrations.map(() => ['200']));
    for (const migration of migrations) {
      const pods = namesOf(await waiting(migration));
      expect(pods.filter((name) => old.get(migration.platform)?.includes(name))).toEqual([]);
      expect((await releases(migration)).split('\n')).toEqual(
        [migration.first, migration.job].map(fingerprintOf).sort(),
      );
    }
  });

  test('ALL-27 the version before can be applied again, without a lost request', async () => {
    const seen = await whileAsked(async () => {
      await apply(committed);
      await allReady();
    });
    expect(seen.map((statuses) => Object.keys(statuses))).toEqual(migrations.map(() => ['200']));
    for (const migration of migrations) expect((await releases(migration)).split('\n')).toHaveLength(2);
  });
});
