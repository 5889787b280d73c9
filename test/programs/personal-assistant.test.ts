import { startServers, stopServers } from '../rehearsal/servers';
import { eventually } from '../rehearsal/support';
import { fileOf, Server } from './databases';

const indexes = fileOf('personal-assistant', 'database-migration', 'schema.sql');
const database = 'personal_assistant_prod';

let server: Server;
const asOwner = (sql: string) => server.ask(database, 'personal_assistant_owner', sql);
const asApi = (sql: string) => server.ask(database, 'api', sql);
const asBackup = (sql: string) => server.ask(database, 'backup_user', sql);
const build = () => server.file(database, 'personal_assistant_owner', 'schema.sql', indexes);
const refused = { status: 1, error: expect.stringMatching(/permission denied|must be owner/) };

beforeAll(async () => {
  server = new Server((await startServers()).postgres);
  server.accounts('personal-assistant');
  asOwner(`
    create table users (id bigserial primary key, email text, phone_number text);
    create table conversation_states (id bigserial primary key, user_id bigint);
    create table conversation_messages (id bigserial primary key, conversation_id bigint, timestamp timestamptz);
    insert into users (email) select 'user' || n || '@school.edu' from generate_series(1, 1000) n`);
});
afterAll(stopServers);

test('TDA-05 the accounts can be made again, with tables in the database', () => {
  expect(server.accounts('personal-assistant')).toEqual({ status: 0, lines: [], error: '' });
});

describe('TDA-05 the application', () => {
  test('acts as app_user, and nobody logs in as that', () => {
    expect(asApi('select session_user, current_user').lines).toEqual(['api|app_user']);
    expect(server.ask(database, 'app_user', 'select 1')).toMatchObject({ status: 2 });
  });

  test('reads and writes rows, sequences included', () => {
    const made = asApi("insert into users (email) values ('new@school.edu') returning id > 1000");
    expect(made.lines).toEqual(['t']);
    expect(asApi("update users set phone_number = '1' where email = 'new@school.edu' returning email").lines).toEqual([
      'new@school.edu',
    ]);
    expect(asApi("delete from users where email = 'new@school.edu' returning email").lines).toEqual(['new@school.edu']);
  });

  test('has the same rights in tables of a later release', () => {
    asOwner('create table later (id bigserial primary key, note text)');
    expect(asApi("insert into later (note) values ('x') returning id").lines).toEqual(['1']);
  });

  test.each([
    'create table mine (id int)',
    'create schema mine',
    'alter table users add column mine int',
    'drop table users',
    'truncate users',
    'create index mine on users (email)',
    'set role personal_assistant_owner',
    "insert into slipway.releases (release) values ('forged')",
  ])('may not: %s', (sql) => {
    expect(asApi(sql)).toMatchObject(refused);
  });

  test('ALL-27 reads which releases are in the database', () => {
    asOwner("insert into slipway.releases (release) values ('0123456789')");
    expect(asApi('select release from slipway.releases').lines).toEqual(['0123456789']);
  });
});

describe('TDA-05 the backup', () => {
  test('dumps everything: tables, sequences, what came later', () => {
    const { status, lines, error } = server.run('pg_dump', ['--no-password'], database, 'backup_user');
    expect([status, error]).toEqual([0, '']);
    const dump = lines.join('\n');
    for (const part of ['COPY public.users', 'COPY public.later', "setval('public.users_id_seq'", 'COPY slipway.']) {
      expect(dump).toContain(part);
    }
  });

  test.each(["insert into users (email) values ('x')", 'delete from later', 'create table mine (id int)'])(
    'may not: %s',
    (sql) => {
      expect(asBackup(sql)).toMatchObject(refused);
    },
  );
});

test('TDA-05 replica_user streams and has no right on data', () => {
  const rights = server.ask(
    'postgres',
    'postgres',
    "select rolreplication, rolsuper, rolcanlogin, pg_has_role(rolname, 'pg_read_all_data', 'member') from pg_roles where rolname = 'replica_user'",
  );
  expect(rights.lines).toEqual(['t|f|t|f']);
  expect(server.ask(database, 'replica_user', 'select * from users')).toMatchObject({
    status: 2,
    error: expect.stringContaining('permission denied for database'),
  });
});

describe('TDA-25 the indexes', () => {
  const valid = () =>
    asOwner(
      "select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname like 'idx%' order by 1",
    ).lines;
  const all = [
    'idx_conversations_user_id|t',
    'idx_messages_conversation_id|t',
    'idx_messages_timestamp|t',
    'idx_users_email|t',
    'idx_users_phone|t',
  ];

  test('are built, as often as it runs', () => {
    expect([build(), build()]).toMatchObject([{ status: 0, error: '' }, { status: 0 }]);
    expect(valid()).toEqual(all);
  });

  test('are built while the application writes: nobody waits for them', async () => {
    asOwner('drop index idx_users_email');
    const [slow, builder] = [server.session(database, 'api'), server.session(database, 'personal_assistant_owner')];
    const end = () => Promise.all([slow.end('commit;'), builder.end()]);
    try {
      slow.tell("begin; insert into users (email) values ('slow@school.edu');");
      await eventually(() => asOwner("select 1 from pg_locks where relation = 'users'::regclass").lines.length);
      builder.tell(indexes);
      await eventually(() => asOwner('select 1 from pg_stat_progress_create_index').lines.length);
      expect(asApi("set lock_timeout = '1s'; insert into users (email) values ('quick@school.edu')").status).toBe(0);
    } finally {
      expect(await end()).toEqual([0, 0]);
    }
    expect(valid()).toEqual(all);
    const found =
      "set enable_seqscan = off; select count(*) from users where email in ('slow@school.edu', 'quick@school.edu')";
    expect(asApi(found).lines).toEqual(['2']);
  });

  test('that a failed build left invalid are dropped and built again', () => {
    asOwner(`drop index idx_users_email; insert into users (email) values ('twice'), ('twice')`);
    expect(asOwner('create unique index concurrently idx_users_email on users (email)').status).toBe(1);
    expect(valid()).toContain('idx_users_email|f');
    expect(build().status).toBe(0);
    expect(valid()).toEqual(all);
  });

  test('leave statistics behind', () => {
    expect(
      asOwner(
        "select last_vacuum is not null, last_analyze is not null from pg_stat_user_tables where relname = 'users'",
      ).lines,
    ).toEqual(['t|t']);
  });

  test('of a table that is missing end with its line', () => {
    asOwner('alter table conversation_messages rename to away; drop index idx_messages_conversation_id');
    const line = indexes.split('\n').findIndex((text) => text.includes('idx_messages_conversation_id on')) + 1;
    const { status, error } = build();
    asOwner('alter table away rename to conversation_messages');
    expect(status).toBe(3);
    expect(error).toMatch(new RegExp(`schema\\.sql:${line}: ERROR: +relation "conversation_messages" does not exist`));
  });
});
