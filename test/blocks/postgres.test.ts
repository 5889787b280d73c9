import type { Platform } from '../../charts/blocks/platform';
import { Postgres, type PostgresProps } from '../../charts/blocks/postgres/postgres';
import { everyPropReachesTheOutput, labelsOf, manifests, object, platform, service } from '../support/testing';

const props: Required<PostgresProps> = {
  size: { cpu: '2', memory: '2Gi', storage: '100Gi' },
  database: 'grades',
  owner: 'teacher',
  variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
  backup: { schedule: '30 1 * * *', retentionDays: 14, destination: { kind: 's3', bucket: 'school-backups' } },
  extensions: ['postgis'],
  users: { application: 'pupil', backup: 'keeper_user', replication: 'copyist' },
};

/** A platform with the database and services that use it. */
function school(...clients: string[]): Platform {
  const scope = platform();
  const postgres = new Postgres(scope, 'postgres', props);
  for (const id of clients) service(scope, id, { uses: { postgres } });
  return scope;
}

const envOf = (scope: Platform, label: string) => object(scope, label).spec.template.spec.containers[0].env;

describe('a database with every prop', () => {
  everyPropReachesTheOutput<PostgresProps>(() => school('api'), {
    size: ['StatefulSet/postgres', 'spec.volumeClaimTemplates.0.spec.resources.requests.storage', '100Gi'],
    database: [
      'ConfigMap/postgres-accounts',
      ['data', 'accounts.sql'],
      expect.stringContaining('alter database grades owner to teacher;'),
    ],
    owner: ['Job/postgres-accounts', 'spec.template.spec.containers.0.env.6.name', 'PASSWORD_TEACHER'],
    extensions: [
      'StatefulSet/postgres',
      'spec.template.spec.containers.0.image',
      'docker.io/percona/postgresql-with-postgis:17.0',
    ],
    users: [
      'Job/postgres-accounts',
      'spec.template.spec.containers.0.env',
      expect.arrayContaining([
        {
          name: 'PASSWORD_KEEPER_USER',
          valueFrom: { secretKeyRef: { name: 'postgres-keeper-user', key: 'password' } },
        },
        { name: 'PASSWORD_COPYIST', valueFrom: { secretKeyRef: { name: 'postgres-copyist', key: 'password' } } },
      ]),
    ],
    variables: [
      'Deployment/api',
      'spec.template.spec.containers.0.env',
      [
        { name: 'DB_USER', value: 'api' },
        { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'postgres-api', key: 'password' } } },
        { name: 'DATABASE_URL', value: 'postgresql://$(DB_USER):$(DB_PASSWORD)@postgres:5432/grades' },
      ],
    ],
    backup: [
      'StatefulSet/postgres',
      'metadata.annotations',
      {
        'slipway.dev/backup-schedule': '30 1 * * *',
        'slipway.dev/backup-retention-days': '14',
        'slipway.dev/backup-destination': 's3://school-backups',
      },
    ],
  });

  test('prop `size` limits CPU and memory of the server', () => {
    expect(object(school(), 'StatefulSet/postgres').spec.template.spec.containers[0].resources.limits).toMatchObject({
      cpu: '2',
      memory: '2Gi',
    });
  });
});

test('PHY-18 the claim has the name of the document', () => {
  expect(object(school(), 'StatefulSet/postgres').spec.volumeClaimTemplates[0].metadata.name).toBe('postgres-data');
});

test('PHY-18 volumes stay when the set is deleted or scaled down', () => {
  expect(object(school(), 'StatefulSet/postgres').spec.persistentVolumeClaimRetentionPolicy).toEqual({
    whenDeleted: 'Retain',
    whenScaled: 'Retain',
  });
});

test('PHY-22 each client has a password of its own', () => {
  const scope = school('agents-api', 'ml-engine');
  const secrets = ['agents-api', 'ml-engine'].map(
    (id) => envOf(scope, `Deployment/${id}`)[1].valueFrom.secretKeyRef.name,
  );
  expect(secrets).toEqual(['postgres-agents-api', 'postgres-ml-engine']);
});

