import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountsSql, type Users } from '../../charts/blocks/postgres/accounts';
import { startServers, stopServers } from '../rehearsal/servers';
import { eventually } from '../rehearsal/support';
import { Server } from './databases';

const folder = mkdtempSync(join(tmpdir(), 'slipway-postgres-'));
const database = 'grades';
const clients = { writing: ['marks'], reading: ['marks-reads'] };
const users: Users = { application: 'pupil', backup: 'keeper', replication: 'copyist' };

let server: Server;
const accounts = (declared: Users = users, who = clients) =>
  server.file(
    'postgres',
    'postgres',
    'accounts.sql',
    accountsSql({ database, owner: 'teacher', extensions: ['postgis'], users: declared }, who, 'monitor'),
  );
const as = (role: string, sql: string) => server.ask(database, role, sql);
const done = { status: 0, lines: [], error: '' };

beforeAll(async () => {
  const { postgres, folder: servers } = await startServers();
  // Who may stream, as our own rules say it, but for the certificate.
  appendFileSync(join(servers, 'data', 'pg_hba.conf'), 'host replication all all scram-sha-256\n');
  server = new Server(postgres);
  server.ask('postgres', 'postgres', 'select pg_reload_conf()');
});
afterAll(async () => {
  await stopServers();
  rmSync(folder, { recursive: true });
});

test('PHY-22 accounts are made, and made again, without a word in the log', () => {
  expect(accounts({})).toEqual(done);
  expect(accounts({})).toEqual(done);
  expect(as('marks', 'create table marks (id serial primary key, pupil text); select current_user').lines).toEqual([
    'teacher',
  ]);
});

test('TDA-05 what the owner gives a name of PostgreSQL’s is not run by the superuser', () => {
  const raise = "language sql as $$ select 'alter role marks superuser' $$";
  as(
    'marks',
    `create function format(text, regprocedure) returns text ${raise};
    create function format(text, oid) returns text ${raise}; alter database grades set search_path = public, pg_catalog`,
  );
  expect(accounts({})).toEqual(done);
  expect(as('postgres', "select rolname from pg_roles where rolsuper and rolname <> 'postgres'").lines).toEqual([]);
  as('marks', 'drop function format(text, regprocedure), format(text, oid); alter database grades reset search_path');
});

test('TDA-05 a table that becomes a view while rows are counted is not asked by the superuser', async () => {
  as('marks', 'create table witness (who text); create table zebra (id int)');
  const lock = server.session(database, 'postgres');
  const locks = (granted: string) => () =>
    as('postgres', `select 1 from pg_locks where relation = 'marks'::regclass and ${granted}`).lines.length > 0;
  lock.tell('begin; lock table marks in access exclusive mode;');
  await eventually(locks('granted'));
  const count = server.session(database, 'pgbackrest');
  count.tell('select slipway_backup.rows();');
  await eventually(locks('not granted'));
  as(
    'marks',
    `drop table zebra; create function seen() returns int language sql as $$
    insert into public.witness values (current_user) returning 1 $$; create view zebra as select 1 where seen() > 0`,
  );
  await lock.end('commit;');
  expect(await count.end()).toBe(0);
  expect(as('marks', 'select who from witness').lines).toEqual([]);
  as('marks', 'drop view zebra; drop function seen(); drop table witness');
});

describe('TDA-05 a database that gets users of less right', () => {
  test('takes the owner from its clients, and gives them its tables', () => {
    expect(accounts()).toEqual(done);
    expect(as('marks', "insert into marks (pupil) values ('ada') returning current_user").lines).toEqual(['pupil']);
    expect(as('marks', 'set role teacher')).toMatchObject({ status: 1 });
  });

  test('gives nothing that is not the owner’s, whoever made it', () => {
    as('postgres', 'create table by_hand (id serial primary key)');
    expect(accounts()).toEqual(done);
    const changeable = `select relname from pg_class where relnamespace = 'public'::regnamespace
      and relkind in ('r', 'v') and has_table_privilege('pupil', oid, 'insert, update, delete')`;
    expect(as('postgres', changeable).lines).toEqual(['marks']);
    as('postgres', 'drop table by_hand');
  });

  test('lets a client forget its role, and gives it no other right by that', () => {
    const forgotten = as('marks', 'reset role; set role none; create table mine (id int)');
    expect(forgotten).toMatchObject({
      status: 1,
      error: expect.stringContaining('permission denied for schema public'),
    });
  });
});

