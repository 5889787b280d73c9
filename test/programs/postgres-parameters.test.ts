import { readFileSync, rmSync } from 'node:fs';
import { parse } from 'yaml';
import { everywhere } from '../support/everywhere';
import { find } from '../support/manifests';
import { ask, Configured, equal } from './configured';
import { need } from '../support/need';
import { Files } from './pooling-files';

const from = 'PostgreSQL 17, its bin folder is not on PATH by default';
need({ initdb: from, postgres: from, psql: from, openssl: 'OpenSSL' });

const files = new Files('data', 'tls', 'log');
afterAll(() => files.remove());

let server: Configured;
beforeAll(() => {
  server = new Configured(files);
});

/** What the members of a committed platform agree on, with this machine's folders. */
function agreed(objects: (typeof everywhere)[number]['objects']): Record<string, string> {
  const text = find(objects, 'ConfigMap', 'postgres-settings').data?.['agreement.yml'] ?? '';
  const { parameters } = parse(text, { version: '1.1' }).postgresql as { parameters: Record<string, string> };
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, files.moved(value)]));
}

test.each(everywhere)(
  'ALL-13 PHY-20 GOV-05 HWO-04 TDA-22 PostgreSQL of $platform in $environment starts with its configuration, and shows it',
  async ({ objects }) => {
    const parameters = agreed(objects);
    expect(equal(await server.shown(parameters))).toEqual(equal(parameters));
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
  await server.serving(agreed(place?.objects ?? []), (port) => ask(port, 'select pg_sleep(1.1)'));
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
