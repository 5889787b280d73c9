import { Construct } from 'constructs';
import { application, rehearsalFingerprint, type ApplicationProps } from './application';
import type { Container } from './container';
import { Job } from './job';
import { unclaimed } from './labels';
import { Platform } from './platform';

export interface TaskProps extends ApplicationProps {
  /** Cron schedule. @default - once for each change of what it runs */
  readonly schedule?: string;
  /** Runs when somebody starts it (`npx slipway run`); not with `schedule` or `retries`. @default false */
  readonly onDemand?: boolean;
  /** It asks questions, which a person answers on a terminal; needs `onDemand` and `command`. @default false */
  readonly interactive?: boolean;
  /** A run that takes longer has failed. @default 1800 */
  readonly deadlineSeconds?: number;
  /** New tries after a failure. @default 3, none on demand */
  readonly retries?: number;
  /** What a rehearsal runs instead. @default check of all connections */
  readonly rehearsalScript?: string;
}

/**
 * An application's program that ends: a CronJob with a schedule, a template that somebody starts on demand, else a Job
 * that runs once a release.
 */
export class Task extends Construct {
  /** @throws Error when props contradict each other */
  constructor(scope: Construct, id: string, props: TaskProps) {
    super(scope, unclaimed(scope, id));
    refuseContradictions(id, props);
    const platform = Platform.of(this);
    const { container, before, placement } = application(this, id, props, {
      ports: {},
      rehearsal: { port: 8080, health: [] },
      rehearsalScript: props.rehearsalScript ?? 'once.js',
    });
    new Job(this, id, {
      component: props.component,
      containers: [props.interactive ? attended(container) : container],
      initContainers: before,
      ...placement,
      user: platform.user,
      deadlineSeconds: props.deadlineSeconds ?? 1800,
      ...(props.schedule && { schedule: props.schedule }),
      ...(props.onDemand && { onDemand: props.onDemand }),
      ...(props.retries !== undefined && { retries: props.retries }),
      ...rehearsalFingerprint(platform),
    });
  }
}

/**
 * Nobody sees what a program wrote before he was there: a question without a line end stands not even in the log. So it
 * starts with the first Enter, which `slipway run` gives and `kubectl attach` asks for.
 */
const attended = (container: Container): Container => ({
  ...container,
  terminal: true,
  command: [
    ...['sh', '-c', 'echo "press Enter to start"; read -r enter && exec "$@"'],
    ...[container.name, ...(container.command ?? [])],
  ],
});

function refuseContradictions(id: string, { interactive, onDemand, command }: TaskProps): void {
  if (!interactive) return;
  if (!onDemand) {
    throw new Error(
      `expected \`interactive\` of ${id} to come with \`onDemand\`, got it alone: nobody is there to answer`,
    );
  }
  if (!command) {
    throw new Error(
      `expected \`command\` of ${id} to be given with \`interactive\`, got none: it waits for a person before it starts`,
    );
  }
}
