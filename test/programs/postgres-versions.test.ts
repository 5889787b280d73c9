import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountsSql } from '../../charts/blocks/postgres/accounts';
import { parameters } from '../../charts/blocks/postgres/tuning';
import { postgresVersions } from '../../config/figures';
import { Configured, equal } from './configured';
import { password, Server } from './databases';
import { need } from '../support/need';
import { Files } from './pooling-files';

need({ psql: 'PostgreSQL 17, its bin folder is not on PATH by default', openssl: 'OpenSSL' });

/** What is on PATH, every other test runs with. */
const others = postgresVersions.filter((version) => version !== '17');
const programsOf = (version: string) => join(__dirname, 'versions/node_modules', `postgres-${version}`, 'native/bin');
const missing = others.filter((version) => !existsSync(programsOf(version)));
if (missing.length > 0) {
  throw new Error(`expected PostgreSQL ${missing.join(', ')}, got none: npm ci --prefix test/programs/versions`);
}

describe.each(others)('TDA-04 PostgreSQL %s', (version) => {
  const files = new Files('data', 'tls', 'log');
  const declared = {
    ...parameters({ cpu: '2', memory: '4Gi', storage: '50Gi' }, 100, version),
    // These programs are built without lz4, which those of the images have.
    ...(version === '14' ? {} : { wal_compression: 'pglz' }),
  };
  /** What a document may ask the log for, and more. */
  const everything = {
    ...{ log_statement: 'all', log_min_duration_statement: '0', log_lock_waits: 'on' },
    ...{
      logging_collector: 'on',
      log_destination: 'stderr',
      log_directory: files.at('log'),
      log_filename: 'everything',
    },
  };
  const users = { application: 'pupil', backup: 'keeper', replication: 'copyist' };
  const clients = { writing: ['marks'], reading: ['marks-reads'] };
  const text = accountsSql({ database: 'grades', owner: 'teacher', extensions: [], users }, clients, 'monitor');
  const accounts = (database: Server) => database.file('postgres', 'postgres', 'accounts.sql', text);
  const moved = Object.fromEntries(Object.entries(declared).map(([name, value]) => [name, files.moved(value)]));
  let server: Configured;

  beforeAll(() => {
    server = new Configured(files, programsOf(version));
  });
  afterAll(() => files.remove());

  test('starts with the configuration that is computed for it, and shows it', async () => {
    expect(equal(await server.shown(moved))).toEqual(equal(moved));
  });

  test('TDA-05 has the accounts as declared, however often they are made', () =>
    server.serving(moved, (port) => {
      const database = new Server(port);
      for (const made of [accounts(database), accounts(database)]) {
        expect(made).toEqual({ status: 0, lines: [], error: '' });
      }
      const as = (role: string, sql: string) => database.ask('grades', role, sql);
      expect(as('teacher', 'create table marks (id int)')).toMatchObject({ status: 0 });
      expect(as('marks', 'insert into marks values (1) returning current_user').lines).toEqual(['pupil']);
      expect(as('keeper', 'select count(*) from marks').lines).toEqual(['1']);
      expect(as('marks_reads', 'select count(*), current_user from marks group by 2').lines).toEqual(['1|read_only']);
      expect(as('keeper', 'delete from marks').error).toContain('permission denied for table marks');
      for (const role of ['marks', 'keeper', 'monitor']) {
        expect(as(role, 'create table mine (id int)').error).toContain('permission denied for schema public');
      }
      expect(as('pgbackrest', 'select slipway_backup.rows()')).toMatchObject({ status: 0 });
    }));

  test('TDA-05 keeps passwords out of its log and of what the exporter reads, also when they cannot be set', () =>
    server.serving({ ...moved, ...everything }, (port) => {
      const database = new Server(port);
      const readOnly = (value: string) =>
        database.ask('postgres', 'postgres', `alter database postgres set default_transaction_read_only to ${value}`);
      expect(accounts(database)).toMatchObject({ status: 0 });
      readOnly('on');
      expect(accounts(database).error).toContain('cannot execute ALTER ROLE in a read-only transaction');
      readOnly('off');
      const log = readFileSync(files.at('log/everything'), 'utf8');
      expect(log).toContain('create schema if not exists slipway');
      expect(log).not.toContain(`'${password}'`);
      const seen = `select count(*) from pg_stat_statements where query ilike '%password%${password}%'`;
      expect(database.ask('grades', 'postgres', seen).lines).toEqual(['0']);
    }));
});
