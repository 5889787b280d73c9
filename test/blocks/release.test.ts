import type { Platform } from '../../charts/blocks/platform';
import { Postgres } from '../../charts/blocks/postgres/postgres';
import { Release, type MigrationProps, type ReleaseProps } from '../../charts/blocks/release';
import { database, everyPropReachesTheOutput, manifests, object, platform, service } from '../support/testing';

const databaseOf = (scope: Platform, id = 'postgres') => new Postgres(scope, id, database);

const program: MigrationProps = {
  image: 'ghcr.io/school/api:2.1.0',
  command: ['alembic', 'upgrade', 'head'],
  size: { cpu: '500m', memory: '256Mi' },
};
const sql = 'create table if not exists grades (id int);\n';

describe('a release with every prop', () => {
  const everything: Required<MigrationProps> = {
    ...program,
    variables: { MODE: 'online' },
    externals: [{ name: 'flags', port: 443 }],
    mounts: [{ path: '/cache', volume: { scratch: 'cache', sizeMiB: 32 } }],
    rehearsal: 'create table if not exists pupils (id int)',
  };
  const build = (rehearsal = false) => {
    const school = platform({ rehearsal });
    const props: Required<ReleaseProps> = {
      database: databaseOf(school),
      program: everything,
      sql,
      deadlineSeconds: 600,
    };
    new Release(school, 'migration', props);
    return school;
  };
  const migrate = 'spec.template.spec.initContainers.1';
  everyPropReachesTheOutput<ReleaseProps>(build, {
    database: ['NetworkPolicy/migration', 'spec.egress.1.ports', [{ protocol: 'TCP', port: 5432 }]],
    program: ['Job/migration', `${migrate}.name`, 'migrate'],
    sql: ['ConfigMap/migration', ['data', 'schema.sql'], sql],
    deadlineSeconds: ['Job/migration', 'spec.activeDeadlineSeconds', 600],
  });
  everyPropReachesTheOutput<Omit<MigrationProps, 'rehearsal'>>(build, {
    image: ['Job/migration', `${migrate}.image`, 'ghcr.io/school/api:2.1.0'],
    command: ['Job/migration', `${migrate}.command`, ['alembic', 'upgrade', 'head']],
    size: ['Job/migration', `${migrate}.resources.limits.memory`, '256Mi'],
    variables: ['Job/migration', `${migrate}.env`, expect.arrayContaining([{ name: 'MODE', value: 'online' }])],
    externals: ['NetworkPolicy/migration', 'spec.egress.2.ports', [{ protocol: 'TCP', port: 443 }]],
    mounts: [
      'Job/migration',
      `${migrate}.volumeMounts`,
      expect.arrayContaining([{ name: 'cache', mountPath: '/cache' }]),
    ],
  });

  test('TDA-25 prop `rehearsal` is what a rehearsal runs in place of the command, and nobody else', () => {
    const variable = { name: 'REHEARSAL_MIGRATION_SQL', value: everything.rehearsal };
    expect(object(build(true), 'Job/migration')).toHaveProperty(`${migrate}.env`, expect.arrayContaining([variable]));
    expect(JSON.stringify(object(build(), 'Job/migration'))).not.toContain('REHEARSAL_MIGRATION_SQL');
  });
});

/** A platform with a migrated database, its client, and a client of another database. */
function school(props: Partial<ReleaseProps> = {}): Platform {
  const scope = platform();
  const postgres = databaseOf(scope);
  const archive = databaseOf(scope, 'archive');
  new Release(scope, 'migration', { program, database: postgres, ...props });
  service(scope, 'api', { uses: { postgres } });
  service(scope, 'reader', { uses: { archive } });
  service(scope, 'ui');
  return scope;
}

const initContainers = (scope: Platform, label: string) => object(scope, label).spec.template.spec.initContainers;

const jobName = (scope: Platform) =>
  manifests(scope).find(({ kind, metadata }) => kind === 'Job' && metadata.name.startsWith('migration-'))?.metadata
    .name;

test('ALL-27 only clients of the migrated database wait', () => {
  const scope = school();
  expect(initContainers(scope, 'Deployment/api').map(({ name }: { name: string }) => name)).toEqual(['await-release']);
  expect(initContainers(scope, 'Deployment/reader')).toBeUndefined();
  expect(initContainers(scope, 'Deployment/ui')).toBeUndefined();
});

