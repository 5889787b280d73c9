import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { apiAccess } from '../api-access';
import type { BackupPlan } from '../backup';
import { Configuration } from '../configuration';
import type { Container, Mount } from '../container';
import type { Variables } from '../environment';
import { exporter } from '../exporter';
import { metadata } from '../labels';
import { Platform, type PostgresVersion } from '../platform';
import { burstable, guaranteed } from '../quantity';
import type { SecretKey } from '../secrets';
import { StatefulSet } from '../statefulset';
import type { Backup } from './backup/backup';
import {
  agreement,
  bootstrapYaml,
  memberFolder,
  memberYaml,
  peers,
  restPort,
  roleLabel,
  roles,
  memberNames,
  memberRules,
  type Cluster,
} from './patroni';
import { drillQueries } from './restore/drills';
import { handOverScript, memberFiles, memberScript, prepareScript } from './scripts';
import { reconcile } from './reconcile';
import { parameters, sharedMemoryMiB, type Documented, type ServerSize } from './tuning';

export interface ServerProps {
  /** Of the server and of everything that speaks to it with psql. */
  readonly image: string;
  readonly exporterImage: string;
  /** Major version: its data stand in a folder of their own. */
  readonly version: PostgresVersion;
  readonly maxConnections: number;
  readonly size: ServerSize;
  /** Figures of a guide. @default - computed */
  readonly documented?: Documented | undefined;
  /** One, or three with failover. */
  readonly members: number;
  readonly plan: BackupPlan;
  readonly backup: Backup;
  /** Passwords of the roles that the members' own parts log in as. */
  readonly passwords: Readonly<Record<keyof typeof roles, SecretKey>>;
  /** The role of the exporter, and its password. */
  readonly monitor: { readonly role: string; readonly password: SecretKey };
}

export const port = 5432;
const metrics = { port: 9187, path: '/metrics' };
const queriesFolder = '/etc/postgres-exporter';

/** User number of the Percona image. */
export const user = 26;

/** Who has no name in the server's image. */
const exporterUser = 19_187;

/** Where every member has its data. */
export const dataFolderOf = (version: PostgresVersion): string => `/pgdata/pg${version}`;

/** Services of the server: who is primary, and who reads, follows the label that Patroni keeps. */
export const primaryOf = (id: string): string => `${id}-primary`;
export const replicasOf = (id: string): string => `${id}-replicas`;

export const temporary: Mount = { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 16 } };

/** A container of the server's image; small unless told otherwise. */
export const program = (
  name: string,
  props: Omit<Container, 'name' | 'resources' | 'share'> & Partial<Container>,
): Container => ({
  mounts: [temporary],
  resources: { cpu: '250m', memory: '128Mi' },
  share: burstable,
  ...props,
  name,
});

/**
 * The members of a PostgreSQL cluster: Patroni in every pod, its state in ConfigMaps that are not ours (notes on names:
 * `<id>-config`, `-leader`, `-sync`, `-failover`), and the Job that brings changed settings to it (TDA-04).
 */
