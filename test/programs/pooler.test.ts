import { writeFileSync } from 'node:fs';
import { poolerGraceSeconds, poolerStop } from '../../charts/blocks/postgres/pooler-configuration';
import { eventually } from '../rehearsal/support';
import { password, Pooling, type Login } from './pooling';

const demand = {
  replicas: { min: 2, max: 2 },
  poolSize: 20,
  readPoolSize: 5,
  direct: { others: 12 },
  maxConnections: 115,
  clients: { marks: 300, homework: 200 },
  readers: { marks_reads: 30 },
};
const pooling = new Pooling(demand);
const marks: Login = { role: 'marks' };
const asPooler = { role: 'pooler', password: `${password}"` };

/** A transaction that takes some time, for pgbench. */
const slow = (seconds: number) => {
  writeFileSync(pooling.at('slow.sql'), `select pg_sleep(${seconds});\n`);
  return ['--no-vacuum', '--file', pooling.at('slow.sql')];
};

beforeAll(() => pooling.start());
afterAll(() => pooling.stop());

test('ALL-12 PgBouncer runs with what the file says, key by key', () => {
  const [, , ini = ''] = pooling.ini.split(/^\[(?:users|pgbouncer)\]$/m);
  const written = [...ini.matchAll(/^(\w+) = ?(.*)$/gm)].map(([, key, value]) => `${key}|${value}|`);
  const runs = pooling.console('show config').lines;
  expect(written.length).toBeGreaterThan(35);
  expect(written.filter((start) => !runs.some((line) => line.startsWith(start)))).toEqual([]);
});

describe('TDA-16 GOV-05 who logs in', () => {
  test('a client does as itself, and acts as the owner', () => {
    expect(pooling.ask('select session_user, current_user', marks).lines).toEqual(['marks|teacher']);
    const shown = `select distinct ssl, client_dn from pg_stat_ssl join pg_stat_activity using (pid)
      where usename in ('marks', 'pooler')`;
    expect(pooling.server(shown).lines).toEqual(['t|/CN=pooler']);
  });

  test.each<[string, Login, string]>([
    ['the superuser', { role: 'postgres' }, 'no such user'],
    ['who replicates', { role: 'replicator' }, 'no such user'],
    ['the exporter', { role: 'monitor' }, 'no such user'],
    ['who rewinds', { role: 'rewind' }, 'no such user'],
    ['the backup', { role: 'pgbackrest' }, 'no such user'],
    ['the pooler itself', asPooler, 'login rejected'],
    ['who has expired', { role: 'expired' }, 'no such user'],
    ['a role without login', { role: 'nobody' }, 'no such user'],
    ['somebody unknown', { role: 'unknown' }, 'no such user'],
    ['a wrong password', { role: 'marks', password: 'wrong' }, 'SASL authentication failed'],
    ['the database of the lookups', { role: 'marks', database: 'postgres' }, 'no authentication method'],
    ['the pooler in the database of the lookups', { ...asPooler, database: 'postgres' }, 'login rejected'],
    ['another database', { role: 'marks', database: 'template1' }, 'no authentication method'],
    ['the console from the network', { role: 'pgbouncer', database: 'pgbouncer' }, 'not allowed'],
    ['who speaks no TLS', { role: 'marks', sslmode: 'disable' }, 'SSL required'],
    ['who shows no certificate', { role: 'marks', shown: 'none' }, 'certificate required'],
    ['a certificate of another authority', { role: 'marks', shown: 'stranger' }, 'unknown ca'],
  ])('%s does not', (_, login, reason) => {
    expect(pooling.ask('select 1', login)).toMatchObject({
      status: 2,
      lines: [],
      error: expect.stringContaining(reason),
    });
  });

  test('nobody but the pooler looks up secrets', () => {
    const lookup = "select name, left(secret, 13) from pooler.lookup('marks')";
    const direct = { database: 'postgres', direct: true };
    expect(pooling.ask(lookup, { ...marks, ...direct }).error).toContain('permission denied for schema pooler');
    expect(pooling.ask(lookup, { ...asPooler, ...direct }).lines).toEqual(['marks|SCRAM-SHA-256']);
  });

  test('a server with a certificate of another authority gets no client', async () => {
    pooling.renew('server', 'other');
    pooling.reloadServer();
    pooling.console('reconnect');
    await eventually(() => pooling.ask('select 1', { ...marks, patienceSeconds: 2 }).error.includes('server login'));
    pooling.renew('server');
    pooling.reloadServer();
    await eventually(() => pooling.ask('select 1', marks).status === 0);
  });
});

