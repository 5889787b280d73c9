import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maintenanceScripts } from '../../charts/blocks/postgres/maintenance/maintenance';
import { eventually } from '../rehearsal/support';
import { Pooling } from './pooling';

const folder = mkdtempSync(join(tmpdir(), 'slipway-maintenance-'));
const owner = { role: 'teacher', direct: true };
const superuser = { role: 'postgres', direct: true };

let school: Pooling;
beforeAll(async () => {
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(maintenanceScripts)) {
    writeFileSync(join(folder, name), text, { mode: 0o644 });
  }
  school = await new Pooling({
    replicas: { min: 1, max: 1 },
    poolSize: 10,
    direct: {},
    maxConnections: 50,
    clients: { marks: 5 },
  }).start();
});
afterAll(async () => {
  await school?.stop();
  rmSync(folder, { recursive: true });
});

/** The command of a Job, as the manifests have it but for the folder. */
const command = (kind: string, { tableLock = 1, lock = 20 } = {}): string[] => [
  ...[`TABLE_LOCK_SECONDS=${tableLock}`, 'PGTARGETSESSIONATTRS=read-write', 'bash'],
  ...[join(folder, 'with-lock.sh'), 'backup', `${lock}`, 'bash', join(folder, `${kind}.sh`)],
];
const maintain = (kind: string, seconds = {}) => {
  const { status, lines, error } = school.run('env', command(kind, seconds), owner);
  return { status, said: lines.join('\n'), error };
};
const meanwhile = (kind: string, seconds = {}) => school.background('env', command(kind, seconds), owner);

const asOwner = (sql: string): string => told(school.ask(sql, owner));
const asSuperuser = (sql: string): string => told(school.ask(sql, superuser));
const told = ({ status, lines, error }: ReturnType<Pooling['ask']>): string => {
  if (status !== 0) throw new Error(error);
  return lines.join('\n');
};
/** A table of rows of which most are gone. */
const bloated = (name: string): string =>
  asOwner(`create table ${name} (id int primary key, grade text) with (autovacuum_enabled = off);
    create index ${name}_grade on ${name} (grade);
    insert into ${name} select n, md5(n::text) from generate_series(1, 20000) n;
    delete from ${name} where id > 100`);
const size = (relation: string): number => Number(asOwner(`select pg_relation_size('${relation}')`));

// Every test has the database to itself: a lock that a failed one left, or its table, would fail the next.
afterEach(() => {
  asSuperuser(
    `select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('teacher', 'pgbackrest')`,
  );
  asOwner('drop schema public cascade; create schema public');
});

