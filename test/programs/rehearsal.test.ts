import path from 'node:path';
import { Postgres, check as checkPostgres } from '../../charts/blocks/rehearsal/server/postgres.js';
import { Redis, check as checkRedis } from '../../charts/blocks/rehearsal/server/redis.js';
import { startServers, stopServers } from '../rehearsal/servers';
import { closeAll, eventually, run, start } from '../rehearsal/support';

let servers: Awaited<ReturnType<typeof startServers>>;
const within = () => AbortSignal.timeout(3000);

const postgresUrl = (password = 'pen%25cil', rest = 'postgres', as = 'postgres') =>
  `postgresql://${as}:${password}@127.0.0.1:${servers.postgres}/${rest}`;
const redisUrl = (login: string, database = '') => `redis://${login}@127.0.0.1:${servers.redis}${database}`;

async function query(sql: string, url = postgresUrl()) {
  const postgres = await Postgres.connect({ url }, within());
  try {
    return await postgres.query(sql);
  } finally {
    postgres.close();
  }
}

beforeAll(async () => {
  servers = await startServers();
  await query('create role by_password login; create role by_trust login');
  await query(`set password_encryption to md5; create role by_md5 login password 'pencil'`);
  for (const database of ['tls_only', 'app']) await query(`create database ${database}`);
});

afterAll(stopServers);
afterEach(closeAll);

describe('postgres.js against PostgreSQL', () => {
  test('logs in by SCRAM-SHA-256 and reads rows', async () => {
    expect(await checkPostgres({ url: postgresUrl() }, within())).toBeUndefined();
    expect(await query(`select 1, null, 'ä', ''; select true`)).toEqual([['1', null, 'ä', ''], ['t']]);
  });

  test.each([
    [
      'a wrong password',
      () => postgresUrl('crayon'),
      'password authentication failed for user "postgres" (SQLSTATE 28P01)',
    ],
    [
      'a wrong user',
      () => postgresUrl('pen%25cil', 'postgres', 'nobody'),
      'password authentication failed for user "nobody" (SQLSTATE 28P01)',
    ],
    ['no password', () => postgresUrl(''), 'password authentication failed for user "postgres" (SQLSTATE 28P01)'],
    [
      'a wrong database',
      () => postgresUrl('pen%25cil', 'nowhere'),
      'database "nowhere" does not exist (SQLSTATE 3D000)',
    ],
  ])('reports %s', async (_what, url, error) => {
    await expect(query('select 1', url())).rejects.toThrow(error);
  });

  test.each([
    ['by_password', 3],
    ['by_md5', 5],
  ])('refuses to send the password of %s by method %i', async (user, method) => {
    const refusal = `the server asks for a password in another way than SCRAM-SHA-256 (method ${method})`;
    await expect(query('select 1', postgresUrl('pencil', 'postgres', user))).rejects.toThrow(refusal);
  });

  test('needs no password where the server trusts the address', async () => {
    expect(await query('select current_user', postgresUrl('', 'postgres', 'by_trust'))).toEqual([['by_trust']]);
  });

  test('reports an error with its SQLSTATE and stays usable', async () => {
    const postgres = await Postgres.connect({ url: postgresUrl() }, within());
    await expect(postgres.query('select 1/0')).rejects.toMatchObject({
      message: 'division by zero (SQLSTATE 22012)',
      code: '22012',
    });
    expect(await postgres.query('select 2')).toEqual([['2']]);
    postgres.close();
  });

  test('speaks TLS where the URL asks for it', async () => {
    const ssl = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    const ca = encodeURIComponent(path.join(servers.folder, 'made.crt'));
    const to = (parameters: string) => query(ssl, postgresUrl('pen%25cil', `tls_only?${parameters}`));
    expect(await to('sslmode=require')).toEqual([['t']]);
    expect(await to(`sslmode=verify-ca&sslrootcert=${ca}`)).toEqual([['t']]);
    await expect(to('sslmode=verify-ca')).rejects.toThrow('self-signed certificate');
    await expect(to(`sslmode=verify-full&sslrootcert=${ca}`)).rejects.toThrow('IP: 127.0.0.1 is not in the cert');
    await expect(to('sslmode=disable')).rejects.toThrow('SQLSTATE 28000');
    await expect(to('sslmode=prefer')).rejects.toThrow('expected sslmode to be one of');
  });

  describe('PHY-23 where the URL does not name TLS', () => {
    const ssl = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    const own = process.env;
    beforeEach(() => {
      const PGSSLROOTCERT = path.join(servers.folder, 'made.crt');
      process.env = { ...own, PGSSLMODE: 'verify-ca', PGSSLROOTCERT };
    });
    afterEach(() => {
      process.env = own;
    });

    test('does as PGSSLMODE says', async () => {
      expect(await query(ssl, postgresUrl('pen%25cil', 'tls_only'))).toEqual([['t']]);
      process.env.PGSSLMODE = 'verify-full';
      await expect(query(ssl, postgresUrl('pen%25cil', 'tls_only'))).rejects.toThrow(
        'IP: 127.0.0.1 is not in the cert',
      );
      process.env.PGSSLMODE = 'prefer';
      await expect(query(ssl)).rejects.toThrow(
        'expected sslmode to be one of disable, require, verify-ca, verify-full',
      );
    });

    test.each(['sslmode', 'ssl'])('does as %s of the URL says before PGSSLMODE', async (parameter) => {
      expect(await query(ssl, postgresUrl('pen%25cil', `postgres?${parameter}=disable`))).toEqual([['f']]);
    });
  });
});

