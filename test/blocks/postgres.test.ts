import { parse } from 'yaml';
import type { Platform } from '../../charts/blocks/platform';
import { Postgres, type PostgresProps } from '../../charts/blocks/postgres/postgres';
import { everyPropReachesTheOutput, labelsOf, manifests, object, platform, service } from '../support/testing';

const props: Required<PostgresProps> = {
  size: { cpu: '2', memory: '2Gi', storage: '100Gi' },
  version: '16',
  maxConnections: 120,
  pooler: { cpu: '500m', memory: '128Mi', replicas: { min: 2, max: 2 }, poolSize: 14, readPoolSize: 7 },
  documented: { memory: '2Gi', parameters: { work_mem: '63MB' } },
  database: 'grades',
  owner: 'teacher',
  variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
  readVariables: { url: 'REPLICA_URL', user: 'REPLICA_USER', password: 'REPLICA_PASSWORD' },
  backup: {
    schedule: '30 1 * * *',
    retentionDays: 14,
    destinations: [{ kind: 's3', bucket: 'school-backups', endpoint: 'https://s3.school.edu', region: 'eu-1' }],
  },
  extensions: ['postgis'],
  users: { application: 'pupil', backup: 'keeper_user', replication: 'copyist', readOnly: 'visitor' },
};

/** A platform with the database and services that use it. */
function school(...clients: string[]): Platform {
  const scope = platform();
  const postgres = new Postgres(scope, 'postgres', props);
  for (const id of clients) service(scope, id, { uses: { postgres } });
  return scope;
}

/** The same with a service that reads alone. */
function withReport(): Platform {
  const scope = platform();
  const postgres = new Postgres(scope, 'postgres', props);
  service(scope, 'api', { uses: { postgres } });
  service(scope, 'report', { uses: { replicas: postgres.replicas } });
  return scope;
}

const envOf = (scope: Platform, label: string) => object(scope, label).spec.template.spec.containers[0].env;