describe('ALL-14 GOV-05 TDA-17 VACUUM', () => {
  test('gives the room of dead rows back, and says of each table how long it took', () => {
    bloated('grades');
    bloated('absences');
    const before = size('grades');
    const { status, said } = maintain('vacuum');
    expect(said).toMatch(/^public\.absences: \d+\.\d s, \d+ kB before, \d+ kB now$/m);
    expect([status, said.split('\n').at(-1)]).toEqual([0, 'vacuumed: all of 2']);
    expect(size('grades')).toBeLessThan(before / 50);
    expect(asOwner("select reltuples from pg_class where oid = 'grades'::regclass")).toBe('100');
  });

  test('counts the values of a partitioned table as a whole', () => {
    asOwner(`create table terms (term int, grade int) partition by range (term);
      create table first partition of terms for values from (0) to (10);
      create table second partition of terms for values from (10) to (20);
      insert into terms select n, n from generate_series(0, 19) n`);
    expect(maintain('vacuum')).toMatchObject({ status: 0 });
    expect(asOwner("select tablename from pg_stats where attname = 'term' order by 1")).toBe('first\nsecond\nterms');
  });

  test('leaves a table that is not the owner’s, and says so', () => {
    asSuperuser('create table grades.public.reference (id int)');
    bloated('grades');
    const { status, said } = maintain('vacuum');
    expect([status, said.split('\n')[0]]).toEqual([0, 'left to their owners: public.reference']);
    expect(said).toMatch(/^vacuumed: all of 1$/m);
    asSuperuser('drop table public.reference');
  });

  test('takes a table by whatever name', () => {
    asOwner(`create schema "a.b"; create table "a.b"."it's ""so"" \\ $HOME
      ; drop table x" (id int primary key)`);
    for (const kind of ['vacuum', 'reindex']) expect(maintain(kind)).toMatchObject({ status: 0, error: '' });
    asOwner('drop schema "a.b" cascade');
  });

  test('ends well in a database without a table', () => {
    expect(maintain('vacuum')).toMatchObject({ status: 0, said: 'vacuumed: all of 0' });
    expect(maintain('reindex')).toMatchObject({ status: 0, said: 'reindexed: all of 0' });
  });

  test('does all others when one is locked, then fails and names it', async () => {
    for (const name of ['absences', 'grades', 'homework']) bloated(name);
    const person = school.session(owner);
    await person.tell('begin');
    await person.tell('lock table grades in access exclusive mode');
    const { status, said, error } = maintain('vacuum');
    expect(status).toBe(1);
    expect(error).toMatch(/^expected every table to be vacuumed, got a lock on public\.grades twice: see pg_stat_act/);
    expect(said).toContain('public.grades is locked: once more at the end');
    expect(said).toMatch(/^public\.homework: /m);
    await person.end();
  });

  test('comes back to a table that was locked', async () => {
    for (const name of ['grades', 'homework']) bloated(name);
    const person = school.session(owner);
    await person.tell('begin');
    await person.tell('lock table grades in access exclusive mode');
    const run = meanwhile('vacuum');
    await eventually(() => run.output.lines.includes('public.grades is locked'));
    await person.tell('commit');
    expect([await run.ended, run.output.lines]).toEqual([
      0,
      expect.stringMatching(/public\.grades: .*\nvacuumed: all/),
    ]);
    await person.end();
  });
});

