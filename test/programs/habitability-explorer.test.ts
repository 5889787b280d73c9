import { startServers, stopServers } from '../rehearsal/servers';
import { fileOf, Server } from './databases';

const schema = fileOf('habitability-explorer', 'database-migration', 'schema.sql');
const cleanup = fileOf('habitability-explorer', 'session-cleanup', 'task.sql');

let server: Server;
const asOwner = (sql: string) => server.ask('hwo_db', 'hwo_user', sql);
const asBackend = (sql: string) => server.ask('hwo_db', 'backend', sql);
const migrate = (text = schema) => server.file('hwo_db', 'hwo_user', 'schema.sql', text);

beforeAll(async () => {
  server = new Server((await startServers()).postgres);
});
afterAll(stopServers);

test('HWO-03 the bootstrap makes PostGIS and pg_stat_statements, as often as it runs', () => {
  expect(server.accounts('habitability-explorer').status).toBe(0);
  expect(server.accounts('habitability-explorer').status).toBe(0);
  expect(asOwner("select extname from pg_extension where extname like 'p%s' order by 1").lines).toEqual([
    'pg_stat_statements',
    'postgis',
  ]);
});

test('HWO-03 the owner may not make an extension that needs a superuser', () => {
  expect(asOwner('create extension file_fdw')).toMatchObject({
    status: 1,
    error: expect.stringContaining('permission denied to create extension'),
  });
});

test('ALL-27 a schema with a mistake in its middle leaves nothing, and names the line', () => {
  const broken = schema.replace('-- Planets near', 'select 1 / 0;\n-- Planets near');
  const line = broken.split('\n').indexOf('select 1 / 0;') + 1;
  const { status, error } = migrate(broken);
  expect(status).toBe(3);
  expect(error).toMatch(new RegExp(`schema\\.sql:${line}: ERROR: +division by zero`));
  expect(asOwner("select count(*) from pg_namespace where nspname = 'hwo'").lines).toEqual(['0']);
});

test('HWO-03 the schema is made by the first run and left alone by the second', () => {
  expect(migrate().status).toBe(0);
  asOwner("insert into hwo.exoplanets (planet_name, host_star) values ('Kepler-22 b', 'Kepler-22')");
  expect(migrate().status).toBe(0);
  expect(asOwner('select planet_name from hwo.exoplanets').lines).toEqual(['Kepler-22 b']);
});

test('HWO-03 what a half-made schema lacks is added', () => {
  asOwner('drop table hwo.user_sessions; drop index hwo.idx_exoplanets_habitability');
  expect(migrate().status).toBe(0);
  expect(
    asOwner("select to_regclass('hwo.user_sessions'), to_regclass('hwo.idx_exoplanets_habitability')").lines,
  ).toEqual(['hwo.user_sessions|hwo.idx_exoplanets_habitability']);
});

test('HWO-03 tables have the columns and indexes of the guide', () => {
  const columns = asOwner(
    "select table_name, string_agg(column_name, ' ' order by ordinal_position) from information_schema.columns " +
      "where table_schema = 'hwo' group by 1 order by 1",
  );
  expect(columns.lines).toEqual([
    'exoplanets|id planet_name host_star coordinates discovery_method discovery_year planet_radius planet_mass ' +
      'orbital_period semi_major_axis eccentricity equilibrium_temperature stellar_mass stellar_radius ' +
      'stellar_temperature habitability_score created_at updated_at',
    'user_sessions|session_id user_data created_at expires_at',
  ]);
  const indexes = asOwner(
    "select indexname from pg_indexes where schemaname = 'hwo' and indexname like 'idx%' order by 1",
  );
  expect(indexes.lines).toEqual([
    'idx_exoplanets_coordinates',
    'idx_exoplanets_discovery',
    'idx_exoplanets_habitability',
    'idx_exoplanets_stellar_type',
    'idx_sessions_expires',
  ]);
});

test('HWO-03 HWO-15 the backend finds planets near a point of the sky', () => {
  expect(
    asBackend(
      "insert into hwo.exoplanets (planet_name, host_star, coordinates) values ('near', 'a', 'point(10 10)'), ('far', 'b', 'point(80 40)')",
    ).status,
  ).toBe(0);
  const near = asBackend(
    "select planet_name from hwo.exoplanets where ST_DWithin(coordinates, 'point(10.1 10)'::geography, 50000)",
  );
  expect(near.lines).toEqual(['near']);
});

test('HWO-03 the clean-up deletes the sessions that have expired, and no other', () => {
  asBackend(
    `insert into hwo.user_sessions (user_data, expires_at) values
       ('{"name":"old"}', current_timestamp - interval '1 second'), ('{"name":"new"}', default)`,
  );
  expect(server.file('hwo_db', 'session_cleanup', 'task.sql', cleanup).status).toBe(0);
  expect(asBackend("select user_data->>'name' from hwo.user_sessions").lines).toEqual(['new']);
});
