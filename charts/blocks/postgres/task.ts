import { Construct } from 'constructs';
import { Configuration } from '../configuration';
import { Job } from '../job';
import { unclaimed } from '../labels';
import { Platform } from '../platform';
import type { Postgres } from './postgres';
import { psqlFile } from './scripts';

export interface DatabaseTaskProps {
  readonly database: Postgres;
  /** Cron schedule, UTC. */
  readonly schedule: string;
  /** What psql runs, statement by statement; the first mistake ends it. */
  readonly sql: string;
  /** A run that takes longer has failed. @default 1800 */
  readonly deadlineSeconds?: number;
}

/** SQL on a schedule, under a role of its own, as soon as the schema of the release is there (HWO-03). */
export class DatabaseTask extends Construct {
  constructor(scope: Construct, id: string, props: DatabaseTaskProps) {
    super(scope, unclaimed(scope, id));
    const { database, schedule, sql, deadlineSeconds = 1800 } = props;
    const platform = Platform.of(this);
    const { before = [] } = database.connect({ id, platform });
    const file = new Configuration(this, id, { 'task.sql': sql });
    new Job(this, id, {
      component: 'maintenance',
      initContainers: before,
      containers: [database.clientProgram(id, psqlFile('/sql/task.sql'), { mounts: [file.at('/sql')] })],
      user: platform.user,
      schedule,
      deadlineSeconds,
    });
  }
}
