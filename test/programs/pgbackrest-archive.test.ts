import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { eventually } from '../rehearsal/support';
import { Cluster, volume } from './pgbackrest-cluster';
import { base, own, run } from './pgbackrest-machine';

let cluster: Cluster;
let segment: string;

beforeAll(async () => {
  // Old segments stay where they are, to be offered again.
  cluster = await new Cluster(undefined, { archive_timeout: '2s', fsync: 'off', wal_keep_size: '1GB' }).start([volume]);
  expect(cluster.job('check')).toMatchObject({ status: 0 });
  cluster.ask('create table marks (note text)');
  cluster.directory('member/tmp');
  segment = await archived();
  rmSync(wal(segment));
});
afterAll(() => cluster?.close());

const wal = (...names: string[]) => cluster.at('pgdata', 'pg17', 'pg_wal', ...names);

/** Writes something, ends its segment, and waits until that is in the repository. */
async function archived(): Promise<string> {
  cluster.ask("insert into marks values ('one more')");
  const name = cluster.ask('select pg_walfile_name(pg_switch_wal())').said;
  await eventually(() => existsSync(wal('archive_status', `${name}.done`)), 30_000);
  expect(cluster.files().some((path) => path.includes(`/${name}-`))).toBe(true);
  return name;
}

const file = () => wal('RECOVERYXLOG');

/** A script of the member as PostgreSQL runs it: in the folder of the data. */
const member = (script: string, ...args: string[]) =>
  run(
    'bash',
    ['-c', 'cd "$0" && exec bash "$@"', cluster.at('pgdata', 'pg17'), cluster.at('member', script), ...args],
    {
      ...base,
      ...cluster.memberEnvironment,
      TMPDIR: cluster.at('member', 'tmp'),
    },
  );

/** What happens when it lacks a file of log. */
function get(name: string) {
  rmSync(file(), { force: true });
  const began = Date.now();
  return { ...member('get.sh', name, file()), seconds: (Date.now() - began) / 1000 };
}

test('ALL-16 a member fetches log, and learns what there is none of', () => {
  expect(get('0000000100000000000000FF')).toMatchObject({ status: 1 });
  expect(get('00000002.history')).toMatchObject({ status: 1 });
  expect(get(segment)).toMatchObject({ status: 0 });
  expect(existsSync(file())).toBe(true);
});

test('TDA-04 a promotion goes on with what the member has, and a replica fetches what it cannot have of the primary', async () => {
  const [begun, other] = [await archived(), await archived()];
  expect([get(begun).status, get(begun).status]).toEqual([1, 1]);
  expect(existsSync(file())).toBe(false);
  // PostgreSQL renames a segment that it needs no more, for log to come.
  writeFileSync(wal(other), readFileSync(wal(begun)));
  expect(get(other)).toMatchObject({ status: 0 });
  await eventually(() => get(begun).status === 0, 8_000);
  expect(readFileSync(file()).equals(readFileSync(wal(begun)))).toBe(true);
});

test('TDA-04 a promotion has the history of its timeline from the member', () => {
  writeFileSync(wal('00000007.history'), '6\t0/3000000\tno recovery target specified\n');
  expect(get('00000007.history')).toMatchObject({ status: 0 });
  expect(readFileSync(file())).toEqual(readFileSync(wal('00000007.history')));
  rmSync(wal('00000007.history'));
});

test('TDA-04 ALL-16 a segment that waits alone is brought at once, several by a process that takes them together', async () => {
  const taken = (name: string) => existsSync(cluster.at('pgdata/spool/push-1/archive/db/out', `${name}.ok`));
  const both = [await archived(), await archived()];
  expect(both.filter(taken)).toEqual([]);
  for (const name of both) {
    renameSync(wal('archive_status', `${name}.done`), wal('archive_status', `${name}.ready`));
  }
  expect(member('push.sh', `pg_wal/${both[0]}`)).toMatchObject({ status: 0 });
  // The process goes on with the second when the first is said to be there.
  await eventually(() => both.every(taken), 10_000);
});

test('TDA-04 a promotion does not wait for a repository that does not answer', async () => {
  await cluster.stop('repository', 'SIGTERM');
  const silent = net.createServer().listen(cluster.portOf('repository'), '127.0.0.1');
  await once(silent, 'listening');

  const first = get('00000002.history');
  expect(first).toMatchObject({ status: 124, said: expect.stringContaining('expected a repository to answer') });
  expect(first.seconds).toBeLessThan(6);
  const rest = ['00000002.history', segment, '00000003.history'].map(get);
  for (const { status, seconds } of rest) expect([status, seconds < 1]).toEqual([1, true]);

  // Nobody listens any more: that is known at once.
  silent.close();
  rmSync(cluster.at('member', 'tmp', 'repository-away'));
  const closed = get('00000002.history');
  expect(closed).toMatchObject({ status: 1, said: expect.stringContaining('expected a repository to answer') });
  expect(closed.seconds).toBeLessThan(1);

  cluster.serve('repository', 'pgbackrest.conf');
  await eventually(() => get(segment).status === 0, 40_000);
});

describe('a segment of which the repository has another one', () => {
  /** Offers a segment to the archiver that differs from the one in the repository. */
  const offer = (name: string) => {
    writeFileSync(wal(name), readFileSync(wal(name)).fill('another', 2 ** 20));
    rmSync(wal('archive_status', `${name}.done`), { force: true });
    rmSync(cluster.at('pgdata/spool/push-1/archive/db/out', `${name}.ok`), { force: true });
    writeFileSync(wal('archive_status', `${name}.ready`), '');
    for (const path of [wal(name), wal('archive_status', `${name}.ready`)]) own(path);
  };

  test('TDA-04 is left alone when its timeline was left, and log goes on', async () => {
    const former = await archived();
    await cluster.stop('postgres');
    writeFileSync(cluster.at('pgdata', 'pg17', 'standby.signal'), '');
    own(cluster.at('pgdata', 'pg17', 'standby.signal'));
    await cluster.startPostgres();
    expect(cluster.ask('select pg_promote()').said).toBe('t');
    offer(former);
    // The archiver looks for what waits when it has nothing left to do.
    await archived();
    expect(await archived()).toMatch(/^00000002/);
    expect(existsSync(wal('archive_status', `${former}.ready`))).toBe(false);
  });

  test('ALL-16 stops the log of the timeline that goes on: two servers would write one history', async () => {
    const name = await archived();
    offer(name);
    const pushed = member('push.sh', `pg_wal/${name}`);
    expect(pushed).toMatchObject({ status: 45, said: expect.stringContaining('with a different checksum') });
    // Its stop would wait for a push that cannot succeed.
    rmSync(wal('archive_status', `${name}.ready`), { force: true });
  });
});