describe('GOV-04 who reads alone', () => {
  const reads = (sql: string) => as('marks_reads', sql);
  const refused = (error: string) => ({ status: 1, lines: [], error: expect.stringContaining(error) });

  test('finds the rows, also of a table that a later release makes', () => {
    expect(reads('select pupil, current_user from marks').lines).toEqual(['ada|read_only']);
    as('teacher', 'create table later (id int); insert into later values (7)');
    expect(reads('select id from later').lines).toEqual(['7']);
    expect(reads('select count(*) from slipway.releases').lines).toEqual(['0']);
    as('teacher', 'drop table later');
  });

  test.each(["insert into marks (pupil) values ('eve')", 'update marks set pupil = null', 'delete from marks'])(
    'is refused: %s',
    (sql) => {
      expect(reads(sql)).toEqual(refused('in a read-only transaction'));
      // Who asks for another kind of transaction has no right to it either.
      expect(reads(`begin read write; ${sql}`)).toEqual(refused('permission denied for table marks'));
    },
  );

  test.each([
    ["select nextval('marks_id_seq')", 'permission denied for sequence'],
    ['set role none; create table mine (id int)', 'permission denied for schema public'],
    ['set role none; create temp table mine (id int)', 'permission denied to create temporary tables'],
    ['set role teacher', 'permission denied to set role'],
    ['set role pupil', 'permission denied to set role'],
  ])('has no right to: %s', (sql, error) => {
    expect(reads(`begin read write; ${sql}`)).toEqual(refused(error));
  });
});

test('GOV-04 whoever changes from reading to writing, or back, keeps nothing of before', () => {
  const turned = { writing: ['marks-reads'], reading: ['marks'] };
  const memberships = `select m.rolname, string_agg(g.rolname, ' ') from pg_auth_members
    join pg_roles g on g.oid = roleid join pg_roles m on m.oid = member where m.rolname like 'marks%' group by 1 order by 1`;
  expect(accounts(users, turned)).toEqual(done);
  expect(as('postgres', memberships).lines).toEqual(['marks|read_only', 'marks_reads|pupil']);
  const now = "select current_user, current_setting('default_transaction_read_only')";
  expect(as('marks_reads', now).lines).toEqual(['pupil|off']);
  expect(as('marks', now).lines).toEqual(['read_only|on']);
  expect(accounts()).toEqual(done);
  expect(as('postgres', memberships).lines).toEqual(['marks|pupil', 'marks_reads|read_only']);
});

describe('TDA-05 a backup', () => {
  const dump = join(folder, 'grades.dump');
  const options = ['--no-password', '--format=custom', '--exclude-schema=slipway*', '--exclude-extension=*'];

  test('holds rows that policies hide from others', () => {
    as('teacher', 'create table notes (id int, writer text); alter table notes enable row level security');
    as('teacher', "create policy own on notes using (writer = current_user); insert into notes values (1, 'teacher')");
    expect(as('marks', 'select * from notes').lines).toEqual([]);
    const { status, lines } = server.run('pg_dump', ['--no-password', '--table=notes'], database, 'keeper');
    expect([status, lines]).toEqual([0, expect.arrayContaining(['1\tteacher'])]);
  });

  test('is restored by the owner, and serves the application as before', () => {
    expect(server.run('pg_dump', [...options, `--file=${dump}`], database, 'keeper')).toEqual(done);
    as('teacher', "update marks set pupil = 'lost'");
    const back = ['--clean', '--if-exists', '--no-owner', '--no-privileges', '--exit-on-error', '--single-transaction'];
    expect(server.run('pg_restore', [...back, '--dbname', database, dump], database, 'teacher')).toEqual(done);
    expect(as('marks', "insert into marks (pupil) values ('bob') returning id").lines).toEqual(['2']);
    expect(as('marks', 'select pupil from marks order by id').lines).toEqual(['ada', 'bob']);
  });
});

describe('TDA-05 replication', () => {
  const copy = (role: string) =>
    server.run('pg_basebackup', ['--checkpoint=fast', '--pgdata', join(folder, role)], 'postgres', role);

  test('copies the whole server', () => {
    expect(copy('copyist').status).toBe(0);
  });

  test.each(['teacher', 'marks', 'keeper', 'monitor'])('is not for %s', (role) => {
    expect(copy(role)).toMatchObject({ status: 1, error: expect.stringContaining('permission denied') });
  });

  test('reads no table', () => {
    expect(as('copyist', 'select 1').error).toContain('permission denied for database');
  });
});
