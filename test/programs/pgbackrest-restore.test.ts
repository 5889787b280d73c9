import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { eventually } from '../rehearsal/support';
import { Cluster, volume } from './pgbackrest-cluster';
import { python, run } from './pgbackrest-machine';

let cluster: Cluster;
const grades = (sql: string, role = 'postgres') => {
  const { status, said } = cluster.ask(sql, role, 'grades');
  if (status !== 0) throw new Error(said);
  return said;
};
const now = () => grades('select to_char(clock_timestamp() at time zone \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')');
const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Waits until all that was written so far is in the repository. */
const archived = async () => {
  const segment = grades('select pg_current_xact_id(); select pg_walfile_name(pg_switch_wal())').split('\n').pop();
  await eventually(() => cluster.files().some((file) => file.includes(`/${segment}-`)), 20_000);
};

/** Rows of the table that a run beside the cluster found. */
const marks = (TARGET: string, more: Readonly<Record<string, string>> = {}) => {
  const { status, said } = cluster.restore('scratch', { TARGET, ...more });
  return { status, rows: Number(/grades public\.marks (\d+)/.exec(said)?.[1]), said };
};

/** What a run over the live database does before it stops anything. */
const copying = `
import os, sys, time
sys.path.insert(0, sys.argv[1])
from archive import Repository
from duplicate import alone, served
from target import choose, parsed
folder = os.environ["PGDATA"] + ".restoring"
with alone(folder):
    repository = Repository("1")
    with served(folder, repository, choose(parsed("latest"), repository, time.time()), True):
        pass
    print(open(folder + "/postgresql.auto.conf").read(), os.listdir(folder))
`;

/** What somebody who may make tables would have the superuser of a restore do; a name has 63 bytes at most. */
const proof = `/tmp/hostile-${process.pid}`;
const hostile = `
  do $$ begin execute format('create table %I ()', E'line\\n\\\\! touch ${proof}'); end $$;
  create function format(text, name, name) returns text language sql as $$ select E'\\\\! touch ${proof}' $$`;

/** Moments between which rows were written. */
const moments: string[] = [];

beforeAll(async () => {
  // Nobody but the test commits: a moment beyond its last row is beyond all log.
  cluster = await new Cluster(undefined, { archive_timeout: '2s', fsync: 'off', autovacuum: 'off' }).start([volume]);
  grades(`create table marks (id int primary key, note text, written_at timestamptz default now());
    insert into marks select n, md5(n::text) from generate_series(1, 1000) n; ${hostile}`);
  cluster.ask("alter system set work_mem = '5MB'");
  const { status, said } = cluster.job('check');
  if (status !== 0) throw new Error(said);
  for (const first of [1001, 2001]) {
    await sleep(1.1);
    moments.push(now());
    grades(`insert into marks select n, md5(n::text) from generate_series(${first}, ${first + 999}) n`);
  }
  moments.push(now());
  grades('delete from marks where id <= 10');
  await archived();
}, 60_000);
afterAll(() => cluster?.close());

describe('ALL-34 a restore', () => {
  test('to the latest state has every row', () => {
    const run = marks('latest');
    expect(run).toMatchObject({ status: 0, rows: 2990, said: expect.stringContaining('the copy could be used') });
  });

  test('runs nothing that the name of a table or a function says', () => {
    const names = "select relname from pg_class where relname ~ 'touch'";
    expect(grades(names)).toContain(proof);
    expect(marks('latest').said).toContain(`touch ${proof}`);
    expect(existsSync(proof)).toBe(false);
  });

  test.each([
    [0, 1000],
    [1, 2000],
    [2, 3000],
  ])('to moment %i has the rows up to it, and no other', (index, rows) => {
    expect(marks(moments[index] ?? '')).toMatchObject({ status: 0, rows });
  });

  test('to a day has the rows of the end of its newest backup, as many as were counted then', () => {
    const run = marks(moments[0]?.slice(0, 10) ?? '');
    expect(run).toMatchObject({
      status: 0,
      rows: 1000,
      said: expect.stringMatching(/\d+ tables of grades have exactly/),
    });
  });
});

