import type { Connectable } from '../../charts/blocks/connection';
import type { PlatformProps } from '../../charts/blocks/platform';
import { Postgres } from '../../charts/blocks/postgres/postgres';
import { Release } from '../../charts/blocks/release';
import { database, object, platform, service } from '../support/testing';

const readable = {
  ...database,
  pooler: { ...database.pooler, poolSize: 15, readPoolSize: 5 },
  readVariables: { url: 'REPLICA_URL', user: 'REPLICA_USER', password: 'REPLICA_PASSWORD' },
};

/** A platform with a database that is released, and one service that uses it. */
function school(
  uses: (postgres: Postgres) => Record<string, Connectable>,
  props: Partial<PlatformProps> = {},
  databaseProps = readable,
) {
  const scope = platform(props);
  const postgres = new Postgres(scope, 'postgres', databaseProps);
  new Release(scope, 'migration', { database: postgres, sql: 'create table if not exists grades (id int)' });
  service(scope, 'api', { uses: uses(postgres) });
  return scope;
}
const [both, reading] = [
  (postgres: Postgres) => ({ postgres, replicas: postgres.replicas }),
  ({ replicas }: Postgres) => ({ replicas }),
];

const podOf = (scope: ReturnType<typeof school>) => object(scope, 'Deployment/api').spec.template.spec;
const files = (scope: ReturnType<typeof school>) => object(scope, 'ConfigMap/postgres-pooler-configuration').data ?? {};
const lines = (scope: ReturnType<typeof school>, of: RegExp) => files(scope)['pgbouncer.ini']?.match(of) ?? [];

describe('GOV-04 a service that writes, and reads from the replicas', () => {
  test('has two logins, under the names that the page gives them', () => {
    expect(podOf(school(both)).containers[0].env).toEqual(
      expect.arrayContaining([
        { name: 'DB_USER', value: 'api' },
        { name: 'DATABASE_URL', value: 'postgresql://$(DB_USER):$(DB_PASSWORD)@postgres:5432/grades' },
        { name: 'REPLICA_USER', value: 'api_reads' },
        { name: 'REPLICA_PASSWORD', valueFrom: { secretKeyRef: { name: 'postgres-api-reads', key: 'password' } } },
        {
          name: 'REPLICA_URL',
          value: 'postgresql://$(REPLICA_USER):$(REPLICA_PASSWORD)@postgres:5432/grades_replicas',
        },
      ]),
    );
  });

  test('waits for a release once, at the primary', () => {
    const gates = podOf(school(both)).initContainers;
    expect(gates).toHaveLength(1);
    expect(gates[0].env).toContainEqual({ name: 'PGDATABASE', value: 'grades' });
  });

  test('names the primary first', () => {
    expect(() => school((postgres) => ({ replicas: postgres.replicas, postgres }))).toThrow(
      'expected `uses` of api to name postgres before its replicas, got them the other way round',
    );
  });
});

describe('GOV-04 a service that reads alone', () => {
  test('waits for a release where it reads it', () => {
    const [gate] = podOf(school(reading)).initContainers;
    expect(gate.env).toEqual(
      expect.arrayContaining([
        { name: 'PGDATABASE', value: 'grades_replicas' },
        { name: 'PGUSER', value: 'api_reads' },
      ]),
    );
  });

  test('opens the replicas and nothing else', () => {
    expect(files(school(reading))['hba.conf']).toBe(
      `hostssl all pooler all reject
hostssl grades_replicas api_reads all scram-sha-256
hostssl all api_reads all reject
hostssl grades all all scram-sha-256
`,
    );
  });
});

test('GOV-04 the replicas are another server, with logins of its own', () => {
  expect(lines(school(both), /^(grades|postgres)_replicas = .*$/gm)).toEqual([
    'grades_replicas = host=postgres-replicas port=5432 dbname=grades max_db_connections=3 auth_dbname=postgres_replicas',
    'postgres_replicas = host=postgres-replicas port=5432 dbname=postgres pool_size=2 max_db_connections=2',
  ]);
});

test('GOV-04 a single member is read from where it is written to', () => {
  const alone = school(both, { highAvailability: false });
  expect(lines(alone, /^\w+_replicas = host=\S+/gm)).toEqual([
    'grades_replicas = host=postgres-primary',
    'postgres_replicas = host=postgres-primary',
  ]);
});

test('ALL-12 what is opened to replicas counts as if one of them had become the primary', () => {
  const pooler = { ...readable.pooler, poolSize: 32, readPoolSize: 5 };
  expect(() => school(both, {}, { ...readable, pooler })).toThrow(
    'expected `maxConnections` to be at least 205, got 200: 5 pods of the pooler (3, and 2 in a rolling update) × ' +
      '(32 + 5 to replicas), 17 past it and 3 reserved: raise it, or lower `pooler.poolSize`, `pooler.readPoolSize` or ' +
      '`pooler.replicas.max`',
  );
});

describe('a reader that cannot be', () => {
  test('is refused without names for its variables', () => {
    const { readVariables: _, ...unreadable } = readable;
    expect(() => school(both, {}, unreadable as typeof readable)).toThrow(
      'expected postgres to have `readVariables` for `api`, got none',
    );
  });

  test('is refused where the pooler opens too few connections to replicas', () => {
    const scope = school(both, {}, { ...readable, pooler: { ...readable.pooler, readPoolSize: 2 } });
    expect(() => files(scope)).toThrow(
      'expected `pooler.readPoolSize` to be at least 3, one for each of 1 clients, and 2 to look them up, got 2: ' +
        'raise it and `maxConnections`',
    );
  });

  test('is refused when a service has taken its role', () => {
    const scope = platform();
    const postgres = new Postgres(scope, 'postgres', readable);
    service(scope, 'api-reads', { uses: { postgres } });
    expect(() => service(scope, 'api', { uses: { replicas: postgres.replicas } })).toThrow(
      'expected a client of postgres to have a role of its own, got `api_reads`, which is taken',
    );
  });
});
