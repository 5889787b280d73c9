import type { Platform } from '../../charts/blocks/platform';
import { Postgres } from '../../charts/blocks/postgres/postgres';
import { Release, type ReleaseProps } from '../../charts/blocks/release';
import { everyPropReachesTheOutput, manifests, object, platform, service } from '../support/testing';

const database = (scope: Platform, id = 'postgres') =>
  new Postgres(scope, id, {
    size: { cpu: '1', memory: '2Gi', storage: '10Gi' },
    database: 'grades',
    owner: 'teacher',
    variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
    backup: { schedule: '0 2 * * *', retentionDays: 30, destination: { kind: 'volume' } },
  });

const migration = {
  image: 'ghcr.io/school/api:2.1.0',
  command: ['alembic', 'upgrade', 'head'],
  size: { cpu: '500m', memory: '256Mi' },
};

describe('a release with every prop', () => {
  const build = () => {
    const school = platform();
    const props: Required<ReleaseProps> = {
      ...migration,
      database: database(school),
      deadlineSeconds: 600,
      variables: { MODE: 'online' },
      externals: [{ name: 'flags', port: 443 }],
      mounts: [{ path: '/cache', volume: { scratch: 'cache', sizeMiB: 32 } }],
    };
    new Release(school, 'migration', props);
    return school;
  };
  const migrate = 'spec.template.spec.initContainers.1';
  everyPropReachesTheOutput<ReleaseProps>(build, {
    database: ['NetworkPolicy/migration', 'spec.egress.2.ports', [{ protocol: 'TCP', port: 5432 }]],
    image: ['Job/migration', `${migrate}.image`, 'ghcr.io/school/api:2.1.0'],
    command: ['Job/migration', `${migrate}.command`, ['alembic', 'upgrade', 'head']],
    size: ['Job/migration', `${migrate}.resources.limits.memory`, '256Mi'],
    deadlineSeconds: ['Job/migration', 'spec.activeDeadlineSeconds', 600],
    variables: ['Job/migration', `${migrate}.env`, expect.arrayContaining([{ name: 'MODE', value: 'online' }])],
    externals: ['NetworkPolicy/migration', 'spec.egress.1.ports', [{ protocol: 'TCP', port: 443 }]],
    mounts: [
      'Job/migration',
      `${migrate}.volumeMounts`,
      expect.arrayContaining([{ name: 'cache', mountPath: '/cache' }]),
    ],
  });
});

/** A platform with a migrated database, its client, and a client of another database. */
function school(props: Partial<ReleaseProps> = {}): Platform {
  const scope = platform();
  const postgres = database(scope);
  const archive = database(scope, 'archive');
  new Release(scope, 'migration', { ...migration, database: postgres, ...props });
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
  expect(jobName(school({ image: 'ghcr.io/school/api:2.2.0' }))).not.toBe(jobName(school()));
});

test('ALL-27 it migrates as the owner, after the accounts and before the record', () => {
  const { spec } = object(school(), 'Job/migration').spec.template;
  const names = [...spec.initContainers, ...spec.containers].map(({ name }: { name: string }) => name);
  expect(names).toEqual(['await-database', 'migrate', 'record']);
  expect(spec.initContainers[1].env).toEqual([
    { name: 'DB_USER', value: 'teacher' },
    { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'postgres', key: 'DB_PASSWORD' } } },
    { name: 'DATABASE_URL', value: 'postgresql://$(DB_USER):$(DB_PASSWORD)@postgres:5432/grades' },
    { name: 'RELEASE', value: '2.1.0' },
  ]);
});

test('ALL-27 a release that is declared after a client is refused', () => {
  const scope = platform();
  const postgres = database(scope);
  service(scope, 'api', { uses: { postgres } });
  expect(() => new Release(scope, 'migration', { ...migration, database: postgres })).toThrow(
    new Error('expected the release of postgres to be declared before `api` uses it'),
  );
});

test('ALL-27 a second release of one database is refused', () => {
  const scope = platform();
  const postgres = database(scope);
  new Release(scope, 'migration', { ...migration, database: postgres });
  expect(() => new Release(scope, 'again', { ...migration, database: postgres })).toThrow(
    new Error('expected one release of postgres, got two: its clients would wait for the second alone'),
  );
});