export function server(scope: Construct, id: string, props: ServerProps): void {
  const { image, exporterImage, size, plan, backup, members, passwords, monitor } = props;
  const platform = Platform.of(scope);
  const dataFolder = dataFolderOf(props.version);
  const component = 'database';
  const cluster: Cluster = {
    name: id,
    dataFolder,
    members,
    parameters: parameters(size, props.maxConnections, props.version, props.documented),
    labels: { 'app.kubernetes.io/component': component },
  };
  const files = `${id}-configuration`;
  const member = memberYaml(cluster);
  new k8s.KubeConfigMap(scope, 'configuration', {
    metadata: metadata(files, { component }),
    data: {
      '1-member.yml': member,
      '2-cluster.yml': bootstrapYaml(cluster),
      'pg_service.conf': peers.file,
      ...memberFiles,
    },
  });
  const configuration: Mount = { path: memberFolder, volume: { files } };
  const certificate = platform.authority.server(id, [
    ...[primaryOf(id), replicasOf(id)].flatMap((name) => platform.names(name)),
    ...memberNames(id, members).flatMap((name) => platform.names(`${name}.${id}-pods`)),
    'localhost',
  ]);
  const token = apiAccess(scope, id, { component, rules: memberRules(cluster) });
  platform.network.connect(id, id, port);
  platform.network.connect(id, id, restPort);

  const data: Mount = { path: '/pgdata', volume: { claim: `${id}-data`, template: true } };
  const sockets: Mount = { path: '/run/postgresql', volume: { scratch: 'run', sizeMiB: 1, inMemory: true } };
  const address = platform.address(`$(PATRONI_NAME).${id}-pods`);
  const identity: Variables = {
    PATRONI_NAME: { field: 'metadata.name' },
    PATRONI_KUBERNETES_NAMESPACE: { field: 'metadata.namespace' },
    PATRONI_POSTGRESQL_CONNECT_ADDRESS: `${address}:${port}`,
    PATRONI_RESTAPI_CONNECT_ADDRESS: `${address}:${restPort}`,
  };
  const postgres = program('server', {
    image,
    command: ['bash', '-c', memberScript(id)],
    variables: {
      PGDATA: dataFolder,
      LANG: 'C.UTF-8',
      PGSERVICEFILE: `${configuration.path}/pg_service.conf`,
      PGSERVICE: peers.service,
      ...identity,
      PATRONI_SUPERUSER_PASSWORD: passwords.superuser,
      PATRONI_REPLICATION_PASSWORD: passwords.replication,
      PATRONI_REWIND_PASSWORD: passwords.rewind,
      ...backup.archiving.variables,
    },
    ports: { postgres: port, patroni: restPort },
    probes: {
      // Often: a primary that comes back from a crash serves nobody before both have answered.
      startup: { check: alive, periodSeconds: 1, failures: 300 },
      // Primary, or a replica that keeps up: not while the lease is lost, so that a Service leaves it.
      readiness: { check: { http: '/readiness', port: 'patroni', tls: true }, periodSeconds: 2 },
      // Patroni itself: a server in recovery refuses clients and must not be killed for it.
      liveness: { check: alive, periodSeconds: 20, failures: 6 },
    },
    mounts: [
      data,
      configuration,
      certificate,
      token,
      temporary,
      sockets,
      backup.archiving.mount,
      { path: '/dev/shm', volume: { scratch: 'shm', sizeMiB: sharedMemoryMiB(size), inMemory: true } },
    ],
    resources: size,
    share: guaranteed,
    ...(members > 1 && { preStop: ['bash', '-c', handOverScript(id)] }),
  });
  const queries = new Configuration(scope, `${id}-queries`, { 'queries.yaml': drillQueries });
  const monitoring = {
    ...exporter({
      image: exporterImage,
      port: metrics.port,
      healthPath: '/',
      variables: {
        DATA_SOURCE_URI: '/postgres?host=/run/postgresql&sslmode=disable',
        DATA_SOURCE_USER: monitor.role,
        DATA_SOURCE_PASS: monitor.password,
        PG_EXPORTER_EXTEND_QUERY_PATH: `${queriesFolder}/queries.yaml`,
      },
    }),
    mounts: [{ ...sockets, readOnly: true }, queries.at(queriesFolder)],
    // Whom the server's image does not know, the socket asks for a password: the pod's own user is the superuser there.
    user: exporterUser,
  };
  const prepare = program('prepare', {
    image,
    command: ['bash', '-c', prepareScript],
    variables: { PGDATA: dataFolder, LANG: 'C.UTF-8' },
    mounts: [data, temporary],
  });
  const label = (role: string) => ({ [roleLabel]: role });
  new StatefulSet(scope, id, {
    containers: [postgres, monitoring, backup.sidecar([{ ...data, readOnly: true }, sockets, certificate])],
    initContainers: [prepare],
    user,
    members,
    services: {
      [primaryOf(id)]: label('primary'),
      [replicasOf(id)]: label('replica'),
    },
    // A member that is back streams again, and the primary counts on it, before the next one ends.
    ...(members > 1 && { minReadySeconds: 5 * agreement(cluster).loop_wait }),
    claim: `${id}-data`,
    storage: size.storage,
    port: { name: 'postgres', number: port },
    metrics,
    backup: plan,
    // What the members agree on is brought to them while they run.
    restartOn: () => [member, peers.file],
    // A checkpoint of all shared buffers may take minutes.
    gracePeriodSeconds: 300,
  });
  reconcile(scope, id, { image, cluster, mounts: [configuration, certificate] });
}

const alive = { http: '/liveness', port: 'patroni', tls: true } as const;
