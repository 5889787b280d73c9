import { Construct } from 'constructs';
import { bucketKeys, everySchedule, type BackupPlan, type Destination } from '../../backup';
import type { Container, Mount } from '../../container';
import type { Variables } from '../../environment';
import { externalAt, type External } from '../../network';
import { Platform, type PostgresVersion } from '../../platform';
import type { SecretKey } from '../../secrets';
import { memberFolder, memberNames } from '../patroni';
import { monthly, RestoreJobs } from '../restore/restore';
import type { BackedUpDatabase } from './client';
import { commonNames, type BackupLayout, type Repository } from './configuration';
import { longestIntervalHours } from './interval';
import { BackupJobs, schedulesOf } from './jobs';
import { MemberBackup } from './member';
import { RepositoryHost } from './repository';

export interface BackupProps {
  /** The server's own: pgBackRest comes with it. */
  readonly image: string;
  readonly user: number;
  readonly plan: BackupPlan;
  /** Of PostgreSQL: each major version has a place of its own, for backups of one are nothing to another. */
  readonly version: PostgresVersion;
  /** Where every member has the data: `/pgdata/pg17`. */
  readonly dataFolder: string;
  readonly members: number;
  /** Of one member: a copy takes as much. `100Gi` */
  readonly storage: string;
  readonly database: BackedUpDatabase;
  /** Roles that the members' own parts log in as, and their passwords. */
  readonly own: Readonly<Record<string, SecretKey>>;
}

const hour = 3600;

/**
 * The encrypted backup of a PostgreSQL cluster: write-ahead log that leaves the members as it is written, full and
 * incremental backups into every destination, a check of their age, a verification of their files (ALL-16, TDA-12).
 */
export class Backup extends Construct {
  private readonly member: MemberBackup;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: BackupProps,
  ) {
    super(scope, 'backup');
    const { image, user, plan, version, dataFolder, members, storage, database, own } = props;
    const platform = Platform.of(this);
    const { server } = database;
    const host = `${server}-repository`;
    const hosts = memberNames(server, members).map((name) => `${name}.${server}-pods`);
    const layout: BackupLayout = {
      path: `/${platform.space}/${server}/${version}`,
      retentionDays: plan.retentionDays,
      dataFolder,
      members: hosts.map((name) => platform.address(name)) as [string, ...string[]],
      repositories: plan.destinations.map((place) => repositoryOf(place, platform.address(host))) as [
        Repository,
        ...Repository[],
      ],
    };
    const variables = this.secrets(id);
    const externals = plan.destinations.flatMap((place) =>
      place.kind === 's3' ? [externalAt('backup-bucket', place.endpoint)] : [],
    );
    this.leave(externals);
    this.member = new MemberBackup(this, `${server}-pgbackrest`, layout, variables);

    const volume = plan.destinations.find((place) => place.kind === 'volume');
    const repository =
      volume &&
      new RepositoryHost(this, host, {
        image,
        user,
        layout,
        storage: volume.storage,
        storageClass: volume.storageClass,
        tls: platform.authority.server(host, platform.names(host)),
        server,
      });
    const certificate = platform.authority.issue({
      ...{ secret: `${id}-tls`, commonName: commonNames.job, dnsNames: [], usages: ['client auth'] },
    });
    const tls: Mount = { path: '/tls', volume: { certificate } };
    const common = { image, user, layout, variables, database, externals, tls, deadlineSeconds: 6 * hour };
    new BackupJobs(this, id, {
      ...common,
      schedules: schedulesOf(plan),
      // The next one may take two hours.
      maximumAgeHours: longestIntervalHours(everySchedule(plan)) + 2,
      lockSeconds: 3 * hour,
      repository: repository && { mount: repository.mount, host },
    });
    new RestoreJobs(this, `${server}-restore`, {
      ...common,
      members,
      own,
      claim: `${server}-data-${server}-0`,
      patroni: { path: memberFolder, volume: { files: `${server}-configuration` } },
      repositoryHost: repository && host,
      storage,
      drill: monthly,
    });
  }

  /** For the container that runs PostgreSQL: it brings write-ahead log to the repositories. */
  get archiving(): { readonly mount: Mount; readonly variables: Variables } {
    return this.member;
  }

  /** @param mounts of the server: data, socket and certificate */
  sidecar(mounts: readonly Mount[]): Container {
    return this.member.sidecar(this.props.image, mounts);
  }

  /** Passphrases and keys, as pgBackRest looks for them. */
  private secrets(id: string): Variables {
    const { secrets } = Platform.of(this);
    return Object.assign(
      {},
      ...this.props.plan.destinations.map(({ kind }, index) => {
        const name = `PGBACKREST_REPO${index + 1}`;
        const passphrase = secrets.declare(id, kind === 's3' ? 'BUCKET_PASSPHRASE' : 'VOLUME_PASSPHRASE');
        const keys = kind === 's3' ? bucketKeys(this) : undefined;
        return {
          [`${name}_CIPHER_PASS`]: passphrase,
          ...(keys && { [`${name}_S3_KEY`]: keys.id, [`${name}_S3_KEY_SECRET`]: keys.secret }),
        };
      }),
    ) as Variables;
  }

  private leave(externals: readonly External[]): void {
    for (const external of externals) Platform.of(this).network.leave(this.props.database.server, external);
  }
}

function repositoryOf(place: Destination, host: string): Repository {
  if (place.kind === 'volume') return { kind: 'volume', host };
  const { bucket, endpoint, region, pathStyle, authority } = place;
  return {
    ...{ kind: 's3', bucket, region, authority },
    endpoint: new URL(endpoint).host,
    uriStyle: pathStyle ? 'path' : 'host',
  };
}