describe('GOV-04 who reads from the replicas', () => {
  const reader: Login = { role: 'marks_reads', database: 'grades_replicas' };

  test('opens that database, and no other', () => {
    expect(pooling.ask('select session_user, current_database()', reader).lines).toEqual(['marks_reads|grades']);
    expect(pooling.ask('select 1', { role: 'marks_reads' }).error).toContain('login rejected');
    expect(pooling.ask('select 1', { ...reader, database: 'postgres_replicas' }).error).toContain('login rejected');
    expect(pooling.ask('select 1', { ...reader, role: 'marks' }).error).toContain('no authentication method');
  });

  test('opens no more to them than was reckoned with, however many come', async () => {
    const { ended } = pooling.background('pgbench', ['--client=30', '--jobs=2', ...slow(0.02), '--time=3'], reader);
    const counts: number[] = [];
    let running = true;
    const done = ended.finally(() => (running = false));
    const opened = "select count(*) from pg_stat_activity where usename = 'marks_reads'";
    while (running) {
      counts.push(Number(pooling.server(opened).lines[0]));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await done).toBe(0);
    // Two of its five look clients up.
    expect(Math.max(...counts)).toBe(3);
  });

  test('does not miss the primary, not even to log in', () => {
    pooling.server("alter role marks_reads password 'other'");
    for (const name of ['grades', 'postgres']) pooling.console(`pause ${name}`);
    // A new password is looked up: nothing of it is known here.
    expect(pooling.ask('select 1', { ...reader, password: 'other', patienceSeconds: 3 }).lines).toEqual(['1']);
    expect(pooling.ask('select 1', { ...marks, patienceSeconds: 3 }).status).not.toBe(0);
    for (const name of ['grades', 'postgres']) pooling.console(`resume ${name}`);
    expect(pooling.ask('select 1', marks).lines).toEqual(['1']);
    pooling.server(`alter role marks_reads password '${password}'`);
  });
});

describe('ALL-12 many clients on few connections', () => {
  const bench = (role: string, clients: number, ...more: string[]) =>
    pooling.background('pgbench', [`--client=${clients}`, '--jobs=2', ...more], { role });

  test('prepared statements outlive the transaction that made them', async () => {
    writeFileSync(pooling.at('prepared.sql'), 'select $$a$$, :client_id + random();\n');
    const options = ['--no-vacuum', '--protocol=prepared', '--transactions=50', '--file', pooling.at('prepared.sql')];
    const { output, ended } = bench('marks', 40, ...options);
    expect([await ended, output.error]).toEqual([0, '']);
    expect(output.lines).toContain('number of failed transactions: 0 (0.000%)');
    expect(output.lines).toContain('actually processed: 2000/2000');
  });

  test('500 clients never open more than the 20 connections that were reckoned with', async () => {
    const superuser = pooling.session({ role: 'postgres', database: 'postgres', direct: true });
    const options = [...slow(0.02), '--time=8'];
    const all = [bench('marks', 300, ...options), bench('homework', 200, ...options)];
    const most: Record<string, number> = {};
    const note = (key: string, number: number) => (most[key] = Math.max(most[key] ?? 0, number));
    let running = true;
    const ended = Promise.all(all.map((one) => one.ended)).finally(() => (running = false));
    while (running) {
      const opened = await superuser.tell(`select coalesce(usename, 'all'), count(*) from pg_stat_activity
        where usename in ('marks', 'homework', 'pooler') group by rollup (usename)`);
      for (const line of opened.split('\n')) note(line.split('|')[0] ?? '', Number(line.split('|')[1]));
      const clients = pooling.console('show lists').lines.find((line) => line.startsWith('used_clients|'));
      note('clients', Number(clients?.split('|')[1]));
    }
    await superuser.end();
    expect(await ended).toEqual([0, 0]);
    expect(all.map(({ output }) => output.error)).toEqual(['', '']);
    expect(most.clients).toBeGreaterThanOrEqual(500);
    expect(most.all).toBeGreaterThanOrEqual(17);
    // One server plays both parts here: two more look up who reads.
    expect(most.all).toBeLessThanOrEqual(demand.poolSize + 2);
    expect(most).toMatchObject({ marks: 10, homework: 7 });
  });

  test('who floods its own pool keeps nobody waiting', async () => {
    const { ended } = bench('marks', 60, ...slow(1), '--transactions=1');
    await eventually(() => pooling.console('show pools').lines.some((line) => line.startsWith('grades|marks|10|50|')));
    const began = Date.now();
    expect(pooling.ask('select 1', { role: 'homework' }).status).toBe(0);
    expect(Date.now() - began).toBeLessThan(1000);
    expect(await ended).toBe(0);
  });
});

