import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../support/manifests';
import { startServers, stopServers } from '../rehearsal/servers';
import { fileOf, Server } from './databases';

const script = join(root, 'docs', 'runbooks', 'dump-to-postgres.sh');
const folder = mkdtempSync(join(tmpdir(), 'slipway-dump-'));
const schema = fileOf('habitability-explorer', 'database-migration', 'schema.sql');

let server: Server;
const asBackend = (sql: string) => server.ask('hwo_db', 'backend', sql);
const planets = () => asBackend('select planet_name from hwo.exoplanets').lines;
const migrate = (database: string) => server.file(database, 'hwo_user', 'schema.sql', schema);

/** A file as the guide's `backup.sh` writes it, of a server that Compose ran. */
let dump: string;

beforeAll(async () => {
  server = new Server((await startServers()).postgres);
  server.accounts('habitability-explorer');
  server.ask('postgres', 'postgres', 'create database compose owner hwo_user');
  server.ask('compose', 'postgres', 'create extension postgis');
  // What a release adds, the database of before does not have.
  server.file('compose', 'hwo_user', 'older.sql', `${schema}\ndrop table hwo.user_sessions;`);
  server.ask(
    ...['compose', 'hwo_user'],
    "insert into hwo.exoplanets (planet_name, host_star, coordinates) values ('Kepler-22 b', 'Kepler-22', 'point(10 10)')",
  );
  dump = join(folder, 'compose.sql');
  server.run('pg_dump', ['--file', dump], 'compose', 'hwo_user');
});
afterAll(stopServers);
beforeEach(() => {
  server.ask('hwo_db', 'postgres', 'drop schema if exists hwo cascade');
  migrate('hwo_db');
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const half = (content: Buffer) => content.subarray(0, content.length / 2);

/** Runs the script, and what it wrote as the runbook does. */
function load(path: string, database = 'hwo_db', name = 'hwo') {
  const { status, stdout, stderr } = spawnSync('sh', [script, path, name], { encoding: 'utf8' });
  return status === 0 ? server.file(database, 'postgres', 'load.sql', stdout) : { status, error: stderr };
}

test.each([
  ['plain', () => dump],
  ['compressed', () => file('compose.sql.gz', gzipSync(readFileSync(dump)))],
])('HWO-11 a dump that is %s comes into a new platform, and serves it after its Jobs', (_kind, path) => {
  expect(load(path())).toMatchObject({ status: 0 });
  expect(server.accounts('habitability-explorer').status).toBe(0);
  expect(migrate('hwo_db').status).toBe(0);
  expect(planets()).toEqual(['Kepler-22 b']);
  const near =
    "select planet_name from hwo.exoplanets where ST_DWithin(coordinates, 'point(10.1 10)'::geography, 50000)";
  expect(asBackend(near).lines).toEqual(['Kepler-22 b']);
  expect(asBackend("insert into hwo.user_sessions (user_data) values ('{}')").status).toBe(0);
  const strangers =
    "select relname from pg_class where relnamespace = 'hwo'::regnamespace and relowner <> 'hwo_user'::regrole";
  expect(server.ask('hwo_db', 'postgres', strangers).lines).toEqual([]);
});

test('HWO-11 rows that are there are not overwritten', () => {
  asBackend("insert into hwo.exoplanets (planet_name, host_star) values ('kept', 'a')");
  expect(load(dump)).toMatchObject({
    status: 3,
    error: expect.stringContaining('expected table hwo.exoplanets to be empty, got rows: nothing is overwritten'),
  });
  expect(planets()).toEqual(['kept']);
});

test.each([
  ['lost its end', () => half(readFileSync(dump)), 'whole, got no last line of pg_dump'],
  ['lost its end, compressed', () => half(gzipSync(readFileSync(dump))), 'whole, got an end in its middle'],
  ['is for pg_restore', () => Buffer.from('PGDMP\n'), 'a plain dump, got one for pg_restore'],
  ['is empty', () => Buffer.alloc(0), 'a dump, got nothing there'],
])('HWO-11 a file that %s is refused, and nothing is written', (_what, content, message) => {
  const path = file('refused.sql', content());
  const { status, stdout, stderr } = spawnSync('sh', [script, path, 'hwo'], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`expected ${path} to be ${message}`);
});

test('HWO-11 a dump with a mistake in its middle leaves what was there', () => {
  const broken = readFileSync(dump, 'utf8').replace('COPY hwo.exoplanets', 'select 1 / 0;\nCOPY hwo.exoplanets');
  expect(load(file('broken.sql', broken))).toMatchObject({
    status: 3,
    error: expect.stringContaining('division by zero'),
  });
  expect(asBackend('select count(*) from hwo.user_sessions').lines).toEqual(['0']);
});

// At the end: the accounts of another platform take the roles of the same name.
test('ALL-17 a dump of the schema `public` comes in beside what the superuser has made there', () => {
  server.accounts('ai-governance');
  server.ask('aigov', 'aigov_user', 'create table users (id serial primary key, email text)');
  server.ask('postgres', 'postgres', 'create database school owner aigov_user');
  const tables =
    "create table users (id serial primary key, email text, note text); insert into users (email) values ('a@b.c')";
  server.ask('school', 'aigov_user', tables);
  const path = join(folder, 'school.sql');
  server.run('pg_dump', ['--file', path], 'school', 'aigov_user');
  expect(load(path, 'aigov', 'public')).toMatchObject({ status: 0, error: '' });
  expect(server.accounts('ai-governance')).toMatchObject({ status: 0, error: '' });
  const asClient = (sql: string) => server.ask('aigov', 'backend', sql);
  expect(asClient("insert into users (email) values ('d@e.f') returning id").lines).toEqual(['2']);
  expect(server.ask('aigov', 'backend_reads', 'select email, note is null from users').lines).toEqual([
    'a@b.c|t',
    'd@e.f|t',
  ]);
  const made = server.ask(
    'aigov',
    'postgres',
    "select extname, nspowner::regrole from pg_extension join pg_namespace on nspname = 'public' where extname like 'pg_s%'",
  );
  expect(made.lines).toEqual(['pg_stat_statements|aigov_user']);
});
