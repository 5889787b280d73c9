import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapYaml, memberYaml, peers, type Cluster } from '../../charts/blocks/postgres/patroni';
import { parameters } from '../../charts/blocks/postgres/tuning';
import { need } from '../support/need';

const cluster = (members: number): Cluster => ({
  name: 'postgres',
  dataFolder: '/pgdata/pg17',
  members,
  parameters: parameters({ cpu: '1', memory: '2Gi', storage: '10Gi' }, 200, '17'),
  labels: { 'app.kubernetes.io/component': 'database' },
});

/** What Patroni says of the files of a member, as its pod has them. */
function validated(members: number, change: (text: string) => string = (text) => text) {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-patroni-'));
  writeFileSync(join(folder, '1-member.yml'), change(memberYaml(cluster(members))));
  writeFileSync(join(folder, '2-cluster.yml'), change(bootstrapYaml(cluster(members))));
  writeFileSync(join(folder, 'pg_service.conf'), peers.file);
  const address = 'postgres-0.postgres-pods';
  const env = {
    ...process.env,
    PATRONI_NAME: 'postgres-0',
    PATRONI_KUBERNETES_NAMESPACE: 'school',
    PATRONI_POSTGRESQL_CONNECT_ADDRESS: `${address}:5432`,
    PATRONI_RESTAPI_CONNECT_ADDRESS: `${address}:8008`,
  };
  const { status, stdout, stderr } = spawnSync('patroni', ['--validate-config', folder], { env, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}`.trim() };
}

beforeAll(() => need({ patroni: 'Patroni' }));

test.each([1, 3])('TDA-04 Patroni takes the configuration of a member, one of %i', (members) => {
  expect(validated(members)).toEqual({ status: 0, said: '' });
});

test('TDA-04 Patroni takes no shorter lease', () => {
  const { status, said } = validated(3, (text) => text.replace('ttl: 20', 'ttl: 19'));
  expect(status).not.toBe(0);
  expect(said).toMatch(/ttl/);
});
