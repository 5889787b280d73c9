import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { standTogether } from './container';
import { metadata, versionOf } from './labels';
import { Platform } from './platform';
import { Pod, type PodProps } from './pod';
import { fixedReplicas, Scaling, type Replicas } from './scaling';

export interface DeploymentProps extends Omit<PodProps, 'restartPolicy' | 'apart' | 'beside'> {
  readonly replicas: Replicas;
  /** How long a new pod serves before the next one is replaced, in seconds. @default 0 */
  readonly minReadySeconds?: number | undefined;
  /** Where Prometheus finds metrics. @default - nowhere */
  readonly metrics?: { readonly port: number; readonly path: string };
}

/** Pods that differ in nothing: a Deployment that replaces them one by one and never has fewer than it should (ALL-09). */
export class Deployment extends Construct {
  readonly selector: Record<string, string>;

  constructor(scope: Construct, id: string, props: DeploymentProps) {
    super(scope, 'deployment');
    const { component, containers, initContainers = [], replicas, minReadySeconds, metrics } = props;
    if (standTogether(containers) && replicas.max > 1) {
      throw new Error(
        `expected \`replicas.max\` of ${id} to be 1 while its volume is ReadWriteOnce, got ${replicas.max}: ` +
          'choose ReadWriteMany or object storage',
      );
    }
    const pod = new Pod(this, id, {
      ...props,
      ...(metrics && { annotations: { ...props.annotations, ...scrape(metrics) } }),
    });
    this.selector = pod.selector;
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: metadata(id, { component, version: versionOf(containers[0].image) }),
      spec: {
        ...fixedReplicas(replicas),
        selector: { matchLabels: pod.selector },
        revisionHistoryLimit: 5,
        ...(minReadySeconds && { minReadySeconds }),
        progressDeadlineSeconds: 600,
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxSurge: k8s.IntOrString.fromNumber(1), maxUnavailable: k8s.IntOrString.fromNumber(0) },
        },
        template: Lazy.any({ produce: () => pod.template() }),
      },
    });
    new Scaling(this, id, { component, replicas, size: containers[0].resources, selector: pod.selector });
    Platform.of(this).capacity.add({ containers, initContainers, pods: replicas.max + 1 });
  }
}

/** The usual annotations, which any Prometheus understands. */
export const scrape = ({ port, path }: { readonly port: number; readonly path: string }): Record<string, string> => ({
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': `${port}`,
  'prometheus.io/path': path,
});