test('ALL-27 clients wait for the very Job that is applied with them', () => {
  const scope = school();
  const { env } = initContainers(scope, 'Deployment/api')[0];
  const name = jobName(scope);
  expect(name).toMatch(/^migration-[0-9a-f]{10}$/);
  expect(env).toContainEqual({ name: 'JOB', value: name });
  expect(env).toContainEqual({ name: 'AWAITED', value: name?.slice('migration-'.length) });
});

test('ALL-27 clients wait as themselves, with their own password', () => {
  const { env } = initContainers(school(), 'Deployment/api')[0];
  expect(env).toContainEqual({ name: 'PGUSER', value: 'api' });
  expect(env).toContainEqual({
    name: 'PGPASSWORD',
    valueFrom: { secretKeyRef: { name: 'postgres-api', key: 'password' } },
  });
});

test('ALL-27 a new version is a new Job, the same version the same', () => {
  expect(jobName(school())).toBe(jobName(school()));
  expect(jobName(school({ program: { ...program, image: 'ghcr.io/school/api:2.2.0' } }))).not.toBe(jobName(school()));
});

test('ALL-27 it migrates as the owner, after the accounts and before the record', () => {
  const { spec } = object(school(), 'Job/migration').spec.template;
  const names = [...spec.initContainers, ...spec.containers].map(({ name }: { name: string }) => name);
  expect(names).toEqual(['await-database', 'migrate', 'record']);
  expect(spec.initContainers[1].env).toEqual([
    { name: 'DB_USER', value: 'teacher' },
    { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'postgres', key: 'DB_PASSWORD' } } },
    { name: 'DATABASE_URL', value: 'postgresql://$(DB_USER):$(DB_PASSWORD)@postgres-primary:5432/grades' },
    { name: 'PGSSLMODE', value: 'verify-full' },
    { name: 'PGSSLROOTCERT', value: '/app/ssl/ca-cert.pem' },
    { name: 'PGSSLCERT', value: '/app/ssl/client-cert.pem' },
    { name: 'PGSSLKEY', value: '/app/ssl/client-key.pem' },
    { name: 'RELEASE', value: '2.1.0' },
  ]);
});

test('ALL-27 a release that is declared after a client is refused', () => {
  const scope = platform();
  const postgres = databaseOf(scope);
  service(scope, 'api', { uses: { postgres } });
  expect(() => new Release(scope, 'migration', { program, database: postgres })).toThrow(
    new Error('expected the release of postgres to be declared before `api` uses it'),
  );
});

test('ALL-27 a second release of one database is refused', () => {
  const scope = platform();
  const postgres = databaseOf(scope);
  new Release(scope, 'migration', { program, database: postgres });
  expect(() => new Release(scope, 'again', { program, database: postgres })).toThrow(
    new Error('expected one release of postgres, got two: its clients would wait for the second alone'),
  );
});

describe('HWO-03 SQL of a release', () => {
  const steps = (scope: Platform) => initContainers(scope, 'Job/migration').map(({ name }: { name: string }) => name);

  test('runs after the application’s own migration', () => {
    expect(steps(school({ sql }))).toEqual(['await-database', 'migrate', 'schema']);
  });

  test('may be all there is', () => {
    const scope = platform();
    new Release(scope, 'migration', { database: databaseOf(scope), sql });
    expect(steps(scope)).toEqual(['await-database', 'schema']);
  });

  test('runs as the owner and ends at the first mistake', () => {
    const [, , schema] = initContainers(school({ sql }), 'Job/migration');
    expect(schema.command).toEqual(expect.arrayContaining(['ON_ERROR_STOP=1', '/schema/schema.sql']));
    expect(schema.env).toContainEqual({ name: 'PGUSER', value: 'teacher' });
  });

  test('that changes is a new Job', () => {
    expect(jobName(school({ sql }))).toBe(jobName(school({ sql })));
    expect(jobName(school({ sql: `${sql}select 1;` }))).not.toBe(jobName(school({ sql })));
  });

  test('is asked for when there is no program either', () => {
    const scope = platform();
    expect(() => new Release(scope, 'migration', { database: databaseOf(scope) })).toThrow(
      new Error('expected migration to have `program` or `sql`, got neither: it would migrate nothing'),
    );
  });
});