describe('ALL-14 TDA-17 REINDEX', () => {
  const files = () =>
    asOwner(`select relname || ' ' || relfilenode from pg_class where relkind = 'i' and relnamespace = 'public'::regnamespace
      or relname = (select 'pg_toast_' || 'grades'::regclass::oid || '_index') order by 1`).split('\n');

  test('builds every index anew, those of oversized values too, and each is smaller', () => {
    asSuperuser('grant usage on schema pg_toast to teacher');
    bloated('grades');
    maintain('vacuum');
    const [before, filesBefore] = [size('grades_grade'), files()];
    const { status, said, error } = maintain('reindex');
    expect([status, error]).toEqual([0, '']);
    expect(said).toMatch(/^public\.grades_grade: \d+\.\d s, \d+ kB before, 16 kB now$/m);
    expect(files()).toHaveLength(3);
    expect(files().filter((file) => filesBefore.includes(file))).toEqual([]);
    expect(size('grades_grade')).toBeLessThan(before / 10);
    asSuperuser('revoke usage on schema pg_toast from teacher');
  });

  test('names what it leaves: exclusion constraints, and what the owner may not name', () => {
    asOwner(`create table lessons (room int4range, note text, constraint free exclude using gist (room with &&))`);
    const { status, said } = maintain('reindex');
    expect(status).toBe(0);
    expect(said).toMatch(/^left as they are: pg_toast\.pg_toast_\d+_index \(the schema is not open/m);
    expect(said).toContain('public.free (PostgreSQL builds no exclusion constraint beside the old one)');
  });

  test('drops what a run left that was stopped, and no index of anybody', async () => {
    bloated('grades');
    asOwner('create index mine_ccnew on grades (id)');
    const person = school.session(owner);
    await person.tell('begin');
    await person.tell('insert into grades values (30000)');
    const run = meanwhile('reindex', { tableLock: 60 });
    const invalid = () => asOwner('select count(*) from pg_index where not indisvalid');
    await eventually(() => invalid() === '1');
    // A write does not wait for an index that waits.
    expect(asOwner('insert into grades values (30001)')).toBe('');
    run.child.kill();
    await run.ended;
    await eventually(() => asSuperuser("select count(*) from pg_stat_activity where query ~ '^reindex'") === '0');
    await person.end();
    expect(invalid()).toBe('1');

    const { status, said } = maintain('reindex');
    expect(said).toMatch(/^dropped public\.\w+_ccnew, which an interrupted run left$/m);
    expect(said).toMatch(/^public\.mine_ccnew: /m);
    expect([status, invalid()]).toEqual([0, '0']);
  });

  test('leaves no half an index behind when a transaction stays open, and fails', async () => {
    bloated('grades');
    bloated('homework');
    const person = school.session(owner);
    await person.tell('begin');
    await person.tell('insert into grades values (30000)');
    const { status, said, error } = maintain('reindex');
    expect(status).toBe(1);
    expect(error).toContain('got a lock on public.grades_grade, public.grades_pkey twice');
    expect(said).toMatch(/^public\.homework_pkey: /m);
    await person.end();
    expect(maintain('reindex')).toMatchObject({ status: 0 });
    expect(asOwner('select count(*) from pg_index where not indisvalid')).toBe('0');
  });

  test('does all others when one fails, says why, and fails', () => {
    bloated('grades');
    asOwner(`create function share(n int) returns int immutable language sql as 'select 100 / $1';
      create index by_share on grades (share(id));
      create or replace function share(n int) returns int immutable language sql as 'select $1 / 0'`);
    const { status, said, error } = maintain('reindex');
    expect(status).toBe(1);
    expect(said).toMatch(/^public\.by_share failed: division by zero$/m);
    expect(said).toMatch(/^public\.grades_pkey: /m);
    expect(error).toMatch(/^expected every index to be reindexed, got a failure of public\.by_share: its reason/);
    expect(asOwner("select count(*) from pg_class where relname ~ '_ccnew'")).toBe('0');
  });
});

describe('ALL-14 ALL-16 the lock of the backups', () => {
  const inside = { role: 'pgbackrest', direct: true };
  const backup = async (seconds: number) => {
    const script = [join(folder, 'with-lock.sh'), 'backup', '5', 'sh', '-c', `echo begun; exec sleep ${seconds}`];
    const run = school.background('bash', script, inside);
    await eventually(() => run.output.lines.includes('begun'));
    return run;
  };
  beforeAll(() => asSuperuser('grant connect on database grades to pgbackrest'));

  test.each(['vacuum', 'reindex'])('holds %s up until the backup has ended', async (kind) => {
    bloated('grades');
    const running = await backup(2);
    const run = meanwhile(kind);
    await running.ended;
    expect(run.output.lines).toBe('');
    expect(await run.ended).toBe(0);
    expect(run.output.lines).toMatch(/all of \d+\n$/);
  });

  test('is waited for no longer than said: nothing is touched, and the run fails', async () => {
    bloated('grades');
    const before = size('grades');
    const running = await backup(30);
    const { status, said, error } = maintain('vacuum', { lock: 1 });
    expect([status, said]).toEqual([1, '']);
    expect(error).toMatch(/^expected the lock "backup" to be free within 1 s, got a run that still holds it/);
    expect(size('grades')).toBe(before);
    running.child.kill();
    await running.ended;
  });

  test('does not stop an index from being built when another run waits for it', async () => {
    for (const name of ['grades', 'homework']) bloated(name);
    const runs = ['reindex', 'vacuum', 'reindex'].map((kind) => meanwhile(kind));
    const ends = await Promise.all(runs.map(async ({ ended, output }) => [await ended, output.error]));
    expect(ends).toEqual(runs.map(() => [0, '']));
  });
});
