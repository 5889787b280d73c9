import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { archiveParameters } from '../../charts/blocks/postgres/backup/configuration';
import { eventually } from '../rehearsal/support';
import { Cluster, volume } from './pgbackrest-cluster';

const marker = 'a secret that stands in a row of a table';

let cluster: Cluster;
const grades = (sql: string, role = 'postgres') => cluster.ask(sql, role, 'grades');

beforeAll(async () => {
  cluster = await new Cluster().start([volume]);
  grades(`create table marks (id int primary key, note text);
    insert into marks select n, '${marker}' from generate_series(1, 5000) n;
    create table "Notes" (writer text);
    alter table "Notes" enable row level security;
    insert into "Notes" values ('ada'), ('bob'), ('eve');`);
});
afterAll(() => cluster?.close());

describe('ALL-16 a backup', () => {
  test('is taken by the first check of a new cluster, which makes the place for it and sees log arrive', () => {
    const { status, said } = cluster.job('check');
    expect([status, said]).toEqual([0, expect.stringContaining('every repository has a backup of late')]);
    expect(cluster.backups().map(({ type }) => type)).toEqual(['full']);
  });

  test.each(['full', 'incr'])('of type %s ends with 0 and is there, beside the archiving of a busy server', (type) => {
    grades('insert into marks select n, repeat(md5(n::text), 20) from generate_series(10001, 60000) n');
    const before = cluster.backups().length;
    const { status, said } = cluster.job('with-lock', ['backup', '5', 'bash', cluster.at('job', 'backup.sh'), type]);
    expect([status, said]).toEqual([0, expect.stringContaining('repository 1 holds')]);
    expect(cluster.backups().slice(before)).toEqual([expect.objectContaining({ type, error: false })]);
    grades('delete from marks where id > 10000');
  });

  test('GOV-12 says how many rows each table had, whatever policies hide, at a restore point that it names', () => {
    const rows = JSON.parse(cluster.backups().at(-1)?.annotation?.rows ?? '{}');
    expect(rows).toMatchObject({
      database: 'grades',
      point: expect.stringMatching(/^slipway-\d{8}T\d{6}Z$/),
      exact: { 'public.marks': 55000, 'public."Notes"': 3 },
      estimated: {},
    });
  });

  test('TDA-12 goes on with write-ahead log: that of a commit is in the repository in time', async () => {
    expect(archiveParameters.archive_timeout).toBe('50s');
    const { said } = grades("insert into marks values (0, 'x') returning pg_walfile_name(pg_current_wal_lsn())");
    await eventually(() => cluster.files().some((file) => file.includes(`/${said}-`)), 20_000);
  });

  test('tells nobody a text of a table, compressed or not: it is in the data, and in no file of the repository', () => {
    // What is compressed hides a text too.
    expect(cluster.job('backup', ['full'], { PGBACKREST_COMPRESS_TYPE: 'none' })).toMatchObject({ status: 0 });
    const data = readFileSync(
      cluster.at('pgdata/pg17', grades("checkpoint; select pg_relation_filepath('marks')").said),
    );
    expect(data.includes(marker)).toBe(true);
    const files = cluster.files();
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => readFileSync(file).includes(marker))).toEqual([]);
  });
});

describe('the role of the backup', () => {
  test('is no superuser and reads no table', () => {
    expect(
      cluster.ask(
        'select rolsuper or rolreplication or rolbypassrls from pg_roles where rolname = current_user',
        'pgbackrest',
      ).said,
    ).toBe('f');
    expect(grades('select * from marks', 'pgbackrest').said).toContain('permission denied for table marks');
  });

  test('is the only one that counts rows', () => {
    expect(grades('select slipway_backup.rows()', 'pgbackrest')).toMatchObject({ status: 0 });
    cluster.ask('alter role pupil login');
    const asPupil = 'set role pupil; select slipway_backup.rows()';
    expect(grades(asPupil).said).toContain('permission denied for schema slipway_backup');
  });

  test('counts on while somebody holds a table, and notes the estimate', async () => {
    grades('analyze "Notes"');
    const held = cluster.session('grades', 'begin; lock table "Notes"; select pg_sleep(20)');
    await eventually(
      () =>
        grades("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and relation = '\"Notes\"'::regclass")
          .said === '1',
    );
    const rows = JSON.parse(grades('select slipway_backup.rows()', 'pgbackrest').said);
    held.kill();
    expect(rows).toMatchObject({ exact: { 'public.marks': 5001 }, estimated: { 'public."Notes"': 3 } });
  });

  test('notes no figure as exact of a table that is written to, though it has as many rows before and after', async () => {
    grades('create table queue (number int); insert into queue values (1)');
    const { ended } = cluster.jobMeanwhile('backup', ['incr']);
    let over = false;
    void ended.then(() => (over = true));
    while (!over) {
      grades('insert into queue values (2); delete from queue where number = 2');
      await sleep(200);
    }
    const status = await ended;
    const rows = JSON.parse(cluster.backups().at(-1)?.annotation?.rows ?? '{}');
    grades('drop table queue');
    expect([status, rows]).toEqual([
      0,
      expect.objectContaining({
        exact: expect.objectContaining({ 'public.marks': 5001 }),
        estimated: expect.objectContaining({ 'public.queue': 1 }),
      }),
    ]);
  });
});