test('ALL-34 a copy that will take the place of the database has its settings, and none of the recovery', () => {
  const [program, ...args] = python;
  const { status, said } = run(program, [...args, '-Bc', copying, cluster.at('restore')], cluster.restoreEnvironment);
  expect(status).toBe(0);
  expect(said).toContain("work_mem = '5MB'");
  expect(said).not.toMatch(/restore_command|recovery_target|recovery\.signal|postmaster\.pid/);
});

describe('ALL-34 a restore refuses', () => {
  test.each([
    [undefined, /expected TARGET to be `latest`, a day .* or a moment .*; got none/],
    ['yesterday', /expected TARGET to be .*; got 'yesterday'/],
    ['2026-11-20T10:15:00', /always with its zone; got '2026-11-20T10:15:00'/],
    ['2026-02-30', /expected TARGET to be .*; got '2026-02-30'/],
    ['2020-01-01', /expected a backup of 2020-01-01 \(UTC\) in repository 1, got backups of \d{4}-\d\d-\d\d/],
    [
      '2020-01-01T00:00:00Z',
      /later than the end of the oldest backup, got 2020.*begins with \w+-\w+F, which ended at \d{4}/,
    ],
    ['2999-01-01T00:00:00+02:00', /expected TARGET to be a moment of the past, got 2999/],
  ])('the target %s', (TARGET, message) => {
    const { status, said } = cluster.restore('scratch', TARGET ? { TARGET } : {});
    expect([status, said]).toEqual([1, expect.stringMatching(message)]);
  });

  test('a moment that no log reaches, after it has looked', async () => {
    await archived();
    await sleep(0.1);
    const { status, said } = marks(now());
    expect([status, said]).toEqual([
      1,
      expect.stringMatching(/expected write-ahead log to lead beyond .*, got its end after/),
    ]);
  });

  test.each([
    [{}, 'got none'],
    [{ CONFIRM: 'another' }, 'got another'],
  ])('to replace the live database without its name: %o', (more, got) => {
    const { status, said } = cluster.restore('live', { TARGET: 'latest', ...more });
    expect([status, said]).toEqual([1, `expected CONFIRM=school, for the live database is replaced, ${got}`]);
  });

  test('a repository that is none', () => {
    const { status, said } = cluster.restore('scratch', { TARGET: 'latest', REPOSITORY: '2' });
    expect([status, said]).toEqual([1, 'expected REPOSITORY to be one of 1, got 2']);
  });

  test.each(['latest', '2020-01-01'])('%s with a passphrase that is not that of the repository', (TARGET) => {
    const { status, said } = cluster.restore('scratch', { TARGET, PGBACKREST_REPO1_CIPHER_PASS: 'another' });
    expect([status, said]).toEqual([1, expect.stringContaining('expected the passphrase to open the repository')]);
  });

  test('backups of another major version', () => {
    const other = cluster.directory('restore/other');
    writeFileSync(`${other}/postgres`, '#!/bin/sh\necho "postgres (PostgreSQL) 18.1"\n', { mode: 0o755 });
    const shell = [...python.slice(0, -1), 'sh', '-c', 'PATH=$0:$PATH exec python3 "$@"', other];
    const [program = '', ...args] = [...shell, '-B', cluster.at('restore', 'restore.py'), 'scratch'];
    const { status, said } = run(program, args, { ...cluster.restoreEnvironment, TARGET: 'latest' });
    expect([status, said]).toEqual([
      1,
      'expected backups of PostgreSQL 18 in repository 1, got 17: set postgresVersion to 17',
    ]);
  });

  test('to a volume without room, before anything is written', () => {
    // A file system of its own, which is gone with the run.
    const small = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
    const mounted = 'mount -t tmpfs -o size=8m,mode=0777 tmpfs "$0" && "$@"; status=$?; ls "$0"; exit "$status"';
    const restore = [...python, '-B', cluster.at('restore', 'restore.py'), 'scratch'];
    const within = [...small, 'sh', '-c', mounted, cluster.at('scratch'), ...restore];
    const { status, said } = run('unshare', within, { ...cluster.restoreEnvironment, TARGET: 'latest' });
    expect([status, said]).toEqual([
      1,
      expect.stringMatching(
        /^pg\.restoring\.lock\nexpected \d+ MiB of room in .* for \w+-\w+ beside what is there, got 8 MiB: make the volume larger/,
      ),
    ]);
  });
});

