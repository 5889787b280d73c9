import { Construct } from 'constructs';
import type { Platform } from '../../charts/blocks/platform';
import { Pooler, type PoolerProps } from '../../charts/blocks/postgres/pooler';
import { poolerHba, poolerIni } from '../../charts/blocks/postgres/pooler-configuration';
import {
  checkFits,
  directConnections,
  poolerSizes,
  type PoolerDemand,
} from '../../charts/blocks/postgres/pooler-sizes';
import { everyPropReachesTheOutput, object, platform } from '../support/testing';

const demand: PoolerDemand = {
  replicas: { min: 2, max: 3 },
  poolSize: 20,
  direct: { exporter: 2, migration: 4 },
  reserved: 4,
  maxConnections: 110,
  clients: { agents_api: 60, ml_engine: 30, beat: 1 },
};
const servers = { primary: 'here', replicas: 'there' };
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('ALL-12 GOV-05 the pods of a pooler', () => {
  test('fit their server exactly, with the two more of a rolling update', () => {
    expect(() => checkFits(demand)).not.toThrow();
    expect(5 * demand.poolSize + 2 + 4 + 4).toBe(demand.maxConnections);
  });

  test('with one connection too many are refused, with the way out', () => {
    expect(() => checkFits({ ...demand, maxConnections: 109 })).toThrow(
      new Error(
        'expected `maxConnections` to be at least 110, got 109: 5 pods of the pooler (3, and 2 in a rolling update) × 20, ' +
          '6 past it and 4 reserved: raise it, or lower `pooler.poolSize` or `pooler.replicas.max`',
      ),
    );
  });

  test('leave the connections alone that the server reserves by itself', () => {
    const { reserved: _, ...usual } = demand;
    expect(() => checkFits({ ...usual, maxConnections: 109 })).not.toThrow();
    expect(() => checkFits({ ...usual, maxConnections: 108 })).toThrow('3 reserved');
  });

  test.each([100, 200])('fit a server of %i connections beside all that goes past them', (maxConnections) => {
    const poolSize = Math.floor((maxConnections - 3 - sum(Object.values(directConnections))) / 4);
    expect(poolSize).toBeGreaterThanOrEqual(20);
    const replicas = { min: 2, max: 2 };
    expect(() => checkFits({ replicas, poolSize, direct: directConnections, maxConnections })).not.toThrow();
  });
});

describe('ALL-12 the shares of clients', () => {
  const { users, maxServers, maxClients } = poolerSizes(demand);

  test('are one for each and the rest by size, and never more than a client opens', () => {
    expect(users).toEqual({
      agents_api: { maxClients: 120, maxServers: 10 },
      ml_engine: { maxClients: 60, maxServers: 5 },
      beat: { maxClients: 2, maxServers: 1 },
    });
  });

  test('together leave one for others, so that nobody takes another’s', () => {
    expect(maxServers).toBe(demand.poolSize - 2);
    expect(sum(Object.values(users).map((user) => user.maxServers))).toBeLessThanOrEqual(maxServers - 1);
  });

  test('of the last pod hold all clients, twice while they roll', () => {
    expect(maxClients).toBeGreaterThanOrEqual(2 * sum(Object.values(demand.clients)));
  });

  test('need a connection each', () => {
    expect(poolerSizes({ ...demand, poolSize: 6 }).users).toMatchObject({ agents_api: { maxServers: 1 } });
    expect(() => poolerSizes({ ...demand, poolSize: 5 })).toThrow(
      new Error(
        'expected `pooler.poolSize` to be at least 6, one for each of 3 clients, one for others and 2 to look them up, ' +
          'got 5: raise it and `maxConnections`',
      ),
    );
  });

  test('are one also for who has no pod yet, for none would be no limit', () => {
    expect(poolerSizes({ ...demand, clients: { beat: 0 } }).users).toEqual({ beat: { maxClients: 2, maxServers: 1 } });
  });

  test('of nobody are none', () => {
    expect(poolerSizes({ ...demand, clients: {} })).toEqual({ maxClients: 10, maxServers: 18, users: {} });
  });
});

test('the database of the lookups is nobody’s', () => {
  expect(() => poolerIni('postgres', servers, poolerSizes(demand))).toThrow(
    new Error('expected `database` not to be `postgres`, which holds no data: choose another name'),
  );
});

test('TDA-16 everything is encrypted, and everybody proves who they are', () => {
  const ini = poolerIni('grades', servers, poolerSizes(demand));
  expect(ini.match(/^\w+_tls_sslmode = .*$/gm)).toEqual([
    'client_tls_sslmode = verify-full',
    'server_tls_sslmode = verify-full',
  ]);
  expect(poolerHba('grades', [])).toBe('hostssl all pooler all reject\nhostssl grades all all scram-sha-256\n');
});

const tls = { path: '/tls', volume: { certificate: 'postgres-pooler-tls' } };
const props: Required<PoolerProps> = {
  image: 'docker.io/percona/pgbouncer:1.0.0',
  size: { cpu: '500m', memory: '128Mi' },
  replicas: { min: 2, max: 3 },
  server: 'postgres',
  servers: { primary: 'postgres-primary', replicas: 'postgres-replicas' },
  database: 'grades',
  poolSize: 15,
  readPoolSize: 5,
  direct: { exporter: 2, migration: 4 },
  maxConnections: 109,
  clients: () => ({ agents_api: 60, ml_engine: 30 }),
  readers: () => ({ agents_api_reads: 60 }),
  password: { secret: 'postgres-pooler', key: 'password' },
  tls,
};

