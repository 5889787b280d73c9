import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { parse } from 'yaml';
import { eventually, freePort } from '../rehearsal/support';
import { everywhere } from '../support/everywhere';
import { find } from '../support/manifests';
import { need } from './need';
import { base, Files } from './pooling-files';

const from = 'PostgreSQL 17, its bin folder is not on PATH by default';
need({ initdb: from, postgres: from, psql: from, openssl: 'OpenSSL' });

const files = new Files('data', 'tls', 'log');
afterAll(() => files.remove());

beforeAll(() => {
  execFileSync('initdb', ['-D', files.at('data'), '-U', 'postgres', '-A', 'trust', '--no-sync'], { env: base });
  files.certificate('ca', 'tls', 'postgres');
});

/** What the members of a committed platform agree on, with this machine's folders. */
function agreed(objects: (typeof everywhere)[number]['objects']): Record<string, string> {
  const text = find(objects, 'ConfigMap', 'postgres-settings').data?.['agreement.yml'] ?? '';
  const { parameters } = parse(text, { version: '1.1' }).postgresql as { parameters: Record<string, string> };
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, files.moved(value)]));
}

/** Starts the server with the parameters, asks it something, and stops it. */
async function answer(parameters: Record<string, string>, sql: string): Promise<string> {
  const settings = {
    ...parameters,
    listen_addresses: '127.0.0.1',
    port: await freePort(),
    unix_socket_directories: '',
  };
  const psql = (sql: string) =>
    spawnSync('psql', ['-XAtq', '-h', '127.0.0.1', '-p', `${settings.port}`, '-U', 'postgres', '-c', sql], {
      env: base,
      encoding: 'utf8',
    });
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn('postgres', ['-D', files.at('data'), ...options], {
    env: base,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.on('data', (chunk) => (log += chunk));
  try {
    await eventually(() => {
      if (server.exitCode !== null) throw new Error(`expected the server to start, got: ${log}`);
      return psql('select 1').status === 0;
    });
    return psql(sql).stdout.trim();
  } finally {
    server.kill('SIGINT');
    await once(server, 'close');
  }
}

/** What the server shows for each of the parameters that it was started with. */
async function shown(parameters: Record<string, string>): Promise<Record<string, string>> {
  const names = Object.keys(parameters).map((name) => `('${name}')`);
  const rows = await answer(
    parameters,
    `select name, current_setting(name) from (values ${names.join(', ')}) asked (name)`,
  );
  return Object.fromEntries(rows.split('\n').map((row) => row.split(/\|(.*)/s).slice(0, 2)) as string[][]);
}

const memory = { unit: 'kB', factors: { kB: 1, MB: 1024, GB: 1024 * 1024 } };
const time = { unit: 'ms', factors: { ms: 1, s: 1000, min: 60_000 } };

/** The server shows 1024MB as 1GB, 1000ms as 1s, and compression by its method, which PostgreSQL 14 does not know. */
const comparable = (value: string): string => {
  if (value === 'pglz') return 'on';
  const [, amount, name = ''] = /^(\d+)([a-zA-Z]+)$/.exec(value) ?? [];
  const [scale] = [memory, time].filter(({ factors }) => name in factors);
  const factor = (scale?.factors as Record<string, number> | undefined)?.[name];
  return factor ? `${Number(amount) * factor}${scale?.unit}` : value;
};

const equal = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, comparable(value)]));

test.each(everywhere)(
  'ALL-13 PHY-20 GOV-05 HWO-04 TDA-22 PostgreSQL of $platform in $environment starts with its configuration, and shows it',
  async ({ objects }) => {
    const parameters = agreed(objects);
    expect(equal(await shown(parameters))).toEqual(equal(parameters));
  },
);

test('HWO-04 TDA-22 the figures of the guides are what the servers show', () => {
  const production = (platform: string) =>
    agreed(
      everywhere.find((place) => place.environment === 'production' && place.platform === platform)?.objects ?? [],
    );
  expect(production('habitability-explorer')).toMatchObject({
    ...{ max_connections: '200', shared_buffers: '4GB', effective_cache_size: '16GB', work_mem: '64MB' },
    ...{ maintenance_work_mem: '1GB', wal_buffers: '64MB', max_wal_size: '3GB', log_statement: 'mod' },
    log_min_duration_statement: '1000ms',
  });
  expect(production('personal-assistant')).toMatchObject({
    ...{ max_connections: '200', shared_buffers: '4GB', effective_cache_size: '12GB', work_mem: '64MB' },
    ...{ maintenance_work_mem: '512MB', checkpoint_completion_target: '0.9', wal_buffers: '16MB' },
    ...{ default_statistics_target: '100', random_page_cost: '1.1', effective_io_concurrency: '200' },
  });
  expect(production('ai-governance')).toMatchObject({ max_connections: '100' });
});

test('ALL-13 a slow statement is logged as JSON, and so is all that the server says', async () => {
  const [place] = everywhere;
  rmSync(files.at('log/postgresql.json'), { force: true });
  await answer(agreed(place?.objects ?? []), 'select pg_sleep(1.1)');
  const lines = readFileSync(files.at('log/postgresql.json'), 'utf8').trim().split('\n');
  const messages = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(messages).toContainEqual(
    expect.objectContaining({
      user: 'postgres',
      error_severity: 'LOG',
      message: expect.stringMatching(/^duration: 1\d{3}\.\d+ ms {2}statement: select pg_sleep\(1\.1\)$/),
    }),
  );
});