describe('a database with every prop', () => {
  everyPropReachesTheOutput<PostgresProps>(withReport, {
    size: ['StatefulSet/postgres', 'spec.volumeClaimTemplates.0.spec.resources.requests.storage', '100Gi'],
    version: [
      'ConfigMap/postgres-backup-configuration',
      ['data', 'pgbackrest.conf'],
      expect.stringMatching(/^repo1-path=\/school\/postgres\/16\n[^]*\npg1-path=\/pgdata\/pg16$/m),
    ],
    maxConnections: [
      'ConfigMap/postgres-settings',
      ['data', 'agreement.yml'],
      expect.stringContaining('max_connections: "120"'),
    ],
    documented: ['ConfigMap/postgres-settings', ['data', 'agreement.yml'], expect.stringContaining('work_mem: 63MB')],
    pooler: [
      'ConfigMap/postgres-pooler-configuration',
      ['data', 'pgbouncer.ini'],
      expect.stringContaining('max_db_connections=12'),
    ],
    database: [
      'ConfigMap/postgres-accounts',
      ['data', 'accounts.sql'],
      expect.stringContaining('alter database grades owner to teacher;'),
    ],
    owner: ['Job/postgres-accounts', 'spec.template.spec.containers.0.env.14.name', 'PASSWORD_TEACHER'],
    extensions: [
      'StatefulSet/postgres',
      'spec.template.spec.containers.0.image',
      'docker.io/percona/postgresql-with-postgis:16.0',
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
        { name: 'PGSSLMODE', value: 'verify-full' },
        { name: 'PGSSLROOTCERT', value: '/app/ssl/ca-cert.pem' },
        { name: 'PGSSLCERT', value: '/app/ssl/client-cert.pem' },
        { name: 'PGSSLKEY', value: '/app/ssl/client-key.pem' },
      ],
    ],
    readVariables: [
      'Deployment/report',
      'spec.template.spec.containers.0.env.2',
      { name: 'REPLICA_URL', value: 'postgresql://$(REPLICA_USER):$(REPLICA_PASSWORD)@postgres:5432/grades_replicas' },
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
    'PGSSLMODE',
    'PGSSLROOTCERT',
    'PGSSLCERT',
    'PGSSLKEY',
    'PASSWORD_REPLICATOR',
    'PASSWORD_REWIND',
    'PASSWORD_MONITOR',
    'PASSWORD_POOLER',
    'PASSWORD_TEACHER',
    'PASSWORD_KEEPER_USER',
    'PASSWORD_COPYIST',
    'PASSWORD_PGBACKREST',
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

/** Who may come in, and where. */
const entrances = (scope: Platform, name: string): string[] =>
  object(scope, `NetworkPolicy/${name}`).spec.ingress.map(
    ({ from, ports }: { from: [{ podSelector: { matchLabels: object } }]; ports: [{ port: number }] }) =>
      `${Object.values(from[0].podSelector.matchLabels).join()}:${ports[0].port}`,
  );

test('ALL-10 ALL-12 clients reach the pooler alone, and it the server', () => {
  const scope = school('api');
  expect(entrances(scope, 'postgres-pooler')).toEqual(['api:6432']);
  const helpers = /^postgres-(backup-|vacuum|reindex|restore|drill)/;
  expect(entrances(scope, 'postgres').filter((way) => !helpers.test(way))).toEqual([
    'postgres:5432',
    'postgres:8008',
    'postgres-settings:8008',
    'postgres-accounts:5432',
    'postgres-pooler:5432',
  ]);
});

test('ALL-07 TDA-04 who is ready is what Patroni says, and a server in recovery is not killed', () => {
  const [server] = object(school(), 'StatefulSet/postgres').spec.template.spec.containers;
  expect(server.livenessProbe.httpGet).toEqual({ path: '/liveness', port: 'patroni', scheme: 'HTTPS' });
  expect(server.readinessProbe.httpGet).toEqual({ path: '/readiness', port: 'patroni', scheme: 'HTTPS' });
});

describe('TDA-04 GOV-04 a database with failover', () => {
  const scope = school('api');
  const set = object(scope, 'StatefulSet/postgres');

  test('has three members on three nodes', () => {
    expect(set.spec.replicas).toBe(3);
    expect(set.spec.template.spec.affinity.podAntiAffinity).toEqual({
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: set.spec.selector.matchLabels } },
      ],
    });
  });

  test('has Services that follow the role, and one that names its members', () => {
    const selectors = ['postgres-primary', 'postgres-replicas'].map(
      (name) => object(scope, `Service/${name}`).spec.selector['slipway.dev/role'],
    );
    expect(selectors).toEqual(['primary', 'replica']);
    expect(object(scope, 'Service/postgres-pods').spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
  });

  test('goes on to the next member when one has been ready for some rounds of Patroni', () => {
    const { loop_wait } = parse(object(scope, 'ConfigMap/postgres-settings').data?.['agreement.yml'] ?? '');
    expect(object(scope, 'StatefulSet/postgres').spec.minReadySeconds).toBeGreaterThanOrEqual(3 * loop_wait);
  });

  test('acknowledges a commit when a replica has it', () => {
    expect(parse(object(scope, 'ConfigMap/postgres-settings').data?.['agreement.yml'] ?? '')).toMatchObject({
      synchronous_mode: true,
      failsafe_mode: true,
    });
  });

  test('has a primary that steps down before its lease ends', () => {
    const { ttl, loop_wait, retry_timeout } = parse(
      object(scope, 'ConfigMap/postgres-settings').data?.['agreement.yml'] ?? '',
    ) as Record<'ttl' | 'loop_wait' | 'retry_timeout', number>;
    expect(loop_wait + 2 * retry_timeout).toBeLessThanOrEqual(ttl);
  });

  test('keeps its state where nothing of ours stands', () => {
    const state = ['config', 'leader', 'sync', 'failover'].map((name) => `ConfigMap/postgres-${name}`);
    expect(labelsOf(scope).filter((label) => state.includes(label))).toEqual([]);
  });

  test('may do with its own ConfigMaps and pods what Patroni does, and nothing else', () => {
    const rule = (resource: string, verbs: string[], more = {}) => ({
      apiGroups: [''],
      resources: [resource],
      verbs,
      ...more,
    });
    const state = ['config', 'leader', 'sync', 'failover'].map((part) => `postgres-${part}`);
    expect(object(scope, 'Role/postgres').rules).toEqual([
      rule('configmaps', ['create', 'list', 'watch']),
      rule('configmaps', ['get', 'patch', 'update'], { resourceNames: state }),
      rule('pods', ['get', 'list', 'watch']),
      rule('pods', ['patch'], { resourceNames: ['postgres-0', 'postgres-1', 'postgres-2'] }),
    ]);
  });
});

test('ALL-12 ALL-09 the pods of the pooler share no node while another has none', () => {
  const [constraint] = object(school(), 'Deployment/postgres-pooler').spec.template.spec.topologySpreadConstraints;
  expect(constraint).toMatchObject({
    topologyKey: 'kubernetes.io/hostname',
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    nodeTaintsPolicy: 'Honor',
  });
});

test('TDA-04 a primary that is told to stop hands over before, where there is somebody', () => {
  const [server] = object(school(), 'StatefulSet/postgres').spec.template.spec.containers;
  const handOver = expect.stringMatching(
    /^timeout 30 python3 -B \/etc\/patroni\/hand_over\.py postgres \/etc\/patroni .*\|\| true$/,
  );
  expect(server.lifecycle.preStop.exec.command).toEqual(['bash', '-c', handOver]);
  expect(object(school(), 'ConfigMap/postgres-configuration').data).toHaveProperty(['hand_over.py']);
});

test('TDA-04 without high availability one member does the same', () => {
  const scope = platform({ highAvailability: false });
  new Postgres(scope, 'postgres', props);
  expect(object(scope, 'StatefulSet/postgres').spec.replicas).toBe(1);
  expect(parse(object(scope, 'ConfigMap/postgres-settings').data?.['agreement.yml'] ?? '')).toMatchObject({
    synchronous_mode: false,
  });
  expect(object(scope, 'StatefulSet/postgres').spec.template.spec.containers[0]).not.toHaveProperty('lifecycle');
});

test('TDA-07 PHY-23 nobody comes in over the network without TLS, a certificate and a password', () => {
  const member = parse(object(school(), 'ConfigMap/postgres-configuration').data?.['1-member.yml'] ?? '');
  expect(member.postgresql.pg_hba.filter((line: string) => line.startsWith('host'))).toEqual([
    'hostssl replication all all scram-sha-256 clientcert=verify-ca',
    'hostssl all all all scram-sha-256 clientcert=verify-ca',
  ]);
});

test('TDA-07 a client finds its certificate at the paths of the guide', () => {
  const { containers, volumes } = object(school('api'), 'Deployment/api').spec.template.spec;
  expect(containers[0].volumeMounts).toContainEqual({ name: 'api-client-tls', mountPath: '/app/ssl', readOnly: true });
  expect(volumes).toContainEqual({
    name: 'api-client-tls',
    secret: {
      secretName: 'api-client-tls',
      defaultMode: 0o440,
      items: [
        { key: 'tls.crt', path: 'client-cert.pem' },
        { key: 'tls.key', path: 'client-key.pem' },
        { key: 'ca.crt', path: 'ca-cert.pem' },
      ],
    },
  });
});

test('TDA-07 certificates are asked for by the names under which the server is called', () => {
  const names = (label: string) => object(school('api'), label).spec.dnsNames;
  expect(names('Certificate/postgres-tls')).toEqual(
    expect.arrayContaining([
      'postgres-primary',
      'postgres-replicas',
      'postgres-2.postgres-pods.school.svc.cluster.local',
    ]),
  );
  expect(names('Certificate/postgres-pooler-tls')).toEqual([
    'postgres',
    'postgres.school.svc',
    'postgres.school.svc.cluster.local',
  ]);
  expect(object(school('api'), 'Certificate/api-client-tls').spec).toMatchObject({
    commonName: 'api',
    usages: ['client auth'],
  });
});

test('ALL-27 without a release clients wait for nothing', () => {
  expect(object(school('api'), 'Deployment/api').spec.template.spec).not.toHaveProperty('initContainers');
});

test.each([
  ['the owner', 'teacher', { application: 'teacher' }],
  ['the exporter', 'monitor', { backup: 'monitor' }],
  ['the superuser', 'postgres', { replication: 'postgres' }],
  ['each other', 'pupil', { application: 'pupil', backup: 'pupil' }],
  ['who reads alone', 'read_only', { backup: 'read_only' }],
])('TDA-05 users with the name of %s are refused', (_, name, users) => {
  expect(() => new Postgres(platform(), 'postgres', { ...props, users })).toThrow(
    new Error(`expected the users of postgres to have names of their own, got \`${name}\` twice`),
  );
});

test.each(['teacher', 'monitor', 'postgres', 'replicator', 'pooler', 'pupil', 'keeper-user', 'copyist', 'visitor'])(
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
    'docker.io/percona/postgresql-with-postgis:16.0',
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
