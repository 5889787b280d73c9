import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { BackupPlan } from '../backup';
import type { Container, Mount } from '../container';
import { exporter } from '../exporter';
import { metadata } from '../labels';
import { burstable, guaranteed, type Resources } from '../quantity';
import type { SecretKey } from '../secrets';
import { StatefulSet } from '../statefulset';
import { prepareScript } from './scripts';
import { hbaConf, postgresConf } from './tuning';

export interface ServerProps {
  /** Of the server and of everything that speaks to it with psql. */
  readonly image: string;
  readonly exporterImage: string;
  readonly size: Resources & { readonly storage: string };
  readonly backup: BackupPlan;
  readonly superuser: SecretKey;
  /** The role of the exporter, and its password. */
  readonly monitor: { readonly role: string; readonly password: SecretKey };
}

export const port = 5432;
const metrics = { port: 9187, path: '/metrics' };

/** User number of the Percona image. */
export const user = 26;

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

/** The server itself: its configuration and the one pod that runs it, with the exporter of its metrics. */
export function server(scope: Construct, id: string, props: ServerProps): void {
  const { image, exporterImage, size, backup, superuser, monitor } = props;
  const files = `${id}-configuration`;
  const configuration = {
    'postgresql.conf': postgresConf(size),
    'pg_hba.conf': hbaConf,
    'pg_ident.conf': ident,
  };
  new k8s.KubeConfigMap(scope, 'configuration', {
    metadata: metadata(files, { component: 'database' }),
    data: configuration,
  });
  const data: Mount = { path: '/pgdata', volume: { claim: `${id}-data`, template: true } };
  const settings: Mount = { path: '/etc/postgres', volume: { files } };
  const postgres = program('server', {
    image,
    command: ['postgres', '-D', pgdata, ...Object.entries(fileFlags).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    variables: { PGDATA: pgdata, LANG: 'C.UTF-8' },
    ports: { postgres: port },
    probes: {
      startup: { check: ready, periodSeconds: 5, failures: 120 },
      readiness: { check: ready },
      // A server in recovery refuses clients and must not be killed for it: alive is a postmaster that listens.
      liveness: { check: { tcp: 'postgres' }, periodSeconds: 20, failures: 6 },
    },
    mounts: [
      data,
      settings,
      temporary,
      { path: '/run/postgresql', volume: { scratch: 'run', sizeMiB: 1, inMemory: true } },
      { path: '/dev/shm', volume: { scratch: 'shm', sizeMiB: 64, inMemory: true } },
    ],
    // A plain stop signal would wait for every client to leave: sessions end, transactions roll back, data is whole.
    preStop: ['pg_ctl', 'stop', '--mode', 'fast', '--wait', '--timeout', '240'],
    resources: size,
    share: guaranteed,
  });
  const monitoring = exporter({
    image: exporterImage,
    port: metrics.port,
    healthPath: '/',
    variables: {
      DATA_SOURCE_URI: `127.0.0.1:${port}/postgres?sslmode=disable`,
      DATA_SOURCE_USER: monitor.role,
      DATA_SOURCE_PASS: monitor.password,
    },
  });
  const prepare = program('prepare', {
    image,
    command: ['bash', '-c', prepareScript],
    variables: { PGDATA: pgdata, POSTGRES_PASSWORD: superuser, LANG: 'C.UTF-8' },
    mounts: [data, temporary],
  });
  new StatefulSet(scope, id, {
    containers: [postgres, monitoring],
    initContainers: [prepare],
    user,
    claim: `${id}-data`,
    storage: size.storage,
    port: { name: 'postgres', number: port },
    metrics,
    backup,
    restartOn: () => Object.values(configuration),
    // A checkpoint of all shared buffers may take minutes.
    gracePeriodSeconds: 300,
  });
}

/** A subfolder: the root of a volume belongs to the volume plugin. */
const pgdata = '/pgdata/pg17';

const fileFlags = {
  config_file: '/etc/postgres/postgresql.conf',
  hba_file: '/etc/postgres/pg_hba.conf',
  ident_file: '/etc/postgres/pg_ident.conf',
};

/** The operating system's user of the image, whatever its name, is the superuser inside the pod. */
const ident = 'pod /^.*$ postgres\n';

const ready = { command: ['pg_isready', '--quiet', '--host', '127.0.0.1', '--username', 'postgres'] };