describe('TDA-16 a server that goes away', () => {
  test('is not missed by a client that asks nothing meanwhile', async () => {
    const idle = pooling.session(marks);
    const pid = () => idle.tell('select pg_backend_pid()');
    const before = await pid();
    await pooling.stopServer();
    await pooling.startServer();
    // The pooler tries every second.
    await eventually(() => pooling.ask('select 1', { role: 'homework' }).status === 0);
    expect(await pid()).not.toBe(before);
    expect(await idle.end()).toBe(0);
  });

  test('and comes back as a replica keeps its clients waiting, until it is the primary', async () => {
    await pooling.stopServer();
    writeFileSync(pooling.at('data/standby.signal'), '');
    await pooling.startServer();
    const from = pooling.log.length;
    const writing = ['-XAtqc', 'create table written (); drop table written'];
    const { ended, output } = pooling.background('psql', writing, marks);
    // The role that it acts as could not end its connection: what is asked is who logged in.
    await eventually(() => pooling.log.slice(from).split('terminating connection due to administrator').length > 3);
    expect(output.error).not.toContain('ERROR');
    pooling.server('select pg_promote()');
    expect(await ended).toBe(0);
  });
});

test('TDA-16 a renewed certificate is shown within a minute, and no client notices', async () => {
  const serial = () => pooling.shown().match(/^serial=(.*)$/m)?.[1];
  const client = pooling.session(marks);
  await client.tell('begin; create temp table before () on commit drop');
  const before = serial();
  expect(before).toMatch(/^[0-9A-F]+$/);
  pooling.renew('tls');
  await eventually(() => serial() !== before);
  expect(await client.tell('select count(*) from before; commit')).toBe('0');
  expect(await client.end()).toBe(0);
});

describe('ALL-12 a pooler that leaves', () => {
  test('serves on at first, lets transactions end, and has gone in time', async () => {
    const [busy, idle] = [pooling.session(marks), pooling.session({ role: 'homework' })];
    await busy.tell('begin; create table left_behind (id int)');
    await idle.tell('select 1');
    const gone = pooling.stopPooler();
    expect(pooling.ask('select 1', { role: 'homework' }).status).toBe(0);
    await eventually(() => pooling.ask('select 1', { role: 'homework' }).error.includes('Connection refused'));
    await busy.tell('insert into left_behind values (1)');
    await busy.tell('commit');
    expect(await gone).toBeLessThan(15);
    expect(pooling.ask('select * from left_behind', { ...marks, direct: true }).lines).toEqual(['1']);
    await Promise.all([busy.end(), idle.end()]);
  });

  test('cuts off a transaction that does not end', async () => {
    await pooling.startPooler();
    const stuck = pooling.session(marks);
    await stuck.tell('begin; select 1');
    const gone = pooling.stopPooler(poolerStop.replace(/\.\.\d+/, '..2'));
    expect(await gone).toBeLessThan(10);
    await expect(stuck.tell('commit')).rejects.toThrow('connection to server was lost');
  });

  test('has its seconds from Kubernetes', () => {
    const seconds = [...poolerStop.matchAll(/sleep (\d+)$|\.\.(\d+)/gm)].map(([, wait, times]) =>
      Number(wait ?? times),
    );
    expect(seconds).toEqual([5, 45, 1]);
    expect(poolerGraceSeconds).toBeGreaterThanOrEqual(5 + 45 * 1 + 5);
  });
});