describe('ALL-34 a damaged repository', () => {
  const one = (pattern: RegExp) => cluster.files().find((file) => pattern.test(file)) ?? '';
  const spoil = (file: string) => {
    const bytes = readFileSync(file);
    bytes.fill('X', bytes.length / 2, bytes.length / 2 + 4);
    writeFileSync(file, bytes);
  };
  const segments = () =>
    cluster
      .files()
      .filter((file) => /0{7}1\w{8}\/0{7}1\w{16}-\w+\.zst$/.test(file))
      .sort();

  test.each(['scratch', 'drill'] as const)('ends a %s with the file that is damaged', (mode) => {
    const { status, said } = cluster.damaged(
      () => spoil(one(/F\/bundle\/1$/)),
      () => cluster.restore(mode, { TARGET: 'latest' }),
    );
    expect([status, said]).toEqual([
      1,
      expect.stringMatching(/expected \w+-\w+F to be restored, got: pgBackRest ended with .*; choose an older backup/),
    ]);
  });

  test('is no database of an earlier state: a missing segment is named', () => {
    const gone = segments().at(-2) ?? '';
    const { status, said } = cluster.damaged(
      () => rmSync(gone),
      () => cluster.restore('scratch', { TARGET: 'latest' }),
    );
    const name = /0{7}1\w{16}(?=-)/.exec(gone)?.[0];
    expect([status, said]).toEqual([1, expect.stringContaining(`without a gap after`)]);
    expect(said).toContain(`got ${name} missing`);
  });

  test('is no database of an earlier state: a damaged segment is named', () => {
    const { status, said } = cluster.damaged(
      () => spoil(segments().at(-2) ?? ''),
      () => cluster.restore('scratch', { TARGET: 'latest' }),
    );
    expect([status, said]).toEqual([
      1,
      expect.stringMatching(/expected write-ahead log up to \w{24}, got none after \w{24}/),
    ]);
  });
});