/** A platform with a server and the pooler in front of it. */
function school(more: Partial<PoolerProps> = {}): Platform {
  const scope = platform();
  scope.network.join(new Construct(scope, 'server'), 'postgres', 'database');
  new Pooler(scope, 'postgres-pooler', { ...props, ...more });
  return scope;
}

const template = (scope = school()) => object(scope, 'Deployment/postgres-pooler').spec.template;
const files = 'ConfigMap/postgres-pooler-configuration';
const ini = ['data', 'pgbouncer.ini'];

describe('a pooler with every prop', () => {
  everyPropReachesTheOutput<Omit<PoolerProps, 'direct' | 'maxConnections'>>(school, {
    image: ['Deployment/postgres-pooler', 'spec.template.spec.containers.0.image', props.image],
    size: ['Deployment/postgres-pooler', 'spec.template.spec.containers.0.resources.limits.cpu', '500m'],
    replicas: ['HorizontalPodAutoscaler/postgres-pooler', 'spec.maxReplicas', 3],
    server: ['Service/postgres', 'spec.selector', { 'app.kubernetes.io/name': 'postgres-pooler' }],
    servers: [files, ini, expect.stringContaining('grades = host=postgres-primary port=5432 dbname=grades ')],
    database: [files, ['data', 'hba.conf'], expect.stringContaining('hostssl grades all all scram-sha-256')],
    poolSize: [files, ini, expect.stringMatching(/^grades = .* max_db_connections=13 /m)],
    readPoolSize: [files, ini, expect.stringMatching(/^grades_replicas = .* max_db_connections=3 /m)],
    readers: [files, ini, expect.stringContaining('agents_api_reads = pool_size=3 max_user_client_connections=120')],
    clients: [files, ini, expect.stringContaining('ml_engine = pool_size=4 max_user_client_connections=60')],
    password: [
      'Deployment/postgres-pooler',
      'spec.template.spec.containers.0.env',
      [{ name: 'POOLER_PASSWORD', valueFrom: { secretKeyRef: { name: 'postgres-pooler', key: 'password' } } }],
    ],
    tls: [
      'Deployment/postgres-pooler',
      'spec.template.spec.containers.0.volumeMounts.2',
      { name: 'postgres-pooler-tls', mountPath: '/tls', readOnly: true },
    ],
  });

  test('prop `direct` counts', () => {
    expect(() => school({ direct: { exporter: 2, migration: 5 } })).toThrow('7 past it');
  });

  test('prop `maxConnections` is its limit', () => {
    expect(() => school({ maxConnections: 108 })).toThrow('expected `maxConnections` to be at least 109, got 108');
  });
});

test('ALL-12 a pod that leaves is gone before the next one does: those that fit are never exceeded', () => {
  const { spec } = object(school(), 'Deployment/postgres-pooler');
  expect(spec.minReadySeconds).toBeGreaterThanOrEqual(template().spec.terminationGracePeriodSeconds);
  expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  const alone = school({ replicas: { min: 1, max: 1 } });
  expect(object(alone, 'Deployment/postgres-pooler').spec.minReadySeconds).toBeUndefined();
});

test('ALL-12 clients find the pooler under the name of the server', () => {
  expect(object(school(), 'Service/postgres').spec.ports).toEqual([
    { name: 'postgres', port: 5432, targetPort: 'postgres', protocol: 'TCP' },
  ]);
  expect(template().spec.containers[0].ports).toEqual([{ name: 'postgres', containerPort: 6432, protocol: 'TCP' }]);
});

test('ALL-10 the pooler may call the server, and nobody else', () => {
  const { egress, ingress } = object(school(), 'NetworkPolicy/postgres-pooler').spec;
  expect(egress.slice(1)).toEqual([
    {
      to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'postgres' } } }],
      ports: [{ protocol: 'TCP', port: 5432 }],
    },
  ]);
  expect(ingress).toBeUndefined();
});

test('ALL-12 a pod has the time to let transactions end', () => {
  const { terminationGracePeriodSeconds, containers } = template().spec;
  expect(terminationGracePeriodSeconds).toBe(60);
  expect(containers[0].lifecycle.preStop.exec.command).toEqual(['bash', '-c', expect.stringContaining('kill -INT')]);
});

test('ALL-12 a client that is declared later replaces the pods', () => {
  const clients: Record<string, number> = { agents_api: 60 };
  const scope = school({ clients: () => clients });
  clients.ml_engine = 30;
  const configuration = (of: Platform) => template(of).metadata.annotations['slipway.dev/configuration'];
  expect(object(scope, files).data?.['pgbouncer.ini']).toContain('ml_engine = ');
  expect(configuration(scope)).not.toBe(configuration(school({ clients: () => ({ agents_api: 60 }) })));
});

test('the passwords of clients are in no file', () => {
  expect(Object.keys(object(school(), files).data ?? {})).toEqual(['hba.conf', 'pgbouncer.ini']);
  expect(template().spec.volumes).toContainEqual({ name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
});
