import { App, Testing } from 'cdk8s';
import { Platform, type PlatformProps } from '../../charts/blocks/platform';
import type { PostgresProps } from '../../charts/blocks/postgres/postgres';
import { Service, type ServiceProps } from '../../charts/blocks/service';
import { find, type Manifest } from './manifests';

/** An image for each major version of PostgreSQL. */
const everyVersion = (image: string): PlatformProps['programs']['postgres'] => ({
  '14': `${image}:14.0`,
  '15': `${image}:15.0`,
  '16': `${image}:16.0`,
  '17': `${image}:17.0`,
  '18': `${image}:18.0`,
});

/** What an environment decides, for platforms of tests. */
export const environment: PlatformProps = {
  environment: 'production',
  rehearsal: false,
  highAvailability: true,
  secrets: { backend: 'cluster' },
  cluster: { domain: 'cluster.local', apiServer: ['10.0.0.0/8'] },
  programs: {
    node: 'docker.io/library/node:24.0.0',
    postgres: everyVersion('docker.io/percona/postgresql'),
    postgis: everyVersion('docker.io/percona/postgresql-with-postgis'),
    pgbouncer: 'docker.io/percona/pgbouncer:1.0.0',
    postgresExporter: 'quay.io/prometheuscommunity/postgres-exporter:v0.1.0',
    redis: 'docker.io/library/redis:8.0.0',
    redisExporter: 'docker.io/oliver006/redis_exporter:v1.0.0',
    neo4j: 'docker.io/library/neo4j:5.0.0-community',
    qdrant: 'docker.io/qdrant/qdrant:v1.0.0-unprivileged',
    nginx: 'docker.io/nginxinc/nginx-unprivileged:1.0.0',
    flower: 'docker.io/mher/flower:2.0.0',
  },
};

/** A platform with nothing in it. */
export const platform = (overrides: Partial<PlatformProps> = {}, id = 'school', app = new App()): Platform =>
  new Platform(app, id, { ...environment, ...overrides });

/** The least that an application needs to be said. */
export const program = { image: 'ghcr.io/school/api:1.2.3', size: { cpu: '1', memory: '1Gi' }, component: 'api' };

/** The least that a database needs to be said. */
export const database: PostgresProps = {
  size: { cpu: '1', memory: '2Gi', storage: '10Gi' },
  pooler: { cpu: '500m', memory: '128Mi', replicas: { min: 2, max: 3 }, poolSize: 20 },
  database: 'grades',
  owner: 'teacher',
  variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
  backup: { schedule: '0 2 * * *', retentionDays: 30, destinations: [{ kind: 'volume', storage: '20Gi' }] },
};

/** A small service on port 8000. */
export const service = (scope: Platform, id: string, props: Partial<ServiceProps> = {}): Service =>
  new Service(scope, id, { ...program, port: 8000, ...props });

/** All objects of a platform, as they would be written. */
export const manifests = (scope: Platform): Manifest[] => Testing.synth(scope) as Manifest[];

/** One object of a platform by `Kind/name`; Jobs are found without their fingerprint. */
export function object(scope: Platform, label: string): Manifest {
  const [kind = '', name = ''] = label.split('/');
  return find(manifests(scope), kind, name);
}

/** The kinds and names of all objects. */
export const labelsOf = (scope: Platform): string[] =>
  manifests(scope).map(({ kind, metadata }) => `${kind}/${metadata.name}`);

/** Where each prop of a block is seen: object, path in it, value. The type asks for all, later ones too. */
export type Traces<Props> = Readonly<
  Record<keyof Props, readonly [label: string, path: string | readonly string[], value: unknown]>
>;

/** One test for each prop of a block that is built with all of them. */
export function everyPropReachesTheOutput<Props>(build: () => Platform, traces: Traces<Props>): void {
  const cases = Object.entries(traces as Traces<Record<string, unknown>>);
  test.each(cases)('prop `%s` reaches the output', (_, [label, path, value]) => {
    expect(object(build(), label)).toHaveProperty(path, value);
  });
}
