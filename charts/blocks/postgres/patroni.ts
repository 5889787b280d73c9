import type { k8s } from 'cdk8s-plus-27';
import { stringify } from 'yaml';
import { hbaLine, identLine } from './backup/accounts';
import type { Parameters } from './tuning';

/** Roles that the server's own parts log in as; their passwords come from the environment. */
export const roles = { superuser: 'postgres', replication: 'replicator', rewind: 'rewind' } as const;

/** Who is the primary: a label of the pods that Patroni keeps (design: Services follow it). */
export const roleLabel = 'slipway.dev/role';

export const restPort = 8008;

export interface Cluster {
  /** Name of the StatefulSet: the scope of the lock and of the ConfigMaps that hold the state. */
  readonly name: string;
  /** Folder of the data, a subfolder of the volume. */
  readonly dataFolder: string;
  readonly members: number;
  readonly parameters: Parameters;
  /** Label that tells the members' pods from others, beside their name. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Where a member has its own files. */
export const memberFolder = '/etc/patroni';

/** Patroni reads YAML 1.1, to which a bare `on` is no text. */
const yaml = (value: object): string => stringify(value, { version: '1.1' });

const tls = { cert: '/tls/tls.crt', key: '/tls/tls.key', ca: '/tls/ca.crt' };

/**
 * What a member is, as its own file: a change replaces the pods. Addresses, names and passwords come from `PATRONI_*`.
 *
 * Source: Patroni's documentation, "YAML configuration settings".
 */
export const memberYaml = ({ name, dataFolder, labels }: Cluster): string =>
  yaml({
    scope: name,
    kubernetes: {
      // Not Endpoints: Kubernetes has deprecated them.
      use_endpoints: false,
      scope_label: 'app.kubernetes.io/name',
      role_label: roleLabel,
      leader_label_value: 'primary',
      follower_label_value: 'replica',
      labels,
    },
    restapi: {
      listen: `0.0.0.0:${restPort}`,
      certfile: tls.cert,
      keyfile: tls.key,
      cafile: tls.ca,
      // Whoever changes something shows a certificate; probes read, and have none.
      verify_client: 'optional',
    },
    ctl: { certfile: tls.cert, keyfile: tls.key, cacert: tls.ca },
    bootstrap: { initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'] },
    postgresql: {
      listen: '*:5432',
      data_dir: dataFolder,
      pgpass: '/tmp/pgpass',
      callbacks: { on_role_change: `python3 -B ${memberFolder}/relabel.py ${roleLabel}` },
      use_unix_socket: true,
      parameters: { unix_socket_directories: '/run/postgresql' },
      authentication: {
        superuser: { username: roles.superuser },
        replication: { username: roles.replication, ...verified },
        rewind: { username: roles.rewind, ...verified },
      },
      pg_hba: hba,
      pg_ident: ident,
    },
  });

/**
 * What every connection of a member to another has, as a service of libpq: the walreceiver of a replica gives up no
 * attempt by itself, and the address of a pod that is gone does not answer. Without it the kernel tries for two minutes.
 */
export const peers = { service: 'peers', file: '[peers]\ntcp_user_timeout=5000\n' };

/** How members speak to each other. */
const verified = { sslmode: 'verify-full', sslrootcert: tls.ca, sslcert: tls.cert, sslkey: tls.key };

/**
 * What the members agree on. Patroni reads it once, when the first member makes the cluster; a Job brings later changes
 * to it (see reconcile.py). A key that is left out there keeps its default.
 *
 * The lock is the lease of the primary: 20 seconds are the least that Patroni takes. A primary that cannot renew it
 * steps down before it ends (`loop_wait` + 2 × `retry_timeout` ≤ `ttl`).
 */
export const agreement = ({ members, parameters }: Cluster) => ({
  ttl: 20,
  loop_wait: 2,
  retry_timeout: 9,
  maximum_lag_on_failover: 32 * 1024 * 1024,
  // A commit is acknowledged when a replica has it; the only member of its cluster waits for nobody.
  synchronous_mode: members > 1,
  synchronous_node_count: 1,
  // The API server may be away: a primary that reaches all members goes on.
  failsafe_mode: members > 1,
  // A server that crashed is given these seconds to come back before a replica takes over.
  primary_start_timeout: 10,
  primary_stop_timeout: 10,
  postgresql: { use_pg_rewind: true, use_slots: true, parameters },
});

export const agreementYaml = (cluster: Cluster): string => yaml(agreement(cluster));

/** The agreement in the place where the first member looks for it. */
export const bootstrapYaml = (cluster: Cluster): string => yaml({ bootstrap: { dcs: agreement(cluster) } });

/** Names of the members' pods: `postgres-0`. */
export const memberNames = (cluster: string, members: number): string[] =>
  Array.from({ length: members }, (_, index) => `${cluster}-${index}`);

/** The ConfigMaps in which the members keep their state: `postgres-leader`. */
export const stateOf = (cluster: string): string[] =>
  ['config', 'leader', 'sync', 'failover'].map((part) => `${cluster}-${part}`);

/**
 * What Patroni and its command line do with the state of the cluster. What is made or listed has no name yet; what is
 * changed has one, so no other ConfigMap of the namespace is.
 */
export const stateRules = (cluster: string): k8s.PolicyRule[] => [
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'list', 'watch'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: stateOf(cluster), verbs: ['get', 'patch', 'update'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
];

/** What a member does besides: it says on its pod which role it has. */
export const memberRules = ({ name, members }: Cluster): k8s.PolicyRule[] => [
  ...stateRules(name),
  {
    apiGroups: [''],
    resources: ['pods'],
    resourceNames: memberNames(name, members),
    verbs: ['patch'],
  },
];

/** Who may log in: inside the pod its own user as the superuser, over the network a password and a certificate (TDA-07). */
export const hba = [
  'local all postgres peer map=pod',
  hbaLine,
  'local all all scram-sha-256',
  'hostssl replication all all scram-sha-256 clientcert=verify-ca',
  'hostssl all all all scram-sha-256 clientcert=verify-ca',
];

/** The operating system's user of the image, whatever its name, is the superuser inside the pod, and takes backups. */
export const ident = ['pod /^.*$ postgres', identLine];
