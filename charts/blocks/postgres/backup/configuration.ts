/** What pgBackRest calls this cluster, in the repository and in what its certificates allow. */
export const stanza = 'db';
/** Port of pgBackRest's server. */
export const port = 8432;
/** What PostgreSQL needs for its write-ahead log to travel; `archive_timeout` bounds what a disaster may cost (TDA-12). */
export const archiveParameters = {
  archive_mode: 'on',
  // A minute, with the way to the repository.
  archive_timeout: '50s',
  archive_command: 'bash /etc/pgbackrest/push.sh "%p"',
  restore_command: 'bash /etc/pgbackrest/get.sh %f "%p"',
} as const;

/** The folder of the cluster's socket; the spool holds write-ahead log on its way out. */
const folders = { spool: '/pgdata/spool', socket: '/run/postgresql' };
/** Where a claim that holds a repository is mounted. */
export const repositoryFolder = '/repository';
/** Role that takes backups. */
export const role = 'pgbackrest';
/** Common names of certificates: who asks is who the certificate says (least privilege, ALL-16). */
export const commonNames = { member: 'postgres', job: 'pgbackrest', repository: 'postgres-repository' };
/** Files of the certificate that every pod has. */
const certificate = { ca: '/tls/ca.crt', cert: '/tls/tls.crt', key: '/tls/tls.key' };

/** A place for backups: a claim in the cluster behind a host of its own, or a bucket. */
export type Repository =
  | { readonly kind: 'volume'; readonly host: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Host and, where it is not 443, port. */
      readonly endpoint: string;
      readonly region: string;
      /** `path` for servers without a DNS name for each bucket, such as MinIO. */
      readonly uriStyle: 'host' | 'path';
      /** The authority of the endpoint's certificate, PEM. @default - those that the image trusts */
      readonly authority?: string | undefined;
    };

export interface BackupLayout {
  /** Path of this cluster in every repository, never shared with another: `/physics-assistant/postgres/17`. */
  readonly path: string;
  readonly retentionDays: number;
  /** Where every member has the data: `/pgdata/pg17`. */
  readonly dataFolder: string;
  /** Host names of the pods that may be the primary. */
  readonly members: readonly [string, ...string[]];
  /** In order: the first one is repository 1. */
  readonly repositories: readonly [Repository, ...Repository[]];
}

/** An option with several values is written several times. */
type Options = Readonly<Record<string, string | number | readonly string[]>>;

/** Name of the file that holds the authority of a bucket. */
const authorityFile = (number: number): string => `repository-${number}.crt`;

/** For the folder /etc/pgbackrest of whoever fetches: a member its write-ahead log, a restore a backup too. */
export const clientFiles = (layout: BackupLayout): Record<string, string> => ({
  'pgbackrest.conf': ini({
    global: {
      ...common,
      'archive-async': 'y',
      'spool-path': folders.spool,
      ...repositories(layout, overNetwork),
    },
    [stanza]: cluster(layout),
  }),
  ...authorities(layout),
});

/**
 * The same for a member, with a `push-<number>.conf` for each repository that it brings its write-ahead log to, see
 * push.sh. server.conf is that of the server through which Jobs read the data: it knows no repository and needs no
 * passphrase.
 */
export const memberFiles = (layout: BackupLayout): Record<string, string> => ({
  ...clientFiles(layout),
  ...Object.fromEntries(
    layout.repositories.map((_, index) => [
      `push-${index + 1}.conf`,
      ini({
        global: {
          ...common,
          'lock-path': `${common['lock-path']}/push-${index + 1}`,
          'archive-async': 'y',
          'spool-path': `${folders.spool}/push-${index + 1}`,
          // A repository that is away is named in PostgreSQL's log, and holds up a stop of it, which tries six times,
          // for one minute; pgBackRest's own minute would name nothing, and hold it up for six.
          'io-timeout': 10,
          'archive-timeout': 20,
          ...repositoryOptions(layout, index, overNetwork),
        },
        [stanza]: cluster(layout),
      }),
    ]),
  ),
  'server.conf': ini({ global: { ...common, ...server(commonNames.job) }, [stanza]: cluster(layout) }),
});