describe('redis.js against Redis', () => {
  test('logs in as an ACL user and selects a database', async () => {
    expect(await checkRedis({ url: redisUrl('cache:p%40ss', '/3') }, within())).toBeUndefined();
    const redis = await Redis.connect({ url: redisUrl('cache:p%40ss', '/3') }, within());
    await redis.call('SET', 'greeting', 'hällo\r\n');
    expect(await redis.call('GET', 'greeting')).toBe('hällo\r\n');
    expect(await redis.call('MGET', 'greeting', 'nothing')).toEqual(['hällo\r\n', null]);
    expect(await redis.call('CLIENT', 'INFO')).toContain(' db=3 ');
    redis.close();
  });

  test.each([
    ['a wrong password', 'cache:crayon', '', 'WRONGPASS'],
    ['a default user that is off', ':pencil', '', 'WRONGPASS'],
    ['no password', '', '', 'NOAUTH'],
    ['a database that does not exist', 'cache:p%40ss', '/99', 'ERR DB index is out of range'],
    ['a command that the user may not run', 'reader:pencil', '/1', 'NOPERM'],
  ])('reports %s', async (_what, login, database, error) => {
    await expect(checkRedis({ url: redisUrl(login, database) }, within())).rejects.toThrow(error);
  });
});

describe('the rehearsal server against both', () => {
  const connections = [
    { name: 'postgres', kind: 'postgres', url: 'DATABASE_URL' },
    { name: 'redis', kind: 'redis', url: 'REDIS_URL' },
  ];

  test('is healthy with the right passwords', async () => {
    const DATABASE_URL = postgresUrl();
    const { url } = await start({ connections }, { DATABASE_URL, REDIS_URL: redisUrl('cache:p%40ss') });
    const health = await eventually(async () => {
      const response = await fetch(`${url}/health`);
      return response.status === 200 ? response : undefined;
    });
    expect(await health.json()).toMatchObject({ connections: { postgres: { status: 'up' }, redis: { status: 'up' } } });
  });

  test('names the connection whose password is wrong, and not the password', async () => {
    const DATABASE_URL = postgresUrl('crayon');
    const { url, output } = await start({ connections }, { DATABASE_URL, REDIS_URL: redisUrl('cache:p%40ss') });
    await eventually(() => output.stdout.split('"event":"connection ').length === 3);
    const response = await fetch(`${url}/health`);
    const text = await response.text();
    expect(response.status).toBe(503);
    expect(JSON.parse(text).connections).toMatchObject({
      postgres: { status: 'down', error: expect.stringContaining('28P01') },
      redis: { status: 'up' },
    });
    expect(text + output.stdout).not.toContain('crayon');
  });
});

describe('migrate.js', () => {
  const tables = `select tablename from pg_tables where schemaname = 'public' order by 1`;
  const migrate = (RELEASE: string, more: Record<string, string> = {}) =>
    run('migrate.js', { DATABASE_URL: postgresUrl('pen%25cil', 'app'), RELEASE, ...more }).ended;
  const inDatabase = (sql: string) => query(sql, postgresUrl('pen%25cil', 'app'));

  test('that fails in the middle leaves no trace', async () => {
    const REHEARSAL_MIGRATION_SQL = 'create table plans (id int); select 1/0; create table results (id int)';
    const { code, stdout, stderr } = await migrate("1.0's", { REHEARSAL_MIGRATION_SQL });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe("release 1.0's was rolled back: division by zero (SQLSTATE 22012)\n");
    expect(await inDatabase(tables)).toEqual([]);
  });

  test('records the release once, however often and by however many it runs', async () => {
    const REHEARSAL_MIGRATION_SQL = 'create table if not exists plans (id int)';
    const all = await Promise.all([1, 2, 3].map(() => migrate("1.0's", { REHEARSAL_MIGRATION_SQL })));
    expect(all.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(3).fill({ code: 0, stderr: '' }));
    expect(all.filter(({ stdout }) => JSON.parse(stdout).new)).toHaveLength(1);
    expect(await inDatabase('select release from rehearsal_migrations')).toEqual([["1.0's"]]);
    expect(await inDatabase(tables)).toEqual([['plans'], ['rehearsal_migrations']]);
  });

  test('reports a wrong password without showing it', async () => {
    const { code, stderr } = await migrate('1.1', { DATABASE_URL: postgresUrl('crayon') });
    expect(code).toBe(1);
    expect(stderr).toContain('SQLSTATE 28P01');
    expect(stderr).not.toContain('crayon');
  });

  test('says what is missing', async () => {
    expect(await run('migrate.js', {}).ended).toMatchObject({
      code: 64,
      stderr: 'expected DATABASE_URL to be set, got nothing\nexpected RELEASE to be set, got nothing\n',
    });
  });
});
