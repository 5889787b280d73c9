import { Construct } from 'constructs';
import type { BackupPlan } from '../../backup';
import { Configuration } from '../../configuration';
import type { Container, Mount } from '../../container';
import type { Variables } from '../../environment';
import { Job, type JobProps } from '../../job';
import { selector } from '../../labels';
import { Platform } from '../../platform';
import { burstable } from '../../quantity';
import { primaryVariables, repositoryVariables, type BackupClient } from './client';
import { jobFiles, port } from './configuration';
import { jobScripts } from './scripts';

/** Cron schedules, UTC. */
export interface BackupSchedules {
  readonly full: string;
  readonly incremental?: string | undefined;
  readonly check: string;
  readonly verify: string;
}

/** The documents' (ALL-16, TDA-12); the age is looked at every quarter of an hour, all files are read once a week. */
export const schedulesOf = ({ schedule, incremental }: BackupPlan): BackupSchedules => ({
  full: schedule,
  incremental,
  check: '*/15 * * * *',
  verify: '0 4 * * 0',
});

export interface BackupJobsProps extends BackupClient {
  readonly schedules: BackupSchedules;
  /** The newest backup may have this age before the check fails. */
  readonly maximumAgeHours: number;
  /** How long one run waits for another that holds the lock. */
  readonly lockSeconds: number;
  /** The claim that holds a repository, and the workload that shares it. @default - all are buckets */
  readonly repository?: { readonly mount: Mount; readonly host: string } | undefined;
}

/** Makes one run after another of what works on the repositories; maintenance takes the same lock. */
export const lock = 'backup';

/** The Jobs of a cluster's backup: first, full, incremental, check and verification. Their exit code is pgBackRest's. */
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
    // A run that failed in one place has succeeded in the others: what passes is tried again by the script.
    const retries = 0;
    this.job('full', { schedule: schedules.full, retries }, locked(...script('backup', 'full')), mounts);
    if (schedules.incremental) {
      this.job(
        'incremental',
        { schedule: schedules.incremental, retries },
        locked(...script('backup', 'incr')),
        mounts,
      );
    }
    // A new cluster, or a new repository, has its first backup when this ends.
    this.job('begin', {}, script('begin'), mounts);
    this.job('check', { schedule: schedules.check }, script('check'), mounts);
    // What is broken is so when it is read again.
    this.job('verify', { schedule: schedules.verify, retries }, locked(...script('verify')), mounts);
    this.job('list', { onDemand: true }, script('list'), mounts);
  }

  private job(
    kind: string,
    when: Pick<JobProps, 'schedule' | 'onDemand' | 'retries'>,
    command: readonly string[],
    mounts: readonly Mount[],
  ): void {
    const { tls, repository, database, externals = [], user, deadlineSeconds } = this.props;
    const { network } = Platform.of(this);
    const id = `${this.id}-${kind}`;
    const container: Container = {
      name: kind,
      image: this.props.image,
      command,
      variables: this.variables(),
      mounts: [...mounts, tls, temporary, ...(repository ? [repository.mount] : [])],
      // It has one node to run on, which may be full.
      resources: { cpu: '1', memory: '512Mi', reserved: { cpu: '50m', memory: '64Mi' } },
      share: burstable,
    };
    new Job(new Construct(this, kind), id, {
      component: 'backup',
      priority: 'data',
      containers: [container],
      user,
      ...when,
      ...(repository && { beside: { pods: selector(repository.host), always: true } }),
      deadlineSeconds,
    });
    network.connect(id, database.server, port);
    network.connect(id, database.server, database.port);
    for (const external of externals) network.leave(id, external);
  }

  private variables(): Variables {
    const { lockSeconds, maximumAgeHours } = this.props;
    return {
      ...repositoryVariables(this.props),
      LOCK: lock,
      LOCK_SECONDS: `${lockSeconds}`,
      MAXIMUM_AGE_HOURS: `${maximumAgeHours}`,
      ...primaryVariables(this.props),
    };
  }
}

const temporary: Mount = { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 64 } };