/** The same for the pods of Jobs that write backups: they find the primary among the members by themselves. */
export const jobFiles = (layout: BackupLayout): Record<string, string> => ({
  'pgbackrest.conf': ini({
    global: {
      ...common,
      'start-fast': 'y',
      'log-level-console': 'info',
      ...repositories(layout, (_, name) => ({ [`${name}-path`]: `${repositoryFolder}${layout.path}` }), {
        'retention-full-type': 'time',
        'retention-full': layout.retentionDays,
        bundle: 'y',
        block: 'y',
      }),
    },
    // While one repository is away, log reaches the other at the pace of the attempts.
    'global:backup': { 'archive-timeout': 300 },
    [stanza]: Object.assign(
      {},
      ...layout.members.map((host, index) => ({
        [`pg${index + 1}-host`]: host,
        [`pg${index + 1}-host-type`]: 'tls',
        [`pg${index + 1}-host-port`]: port,
        ...client(`pg${index + 1}-host`),
        [`pg${index + 1}-path`]: layout.dataFolder,
      })),
    ),
  }),
  ...authorities(layout),
});

/** The same for the host of a repository on a volume: it stores what is encrypted already and has no passphrase. */
export const repositoryFiles = ({ path }: BackupLayout): Record<string, string> => ({
  'pgbackrest.conf': ini({
    global: {
      ...common,
      // Members bring write-ahead log; a restore is not on the node of the volume.
      ...server(commonNames.member, commonNames.job),
      'repo1-path': `${repositoryFolder}${path}`,
    },
  }),
});

/** Locks and temporary files stand in /tmp, logs are the container's output. */
const common: Options = {
  'lock-path': '/tmp/pgbackrest',
  'log-level-file': 'off',
  'log-level-console': 'warn',
  'compress-type': 'zst',
  'process-max': 2,
};

/** The cluster as its own pods see it. */
const cluster = ({ dataFolder }: BackupLayout): Options => ({
  'pg1-path': dataFolder,
  'pg1-socket-path': folders.socket,
  'pg1-user': role,
});

/** pgBackRest's server, and the common names that may use it, for this cluster alone. */
const server = (...allowed: readonly string[]): Options => ({
  'tls-server-address': '*',
  'tls-server-port': port,
  'tls-server-ca-file': certificate.ca,
  'tls-server-cert-file': certificate.cert,
  'tls-server-key-file': certificate.key,
  'tls-server-auth': allowed.map((name) => `${name}=${stanza}`),
});

const client = (host: string): Options =>
  Object.fromEntries(Object.entries(certificate).map(([file, path]) => [`${host}-${file}-file`, path]));

type Reach = (repository: Repository & { kind: 'volume' }, name: string) => Options;

/** A volume is behind its host. */
const overNetwork: Reach = ({ host }, name) => ({
  [`${name}-host`]: host,
  [`${name}-host-type`]: 'tls',
  [`${name}-host-port`]: port,
  ...client(`${name}-host`),
});

const repositories = (layout: BackupLayout, reach: Reach, more: Options = {}): Options =>
  Object.assign({}, ...layout.repositories.map((_, index) => repositoryOptions(layout, index, reach, more)));

/**
 * One repository, by its number. Its passphrase and the keys of a bucket come from the environment; each file is
 * encrypted before it leaves the pod that writes it.
 */
function repositoryOptions(layout: BackupLayout, index: number, reach: Reach, more: Options = {}): Options {
  const repository = layout.repositories[index] as Repository;
  const name = `repo${index + 1}`;
  return {
    ...(repository.kind === 'volume' ? reach(repository, name) : bucket(repository, name, index + 1, layout.path)),
    [`${name}-cipher-type`]: 'aes-256-cbc',
    ...Object.fromEntries(Object.entries(more).map(([option, value]) => [`${name}-${option}`, value])),
  };
}

const bucket = (repository: Repository & { kind: 's3' }, name: string, number: number, path: string): Options => ({
  [`${name}-type`]: 's3',
  [`${name}-path`]: path,
  [`${name}-s3-bucket`]: repository.bucket,
  [`${name}-s3-endpoint`]: repository.endpoint,
  [`${name}-s3-region`]: repository.region,
  [`${name}-s3-uri-style`]: repository.uriStyle,
  ...(repository.authority && { [`${name}-storage-ca-file`]: `/etc/pgbackrest/${authorityFile(number)}` }),
});

const authorities = ({ repositories }: BackupLayout): Record<string, string> =>
  Object.fromEntries(
    repositories.flatMap((repository, index) =>
      repository.kind === 's3' && repository.authority
        ? [[authorityFile(index + 1), repository.authority] as const]
        : [],
    ),
  );

const ini = (sections: Readonly<Record<string, Options>>): string =>
  Object.entries(sections)
    .map(([section, options]) =>
      [
        `[${section}]`,
        ...Object.entries(options).flatMap(([name, value]) => [value].flat().map((one) => `${name}=${one}`)),
        '',
      ].join('\n'),
    )
    .join('\n');