describe('ALL-16 a Job refuses', () => {
  const refusals = (script: string, args: string[] = []) =>
    cluster.job(script, args, { PGBACKREST_REPO1_CIPHER_PASS: 'another' });

  test.each([
    ['backup', ['full']],
    ['check', []],
    ['verify', []],
  ])('%s with a passphrase that is not that of the repository', (script, args) => {
    const { status, said } = refusals(script, args);
    expect([status, said]).toEqual([
      expect.any(Number),
      expect.stringContaining('expected the passphrase to open the repository, got another one'),
    ]);
    expect(status).not.toBe(0);
  });

  test('to work without a primary', async () => {
    await cluster.stop('postgres');
    const runs = [cluster.job('backup', ['full']), cluster.job('check')];
    const locked = cluster.job('with-lock', ['backup', '5', 'true']);
    await cluster.startPostgres();
    expect(runs.map(({ said }) => said)).toEqual([
      expect.stringContaining('expected a primary among the members, got none that answers'),
      expect.stringContaining('expected the primary at localhost to know pgbackrest, got: '),
    ]);
    expect(runs.filter(({ status }) => status === 0)).toEqual([]);
    expect(locked).toMatchObject({
      status: 1,
      said: expect.stringContaining('expected the primary at localhost to answer'),
    });
  });

  test('a repository that belongs to another cluster', async () => {
    await cluster.stop('postgres');
    cluster.initialise('pgdata/other');
    renameSync(cluster.at('pgdata/pg17'), cluster.at('pgdata/own'));
    renameSync(cluster.at('pgdata/other'), cluster.at('pgdata/pg17'));
    await cluster.startPostgres();
    cluster.accounts();
    const runs = [cluster.job('backup', ['full']), cluster.job('check')];
    // Its log is refused for ever: a stop would wait for it.
    await cluster.stop('postgres', 'SIGQUIT');
    rmSync(cluster.at('pgdata/pg17'), { recursive: true });
    rmSync(cluster.at('pgdata/spool'), { recursive: true });
    renameSync(cluster.at('pgdata/own'), cluster.at('pgdata/pg17'));
    await cluster.startPostgres();
    for (const { status, said } of runs) {
      expect([status, said]).toEqual([
        expect.any(Number),
        expect.stringContaining('expected the repository to belong to this cluster, got the backups of another'),
      ]);
      expect(status).not.toBe(0);
    }
    expect(cluster.job('check').status).toBe(0);
  });
});

describe('ALL-34 the verification', () => {
  const verify = () => cluster.job('verify');
  const one = (pattern: RegExp) => cluster.files().find((file) => pattern.test(file)) ?? '';
  const spoil = (file: string) => {
    const bytes = readFileSync(file);
    bytes.fill('X', bytes.length / 2, bytes.length / 2 + 4);
    writeFileSync(file, bytes);
  };

  test('ends with 0 where all is whole, and pgBackRest alone does so where nothing is', () => {
    expect(verify()).toMatchObject({ status: 0, said: expect.stringContaining('every repository is whole') });
    const bundle = one(/F\/bundle\/1$/);
    const alone = cluster.damaged(
      () => spoil(bundle),
      () => cluster.pgbackrest('verify', '--output=text'),
    );
    expect(alone).toMatchObject({ status: 0, said: expect.stringContaining('status: error') });
  });

  test.each([
    ['file of a backup', /F\/bundle\/1$/, /expected repository 1 to be whole, got .*'\w+-\w+F\/bundle\/1'/],
    [
      'segment of the log',
      /00000003-\w+\.zst$/,
      /expected repository 1 to be whole, got .*17-1\/\w+\/0{7}1\w{8}0{7}3-\w+\.zst/,
    ],
  ])('names a damaged %s, and fails', (_, pattern, message) => {
    const found = cluster.damaged(() => spoil(one(pattern)), verify);
    expect([found.status, found.said]).toEqual([1, expect.stringMatching(message)]);
  });

  test('names a backup of which a file is missing, and fails', () => {
    const found = cluster.damaged(() => rmSync(one(/F\/bundle\/1$/)), verify);
    expect([found.status, found.said]).toEqual([
      1,
      expect.stringMatching(/got backup: \w+-\w+F, status: invalid, file missing '\w+-\w+F\/bundle\/1': take/),
    ]);
  });

  test('names segments that are missing in the middle of the log, which pgBackRest does not see', () => {
    const gone =
      cluster
        .files()
        .filter((file) => /\/\w{24}-\w+\.zst$/.test(file))
        .sort()
        .at(-2) ?? '';
    const found = cluster.damaged(() => rmSync(gone), verify);
    expect(found.said).toContain('status: ok');
    expect([found.status, found.said]).toEqual([
      1,
      expect.stringContaining(`without a gap in 17-1, got ${basename(gone).slice(0, 24)} missing`),
    ]);
  });
});

describe('ALL-34 the check', () => {
  test('fails when the newest backup is older than it may be', () => {
    expect(cluster.job('check', [], { MAXIMUM_AGE_HOURS: '0' })).toMatchObject({
      status: 1,
      said: expect.stringMatching(/expected a backup of the last 0 hours, got \w+-\w+F(_\w+-\w+I)?, 0\.\d hours old/),
    });
  });
});

describe('ALL-16 the servers of pgBackRest', () => {
  test('take a renewed certificate without a restart', async () => {
    const serial = () =>
      new Promise<string>((resolve, reject) => {
        const socket = tls.connect(
          { port: cluster.portOf('repository'), host: '127.0.0.1', rejectUnauthorized: false },
          () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
          },
        );
        socket.on('error', reject);
      });
    const before = await serial();
    cluster.certificate('repository', 'postgres-repository');
    await eventually(async () => (await serial()) !== before, 15_000);
    expect(cluster.job('check')).toMatchObject({ status: 0 });
  });

  test('let nobody in whose certificate has another name', () => {
    cluster.certificate('job', 'postgres');
    const asMember = cluster.job('backup', ['incr']);
    cluster.certificate('job', 'pgbackrest');
    expect([asMember.status, asMember.said]).toEqual([56, expect.stringContaining('access denied')]);
  });
});
