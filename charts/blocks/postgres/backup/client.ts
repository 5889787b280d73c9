import type { Mount } from '../../container';
import type { Variables } from '../../environment';
import type { External } from '../../network';
import type { SecretKey } from '../../secrets';
import { role, stanza, type BackupLayout } from './configuration';

/** What every Job knows that works with the repositories: to write backups, or to restore them. */
export interface BackupClient {
  readonly image: string;
  readonly user: number;
  readonly layout: BackupLayout;
  /** Passphrases and keys of the repositories. */
  readonly variables: Variables;
  /** The Jobs' certificate, at /tls. */
  readonly tls: Mount;
  readonly database: BackedUpDatabase;
  /** A run that takes longer has failed. */
  readonly deadlineSeconds: number;
  /** Buckets, as the network sees them. @default - none */
  readonly externals?: readonly External[];
}

export interface BackedUpDatabase {
  /** Name of the StatefulSet, and of the workload whose pods are the members. */
  readonly server: string;
  /** The Service behind which the primary is. */
  readonly primary: string;
  readonly port: number;
  /** The Deployment through which clients come, and how many pods of it there are at least. */
  readonly pooler: { readonly name: string; readonly pods: number };
  /** Where the lock is taken and rows are counted. */
  readonly name: string;
  /** Of the role that takes backups. */
  readonly password: SecretKey;
}

/** How pgBackRest and the scripts find the repositories. */
export const repositoryVariables = ({ variables, layout }: BackupClient): Variables => ({
  ...variables,
  PGBACKREST_STANZA: stanza,
  REPOSITORIES: layout.repositories.map((_, index) => index + 1).join(' '),
});

/** How psql finds the primary, as the role that takes backups and with the certificate at /tls. */
export const primaryVariables = ({ database }: BackupClient): Variables => ({
  PGHOST: database.primary,
  PGPORT: `${database.port}`,
  PGDATABASE: database.name,
  PGUSER: role,
  PGPASSWORD: database.password,
  PGSSLMODE: 'verify-full',
  PGSSLROOTCERT: '/tls/ca.crt',
  PGSSLCERT: '/tls/tls.crt',
  PGSSLKEY: '/tls/tls.key',
  PGCONNECT_TIMEOUT: '10',
  LANG: 'C.UTF-8',
});
