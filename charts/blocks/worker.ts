import { Construct } from 'constructs';
import { application, rehearsalFingerprint, type ApplicationProps } from './application';
import { Deployment } from './deployment';
import { unclaimed } from './labels';
import { Platform } from './platform';
import type { Replicas } from './scaling';

export interface WorkerProps extends ApplicationProps {
  readonly size: ApplicationProps['size'] & { readonly replicas: Replicas };
  /** Ends with 0 when the worker takes tasks. */
  readonly healthCommand: readonly string[];
  /** Where it exposes its metrics; an autoscaled worker must. @default - nowhere */
  readonly metrics?: { readonly port: number; readonly path: string };
  /** How long a task in hand may take to end. @default 300 */
  readonly gracePeriodSeconds?: number;
}

/** Where a rehearsed worker answers `check.js`, when it has no port of its own. */
const rehearsalPort = 8080;

/** A program that takes tasks from a queue: no Service, and a stop that lets the task in hand end (PHY-08). */
export class Worker extends Construct {
  readonly metrics: WorkerProps['metrics'];

  /** @throws Error when it is autoscaled and has no metrics */
  constructor(scope: Construct, id: string, props: WorkerProps) {
    super(scope, unclaimed(scope, id));
    const { min, max } = props.size.replicas;
    if (min !== max && !props.metrics) {
      throw new Error(
        `expected \`metrics\` of worker ${id}, because it is autoscaled from ${min} to ${max}, got none: ` +
          'a queue that nobody sees grows unnoticed; declare its metrics or set equal bounds',
      );
    }
    this.metrics = props.metrics;
    const platform = Platform.of(this);
    const command = platform.rehearsal ? ['node', '/rehearsal/check.js'] : props.healthCommand;
    const { container, before, placement } = application(this, id, props, {
      ports: props.metrics ? { metrics: props.metrics.port } : {},
      probes: {
        startup: { check: { command }, periodSeconds: 10, timeoutSeconds: 10, failures: 30 },
        readiness: { check: { command }, periodSeconds: 30, timeoutSeconds: 10 },
        // Process 1 is the worker: while it lives and the pod can start a program, only the queue may judge it.
        liveness: { check: { command: ['sh', '-c', 'kill -0 1'] }, periodSeconds: 30 },
      },
      rehearsal: { port: props.metrics?.port ?? rehearsalPort, health: ['/health'], metrics: props.metrics?.path },
    });
    new Deployment(this, id, {
      component: props.component,
      containers: [container],
      initContainers: before,
      ...placement,
      user: platform.user,
      priority: 'batch',
      replicas: props.size.replicas,
      gracePeriodSeconds: props.gracePeriodSeconds ?? 300,
      ...(props.metrics && { metrics: props.metrics }),
      ...rehearsalFingerprint(platform),
    });
  }
}
