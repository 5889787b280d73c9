import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Construct } from 'constructs';
import { Configuration } from '../../configuration';
import type { Container } from '../../container';
import { Job } from '../../job';
import { unclaimed } from '../../labels';
import { Platform } from '../../platform';
import { lock } from '../backup/jobs';
import { jobScripts } from '../backup/scripts';
import type { ProgramProps } from '../login';

/** Cron schedules, UTC. */
export interface MaintenanceSchedules {
  readonly vacuum: string;
  readonly reindex: string;
}

/** The documents': once a week each, an hour after the full backup began (TDA-17, GOV-05). */
export const weekly: MaintenanceSchedules = { vacuum: '0 3 * * 6', reindex: '0 3 * * 0' };

export interface MaintenanceProps {
  readonly schedules: MaintenanceSchedules;
  /** A container of the workload with psql that logs in to the primary as the owner of the database. */
  readonly program: (
    workload: string,
    name: string,
    command: readonly string[],
    props: Partial<ProgramProps>,
  ) => Container;
  /** The workload whose pods are the members, and their port. */
  readonly server: string;
  readonly port: number;
  readonly user: number;
  /** How long a run waits for a backup that is being taken. */
  readonly lockSeconds: number;
  /** A run that takes longer, its wait for the lock included, has failed. */
  readonly deadlineSeconds: number;
}

const folder = join(__dirname, 'scripts');

/** What the Jobs run, by file name, for the folder /scripts. */
export const maintenanceScripts: Readonly<Record<string, string>> = {
  ...Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
  'with-lock.sh': jobScripts['with-lock.sh'] ?? '',
};

/** What waits this long for a table or an index goes on to the next, and comes back at the end. */
const tableLockSeconds = 30;

/**
 * VACUUM and REINDEX of a database on a schedule, as its owner and never beside a backup, whose lock they take (ALL-14).
 *
 * Neither holds a lock that a query or a write waits for; a migration waits until the table it changes is done.
 */
export class Maintenance extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: MaintenanceProps,
  ) {
    super(scope, unclaimed(scope, id));
    const { server, schedules } = props;
    const files = new Configuration(this, `${server}-maintenance`, maintenanceScripts);
    this.job('vacuum', schedules.vacuum, files);
    this.job('reindex', schedules.reindex, files);
  }

  private job(kind: keyof MaintenanceSchedules, schedule: string, files: Configuration): void {
    const { server, port, program, user, lockSeconds, deadlineSeconds } = this.props;
    const id = `${server}-${kind}`;
    const command = ['bash', '/scripts/with-lock.sh', lock, `${lockSeconds}`, 'bash', `/scripts/${kind}.sh`];
    const variables = {
      TABLE_LOCK_SECONDS: `${tableLockSeconds}`,
      // A Service may lead to the former primary for a moment after a failover.
      PGTARGETSESSIONATTRS: 'read-write',
      LANG: 'C.UTF-8',
    };
    new Job(new Construct(this, kind), id, {
      component: 'maintenance',
      containers: [program(id, kind, command, { variables, mounts: [files.at('/scripts')] })],
      user,
      schedule,
      deadlineSeconds,
      // What failed for a lock was tried twice; a primary that went away is there again.
      retries: 1,
    });
    Platform.of(this).network.connect(id, server, port);
  }
}
