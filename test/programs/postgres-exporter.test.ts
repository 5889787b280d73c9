import { writeFileSync } from 'node:fs';
import { drillQueries } from '../../charts/blocks/postgres/restore/drills';
import { eventually, freePort } from '../rehearsal/support';
import { need } from '../support/need';
import { Cluster, rolePassword, volume } from './pgbackrest-cluster';

let cluster: Cluster;
let port: number;

const metrics = async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  return (await answer?.text()) ?? '';
};

beforeAll(async () => {
  need({ postgres_exporter: 'postgres_exporter of Prometheus' });
  cluster = await new Cluster().start([volume]);
  port = await freePort();
  const queries = cluster.at('queries.yaml');
  writeFileSync(queries, drillQueries);
  cluster.spawn('exporter', 'postgres_exporter', [`--web.listen-address=127.0.0.1:${port}`], {
    DATA_SOURCE_URI: `/postgres?host=${cluster.at('run')}&port=${cluster.portOf('postgres')}&sslmode=disable`,
    DATA_SOURCE_USER: 'monitor',
    DATA_SOURCE_PASS: rolePassword,
    PG_EXPORTER_EXTEND_QUERY_PATH: queries,
  });
  await eventually(async () => (await metrics()).includes('pg_up 1'));
});
afterAll(() => cluster?.close());

/** What a Job of the drill writes. */
const record = (repository: number, succeeded: boolean, seconds: number, age = 'null') =>
  cluster.ask(
    `select slipway_backup.record_drill(${repository}, '20261101-020000F', ${succeeded}, ${seconds}, 4096, 77, ${age}, null)`,
    'pgbackrest',
  );

test('ALL-18 before the first drill there is no figure of one', async () => {
  expect(await metrics()).not.toContain('slipway_backup_drill');
});

test('ALL-18 the last drill of each repository is a metric', async () => {
  for (const drill of [record(1, false, 5), record(1, true, 6, '99'), record(2, false, 7)])
    expect(drill.status).toBe(0);
  const text = await metrics();
  const value = (name: string, repository: number) =>
    Number(
      new RegExp(`^slipway_backup_drill_${name}\\{[^}]*repository="${repository}"[^}]*\\} (\\S+)$`, 'm').exec(
        text,
      )?.[1],
    );
  expect([value('success', 1), value('success', 2)]).toEqual([1, 0]);
  expect([value('duration_seconds', 1), value('duration_seconds', 2)]).toEqual([6, 7]);
  expect([value('restored_bytes', 1), value('data_age_seconds', 1)]).toEqual([4096, 77]);
  expect(value('newest_row_age_seconds', 1)).toBe(99);
  expect(text).toMatch(/^slipway_backup_drill_newest_row_age_seconds\{[^}]*repository="2"[^}]*\} NaN$/m);
  expect(Math.abs(Date.now() / 1000 - value('finished_timestamp_seconds', 1))).toBeLessThan(60);
});

test('ALL-18 who writes the result cannot change it, and who reads it cannot write', () => {
  const denied = /permission denied/;
  expect(cluster.ask('delete from slipway_backup.drills', 'pgbackrest').said).toMatch(denied);
  expect(
    cluster.ask("set role monitor; insert into slipway_backup.drills values (now(), 1, '', true, 1)").said,
  ).toMatch(denied);
});