describe('ALL-34 the drill', () => {
  const drills = () =>
    cluster
      .ask(
        'select repository, succeeded, label is not null, bytes > 0, state_age_seconds, newest_row_age_seconds, problem from slipway_backup.drills order by finished_at desc limit 1',
      )
      .said.split('|');

  test('restores the newest backup, counts, and notes it on the primary', () => {
    const { status, said } = cluster.restore('drill');
    expect([status, said]).toEqual([0, expect.stringMatching(/have exactly the rows that were counted/)]);
    expect(said).toMatch(/its newest time is .* in public\.marks\.written_at/);
    expect(said).toContain('every page has its checksum');
    const age = expect.stringMatching(/^\d+$/);
    expect(drills()).toEqual(['1', 't', 't', 't', age, age, '']);
  });

  interface Rows {
    readonly exact: Readonly<Record<string, number>>;
    readonly estimated: Readonly<Record<string, number>>;
  }

  /** A drill of the newest backup as if other rows had been noted beside it. */
  function drilled(change: (rows: Rows) => Rows) {
    const backup = cluster.backups().at(-1);
    const noted = backup?.annotation?.rows ?? '';
    const annotate = (rows: string) =>
      cluster.pgbackrest('annotate', `--set=${backup?.label}`, `--annotation=rows=${rows}`);
    annotate(JSON.stringify({ ...JSON.parse(noted), ...change(JSON.parse(noted) as Rows) }));
    const result = cluster.restore('drill');
    annotate(noted);
    return result;
  }

  /** Of a table that is too large to be counted, or was written to, the figure says what is about right. */
  const about = (rows: Readonly<Record<string, number>>) =>
    drilled(({ exact: { 'public.marks': _, ...exact }, estimated }) => ({
      exact,
      estimated: { ...estimated, ...rows },
    }));

  test('reads a table that was not counted, and takes as many rows as there are', () => {
    const { status, said } = about({ 'public.marks': 5000 });
    expect([status, said]).toEqual([0, expect.stringMatching(/\d more, too large .* are there and readable/)]);
  });

  test.each<[string, RegExp, () => ReturnType<typeof drilled>]>([
    [
      'a row that is missing',
      /public\.marks 1000 instead of 1001/,
      () => drilled(({ exact, estimated }) => ({ exact: { ...exact, 'public.marks': 1001 }, estimated })),
    ],
    [
      'an empty table that had many rows',
      /pg_catalog\.pg_largeobject 0 instead of about 2000/,
      () => about({ 'pg_catalog.pg_largeobject': 2000 }),
    ],
    ['a table missing', /public\.gone missing instead of about 3/, () => about({ 'public.gone': 3 })],
  ])('finds %s, and notes that', (_what, found, drill) => {
    const { status, said } = drill();
    const message = new RegExp(`expected as many rows as at slipway-\\w+, got ${found.source}`);
    expect([status, said]).toEqual([1, expect.stringMatching(message)]);
    expect(drills()).toEqual(['1', 'f', 't', '', '', '', expect.stringMatching(message)]);
  });
});

describe('ALL-34 after a restore', () => {
  const begun: string[] = [];
  const byMember = (...args: string[]) =>
    run('pgbackrest', args, { ...cluster.jobEnvironment, PGBACKREST_CONFIG: cluster.at('member', 'pgbackrest.conf') });

  test('the past that was left can still be reached, and so can the new one', async () => {
    // Somebody went back to a moment by hand: two pasts lie side by side in the repository.
    await sleep(1.1);
    grades('delete from marks');
    await sleep(0.5);
    begun.push(now());
    await sleep(0.5);
    await archived();
    await cluster.stop('postgres');
    await sleep(1.1);
    const target = (moments[1] ?? '').replace('T', ' ').replace('Z', '+00');
    const back = byMember('restore', '--delta', '--type=time', `--target=${target}`, '--target-action=promote');
    expect(back).toMatchObject({ status: 0 });
    await cluster.startPostgres();
    await eventually(() => cluster.ask('select pg_is_in_recovery()').said === 'f');
    grades('insert into marks select n from generate_series(5001, 5500) n');
    await sleep(1.1);
    begun.push(now());
    await sleep(0.5);
    await archived();
    expect(grades('select count(*) from marks')).toBe('2500');
    expect(marks('latest')).toMatchObject({ status: 0, rows: 2500 });
    expect(marks(begun[1] ?? '')).toMatchObject({ status: 0, rows: 2500 });
    expect(marks(begun[0] ?? '')).toMatchObject({ status: 0, rows: 0 });
    expect(marks(moments[2] ?? '')).toMatchObject({ status: 0, rows: 3000 });
  });

  test('the check takes a backup of what is there now, once', () => {
    const before = cluster.backups().length;
    expect(cluster.job('check')).toMatchObject({
      status: 0,
      said: expect.stringContaining('the newest backup on another'),
    });
    expect(cluster.job('check')).toMatchObject({ status: 0 });
    expect(cluster.backups().slice(before)).toEqual([expect.objectContaining({ type: 'incr' })]);
    expect(cluster.restore('drill')).toMatchObject({ status: 0 });
    expect(marks('latest')).toMatchObject({ status: 0, rows: 2500 });
  });
});
