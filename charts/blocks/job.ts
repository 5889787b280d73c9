import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { metadata, prefix } from './labels';
import { Platform } from './platform';
import { fingerprint, Pod, type PodProps } from './pod';

export interface JobProps extends Omit<PodProps, 'restartPolicy' | 'priority' | 'apart' | 'evenly'> {
  /** What cannot wait for room on its node makes some. @default batch */
  readonly priority?: PodProps['priority'];
  /** Cron schedule; without one the Job runs once for each change of what it runs. @default - once */
  readonly schedule?: string;
  /** Runs when somebody starts it, and never by itself; not with `schedule` or `retries`. @default false */
  readonly onDemand?: boolean;
  /** A run that takes longer has failed. */
  readonly deadlineSeconds: number;
  /** New tries after a failure. @default 3, none on demand */
  readonly retries?: number;
}

/** The command line finds by it what somebody may start. */
const onDemandLabel = `${prefix}/on-demand`;
/** The thirtieth of February, should anybody lift the suspension. */
const never = '0 0 30 2 *';
const daySeconds = 24 * 60 * 60;

/**
 * A program that ends. Run once: the Job's name carries a fingerprint of all it runs, so `kubectl apply`, Argo CD and
 * the command line alike create a new Job when something changed and leave the finished one alone when nothing did.
 * Therefore it has no time to live: a Job that was cleaned away would be created, and run, again.
 *
 * On demand it is a suspended CronJob: a template from which `slipway run` and `kubectl create job --from` make Jobs.
 * Nothing creates those again, so they go a day after their end, or when ten newer ones ended like them.
 */
export class Job extends Construct {
  /** Fingerprint of what a run does; known when all its parts are declared. */
  readonly release: () => string;

  /** @throws Error when it is on demand and has a schedule or retries */
  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: JobProps,
  ) {
    super(scope, 'job');
    refuseContradictions(id, props);
    const { component, containers, initContainers = [] } = props;
    const pod = new Pod(this, id, { priority: 'batch', ...props, restartPolicy: 'Never' });
    const spec = () => this.spec(pod);
    this.release = () => fingerprint(JSON.stringify(spec()));

    const about = metadata(id, { component, ...(props.onDemand && { labels: { [onDemandLabel]: 'true' } }) });
    const schedule = props.onDemand ? never : props.schedule;
    if (schedule) {
      const kept = props.onDemand ? 10 : 3;
      new k8s.KubeCronJob(this, 'cron', {
        metadata: about,
        spec: {
          schedule,
          // Or it would be the controller manager's own.
          ...(!props.onDemand && { timeZone: 'Etc/UTC' }),
          concurrencyPolicy: 'Forbid',
          startingDeadlineSeconds: 3600,
          successfulJobsHistoryLimit: kept,
          failedJobsHistoryLimit: kept,
          ...(props.onDemand && { suspend: true }),
          jobTemplate: {
            // The labels of the Jobs: a run is found by the name of its command.
            ...(props.onDemand && { metadata: { labels: pod.labels } }),
            spec: Lazy.any({ produce: spec }),
          },
        },
      });
    } else {
      new k8s.KubeJob(this, 'job', {
        metadata: { ...about, name: Lazy.any({ produce: () => this.name }) as unknown as string },
        spec: Lazy.any({ produce: spec }),
      });
    }
    Platform.of(this).capacity.add({ containers, initContainers, pods: 1 });
  }

  /** Name of the object that runs: with the fingerprint where it runs once. */
  get name(): string {
    return this.props.schedule || this.props.onDemand ? this.id : `${this.id}-${this.release()}`;
  }

  private spec(pod: Pod): k8s.JobSpec {
    const { onDemand, retries = onDemand ? 0 : 3, deadlineSeconds } = this.props;
    return {
      backoffLimit: retries,
      activeDeadlineSeconds: deadlineSeconds,
      ...(onDemand && { ttlSecondsAfterFinished: daySeconds }),
      template: pod.template(),
    };
  }
}

function refuseContradictions(id: string, { onDemand, schedule, retries }: JobProps): void {
  if (!onDemand) return;
  if (schedule) {
    throw new Error(
      `expected \`schedule\` of ${id} to be left out with \`onDemand\`, got "${schedule}": make it two tasks if it needs both`,
    );
  }
  if (retries !== undefined) {
    throw new Error(
      `expected \`retries\` of ${id} to be left out with \`onDemand\`, got ${retries}: whoever started it decides`,
    );
  }
}
