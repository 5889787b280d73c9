import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/manifests';
import { startServers, stopServers } from '../rehearsal/servers';
import { Server } from './databases';

const script = join(root, 'docs', 'runbooks', 'sqlite-to-postgres.sh');
const folder = mkdtempSync(join(tmpdir(), 'slipway-sqlite-'));

const tables = `
  create table users (id serial primary key, email text not null, active boolean, note text, made timestamp);
  create table answers (id serial primary key, user_id int references users, body text);`;

let server: Server;
beforeAll(async () => {
  server = new Server((await startServers()).postgres);
  server.accounts('ai-governance');
});
afterAll(stopServers);
beforeEach(() => {
  server.ask('aigov', 'aigov_user', `drop table if exists answers, users; ${tables}`);
});

/** The SQL for a file with these rows. */
function sqlFor(name: string, rows: string): string {
  const file = join(folder, `${name}.db`);
  const { status, stderr } = spawnSync('sqlite3', [file], {
    encoding: 'utf8',
    input: `create table users (id integer primary key, email text, active boolean, note text, made timestamp);
      create table answers (id integer primary key, user_id integer, body text);
      create table alembic_version (version_num text); insert into alembic_version values ('x'); ${rows}`,
  });
  if (status !== 0) throw new Error(`expected sqlite3 on PATH, got ${stderr}`);
  return execFileSync('sh', [script, file], { encoding: 'utf8' });
}
const load = (sql: string) => server.file('aigov', 'postgres', 'aigov.sql', sql);
const count = () =>
  server.ask('aigov', 'aigov_user', 'select (select count(*) from users), (select count(*) from answers)').lines;

const rows = `
  insert into users values (1, 'a@b.c', 1, null, '2026-01-02 03:04:05'), (7, 'x,"y', 0, '', '2026-01-02');
  insert into answers values (3, 7, 'two
lines'), (4, 1, 'ü');`;

test('GOV-17 every row of the SQLite file arrives as it was, and numbers go on above them', () => {
  expect(load(sqlFor('whole', rows))).toMatchObject({ status: 0, error: '' });
  const seen = server.ask('aigov', 'aigov_user', 'select id, email, active, note is null, made from users order by 1');
  expect(seen.lines).toEqual(['1|a@b.c|t|t|2026-01-02 03:04:05', '7|x,"y|f|f|2026-01-02 00:00:00']);
  expect(server.ask('aigov', 'aigov_user', 'select body from answers where id = 3').lines).toEqual(['two', 'lines']);
  expect(server.ask('aigov', 'aigov_user', "insert into users (email) values ('n') returning id").lines).toEqual(['8']);
});

test('GOV-17 a second time it ends and overwrites nothing', () => {
  const sql = sqlFor('twice', rows);
  load(sql);
  expect(load(sql)).toMatchObject({
    status: 3,
    error: expect.stringContaining('expected table answers to be empty, got rows: nothing is overwritten'),
  });
  expect(count()).toEqual(['2|2']);
});

test('GOV-17 a row that refers to nobody ends it, and leaves the database as it was', () => {
  expect(load(sqlFor('orphan', `${rows} insert into answers values (5, 99, 'whose?');`))).toMatchObject({
    status: 3,
    error: expect.stringContaining('expected every row of answers to refer to one of users'),
  });
  expect(count()).toEqual(['0|0']);
});

test('GOV-17 a file that is not there is named', () => {
  const { status, stderr } = spawnSync('sh', [script, join(folder, 'nothing.db')], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, expect.stringContaining('nothing.db to be an SQLite file, got nothing there')]);
});
