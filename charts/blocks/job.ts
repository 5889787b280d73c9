import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { metadata } from './labels';
import { Platform } from './platform';
import { fingerprint, Pod, type PodProps } from './pod';

export interface JobProps extends Omit<PodProps, 'restartPolicy' | 'priority'> {
  /** Cron schedule; without one the Job runs once for each change of what it runs. @default - once */
  readonly schedule?: string;
  /** A run that takes longer has failed. */
  readonly deadlineSeconds: number;
  /** New tries after a failure. @default 3 */
  readonly retries?: number;
}

/**
 * A program that ends. Run once: the Job's name carries a fingerprint of all it runs, so `kubectl apply`, Argo CD and
 * the command line alike create a new Job when something changed and leave the finished one alone when nothing did.
 * Therefore it has no time to live: a Job that was cleaned away would be created, and run, again.
 */
export class Job extends Construct {
  /** Fingerprint of what a run does; known when all its parts are declared. */
  readonly release: () => string;

  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: JobProps,
  ) {
    super(scope, 'job');
    const { component, containers, initContainers = [] } = props;
    const pod = new Pod(this, id, { ...props, priority: 'batch', restartPolicy: 'Never' });
    const spec = () => this.spec(pod);
    this.release = () => fingerprint(JSON.stringify(spec()));

    const about = metadata(id, { component });
    if (props.schedule) {
      new k8s.KubeCronJob(this, 'cron', {
        metadata: about,
        spec: {
          schedule: props.schedule,
          concurrencyPolicy: 'Forbid',
          startingDeadlineSeconds: 3600,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 3,
          jobTemplate: { spec: Lazy.any({ produce: spec }) },
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
    return this.props.schedule ? this.id : `${this.id}-${this.release()}`;
  }

  private spec(pod: Pod): k8s.JobSpec {
    return {
      backoffLimit: this.props.retries ?? 3,
      activeDeadlineSeconds: this.props.deadlineSeconds,
      template: pod.template(),
    };
  }
}
