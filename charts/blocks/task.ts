import { Construct } from 'constructs';
import { application, rehearsalFingerprint, type ApplicationProps } from './application';
import { Job } from './job';
import { unclaimed } from './labels';
import { Platform } from './platform';

export interface TaskProps extends ApplicationProps {
  /** Cron schedule. @default - once for each change of what it runs */
  readonly schedule?: string;
  /** A run that takes longer has failed. @default 1800 */
  readonly deadlineSeconds?: number;
  /** New tries after a failure. @default 3 */
  readonly retries?: number;
  /** What a rehearsal runs instead. @default check of all connections */
  readonly rehearsalScript?: string;
}

/** An application's program that ends: a CronJob with a schedule, else a Job that runs once a release. */
export class Task extends Construct {
  constructor(scope: Construct, id: string, props: TaskProps) {
    super(scope, unclaimed(scope, id));
    const platform = Platform.of(this);
    const { container, before } = application(this, id, props, {
      ports: {},
      rehearsal: { port: 8080, health: [] },
      rehearsalScript: props.rehearsalScript ?? 'once.js',
    });
    new Job(this, id, {
      component: props.component,
      containers: [container],
      initContainers: before,
      user: platform.user,
      deadlineSeconds: props.deadlineSeconds ?? 1800,
      ...(props.schedule && { schedule: props.schedule }),
      ...(props.retries !== undefined && { retries: props.retries }),
      ...rehearsalFingerprint(platform),
    });
  }
}