test('PHY-22 the accounts are made for clients that are declared after the database', () => {
  const names = envOf(school('agents-api', 'ml-engine'), 'Job/postgres-accounts').map(
    ({ name }: { name: string }) => name,
  );
  expect(names).toEqual([
    'PGHOST',
    'PGPORT',
    'PGDATABASE',
    'PGUSER',
    'PGPASSWORD',
    'PGCONNECT_TIMEOUT',
    'PASSWORD_TEACHER',
    'PASSWORD_MONITOR',
    'PASSWORD_KEEPER_USER',
    'PASSWORD_COPYIST',
    'PASSWORD_AGENTS_API',
    'PASSWORD_ML_ENGINE',
  ]);
});

test('PHY-22 a new client makes a new Job of accounts', () => {
  const name = (scope: Platform) =>
    manifests(scope).find(({ kind, metadata }) => kind === 'Job' && metadata.name.startsWith('postgres-accounts'))
      ?.metadata.name;
  expect(name(school('api'))).toMatch(/^postgres-accounts-[0-9a-f]{10}$/);
  expect(name(school('api', 'engine'))).not.toBe(name(school('api')));
  expect(name(school('api'))).toBe(name(school('api')));
});

test('ALL-10 only clients, and the Job of accounts, reach the database', () => {
  const { ingress } = object(school('api'), 'NetworkPolicy/postgres').spec;
  expect(
    ingress.map(({ from: [{ podSelector }] }: { from: [{ podSelector: { matchLabels: object } }] }) =>
      Object.values(podSelector.matchLabels).join(),
    ),
  ).toEqual(['postgres-accounts', 'api']);
});

test('ALL-07 a server in recovery is not killed: liveness only asks for its port', () => {
  const [server] = object(school(), 'StatefulSet/postgres').spec.template.spec.containers;
  expect(server.livenessProbe.tcpSocket).toEqual({ port: 'postgres' });
  expect(server.readinessProbe.exec.command[0]).toBe('pg_isready');
});

test('ALL-27 without a release clients wait for nothing', () => {
  expect(object(school('api'), 'Deployment/api').spec.template.spec).not.toHaveProperty('initContainers');
});

test('a database has two Services: one for clients, one that names its pods', () => {
  const scope = school();
  expect(labelsOf(scope)).toEqual(expect.arrayContaining(['Service/postgres', 'Service/postgres-pods']));
  expect(object(scope, 'Service/postgres-pods').spec.clusterIP).toBe('None');
});

test.each([
  ['the owner', 'teacher', { application: 'teacher' }],
  ['the exporter', 'monitor', { backup: 'monitor' }],
  ['the superuser', 'postgres', { replication: 'postgres' }],
  ['each other', 'pupil', { application: 'pupil', backup: 'pupil' }],
])('TDA-05 users with the name of %s are refused', (_, name, users) => {
  expect(() => new Postgres(platform(), 'postgres', { ...props, users })).toThrow(
    new Error(`expected the users of postgres to have names of their own, got \`${name}\` twice`),
  );
});

test.each(['teacher', 'monitor', 'postgres', 'pupil', 'keeper-user', 'copyist'])(
  'PHY-22 TDA-05 a client that would take the role of another is refused: %s',
  (id) => {
    const scope = platform();
    const database = new Postgres(scope, 'database', props);
    expect(() => service(scope, id, { uses: { database } })).toThrow(
      new Error(
        `expected a client of database to have a role of its own, got \`${id.replace('-', '_')}\`, which is taken`,
      ),
    );
  },
);

test('HWO-03 with PostGIS whatever speaks to the server has its image', () => {
  const scope = school('api');
  const images = ['StatefulSet/postgres', 'Job/postgres-accounts'].flatMap((label) => {
    const { containers, initContainers = [] } = object(scope, label).spec.template.spec;
    return [...containers, ...initContainers].map(({ image }: { image: string }) => image);
  });
  expect([...new Set(images)].sort()).toEqual([
    'docker.io/percona/postgresql-with-postgis:17.0',
    'quay.io/prometheuscommunity/postgres-exporter:v0.1.0',
  ]);
});

test('a database with the name of a service is refused', () => {
  const scope = platform();
  service(scope, 'postgres');
  expect(() => new Postgres(scope, 'postgres', props)).toThrow(
    new Error('expected one workload with the name `postgres`, got two'),
  );
});

test('a client of another platform is refused', () => {
  const postgres = new Postgres(platform({}, 'university'), 'postgres', props);
  expect(() => service(platform(), 'api', { uses: { postgres } })).toThrow(
    new Error(
      'expected `api` to connect to a workload of its own platform school, got `postgres` of university: ' +
        'platforms meet through public routes only',
    ),
  );
});
