import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { Configuration } from '../../configuration';
import type { Container, Mount } from '../../container';
import type { Variables } from '../../environment';
import { metadata, selector } from '../../labels';
import type { External } from '../../network';
import { Platform } from '../../platform';
import { Pod } from '../../pod';
import { burstable } from '../../quantity';
import { commonNames, jobFiles, port, role, stanza, type BackupLayout } from './configuration';
import type { SecretKey } from '../../secrets';
import { jobScripts } from './scripts';

/** Cron schedules, UTC. */
export interface BackupSchedules {
  readonly full: string;
  readonly incremental: string;
  readonly check: string;
  readonly verify: string;
}

/** The documents' (ALL-16, TDA-12): a backup every six hours, one of them whole; its files read back once a week. */
export const defaultSchedules: BackupSchedules = {
  full: '0 2 * * *',
  incremental: '0 8,14,20 * * *',
  check: '*/15 * * * *',
  verify: '0 4 * * 0',
};

export interface BackupJobsProps {
  readonly image: string;
  readonly user: number;
  readonly layout: BackupLayout;
  readonly schedules: BackupSchedules;
  /** The newest backup may have this age before the check fails. */
  readonly maximumAgeHours: number;
  /** A backup or a verification that takes longer has failed. */
  readonly deadlineSeconds: number;
  /** How long one run waits for another that holds the lock. */
  readonly lockSeconds: number;
  /** Passphrases and keys of the repositories. */
  readonly variables: Variables;
  /** The claim that holds a repository. @default - all are buckets */
  readonly repository?: Mount | undefined;
  /** The Jobs' certificate, at /tls. */
  readonly tls: Mount;
  readonly database: {
    /** The workload whose pods are the members. */
    readonly server: string;
    /** The Service behind which the primary is. */
    readonly primary: string;
    readonly port: number;
    /** Where the lock is taken and rows are counted. */
    readonly name: string;
    readonly password: SecretKey;
  };
  /** Buckets, as the network sees them. @default - none */
  readonly externals?: readonly External[];
}

/** Makes one run after another of what works on the repositories; maintenance takes the same lock. */
export const lock = 'backup';

/** The CronJobs of a cluster's backup: full, incremental, check and verification. Their exit code is pgBackRest's. */
export class BackupJobs extends Construct {
  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: BackupJobsProps,
  ) {
    super(scope, id);
    const { schedules } = props;
    const files = new Configuration(this, `${id}-configuration`, jobFiles(props.layout));
    const scripts = new Configuration(this, `${id}-scripts`, jobScripts);
    const mounts = [files.at('/etc/pgbackrest'), scripts.at('/scripts')];
    const script = (name: string, ...args: string[]) => ['bash', `/scripts/${name}.sh`, ...args];
    const locked = (...command: string[]) => script('with-lock', lock, `${props.lockSeconds}`, ...command);
    this.job('full', schedules.full, locked(...script('backup', 'full')), mounts);
    this.job('incremental', schedules.incremental, locked(...script('backup', 'incr')), mounts);
    this.job('check', schedules.check, script('check'), mounts);
    this.job('verify', schedules.verify, locked(...script('verify')), mounts);
  }

  private job(kind: string, schedule: string, command: readonly string[], mounts: readonly Mount[]): void {
    const { tls, repository, database, externals = [], user, deadlineSeconds } = this.props;
    const { network, capacity } = Platform.of(this);
    const id = `${this.id}-${kind}`;
    const component = 'backup';
    const container: Container = {
      name: kind,
      image: this.props.image,
      command,
      variables: this.variables(),
      mounts: [...mounts, tls, temporary, ...(repository ? [repository] : [])],
      resources: { cpu: '2', memory: '512Mi' },
      share: burstable,
    };
    const scope = new Construct(this, kind);
    const pod = new Pod(scope, id, {
      component,
      containers: [container],
      user,
      priority: 'batch',
      restartPolicy: 'Never',
    });
    new k8s.KubeCronJob(scope, 'cron', {
      metadata: metadata(id, { component }),
      spec: {
        schedule,
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: 3600,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          spec: Lazy.any({
            produce: (): k8s.JobSpec => ({
              // A primary that was promoted a moment ago is refused until its first checkpoint.
              backoffLimit: 3,
              activeDeadlineSeconds: deadlineSeconds,
              template: repository ? beside(pod.template(), commonNames.repository) : pod.template(),
            }),
          }),
        },
      },
    });
    capacity.add({ containers: [container], pods: 1 });
    network.connect(id, database.server, port);
    network.connect(id, database.server, database.port);
    for (const external of externals) network.leave(id, external);
  }

  private variables(): Variables {
    const { variables, layout, database, lockSeconds, maximumAgeHours } = this.props;
    return {
      ...variables,
      PGBACKREST_STANZA: stanza,
      REPOSITORIES: layout.repositories.map((_, index) => index + 1).join(' '),
      LOCK_SECONDS: `${lockSeconds}`,
      MAXIMUM_AGE_HOURS: `${maximumAgeHours}`,
      PGHOST: database.primary,
      PGPORT: `${database.port}`,
      PGDATABASE: database.name,
      PGUSER: role,
      PGPASSWORD: database.password,
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/tls/ca.crt',
      PGSSLCERT: '/tls/tls.crt',
      PGSSLKEY: '/tls/tls.key',
      LANG: 'C.UTF-8',
    };
  }
}

const temporary: Mount = { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 64 } };

/** On the node of another workload: where the volume is that they share. */
const beside = (template: k8s.PodTemplateSpec, workload: string): k8s.PodTemplateSpec => ({
  ...template,
  ...(template.spec && {
    spec: {
      ...template.spec,
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selector(workload) } },
          ],
        },
      },
    },
  }),
});
