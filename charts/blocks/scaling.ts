import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { metadata } from './labels';
import { cpuText, limitsOf, memoryText, quantity, type Resources } from './quantity';

/** How many pods: equal bounds mean a fixed number. */
export interface Replicas {
  readonly min: number;
  readonly max: number;
}

export interface ScalingProps {
  readonly component: string;
  readonly replicas: Replicas;
  readonly size: Resources;
  readonly selector: Readonly<Record<string, string>>;
}

/** A pod works at seven tenths of its limit and stays below eight tenths of its memory. */
const cpuTarget = 0.7;
const memoryTarget = 0.8;

/** `replicas` of the Deployment: absent where an autoscaler decides, or each apply would undo its decision (ALL-08). */
export const fixedReplicas = ({ min, max }: Replicas): { replicas?: number } => (min === max ? { replicas: min } : {});

/** Autoscaler and disruption budget of one Deployment. */
export class Scaling extends Construct {
  /** @throws Error when the minimum is above the maximum */
  constructor(scope: Construct, id: string, props: ScalingProps) {
    super(scope, 'scaling');
    const { min, max } = props.replicas;
    if (min > max) throw new Error(`expected \`replicas.min\` of ${id} not to be above its maximum ${max}, got ${min}`);
    const about = metadata(id, { component: props.component });

    new k8s.KubePodDisruptionBudget(this, 'budget', {
      metadata: about,
      spec: {
        // One at a time, also when there is only one: a node can always be drained.
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: { ...props.selector } },
      },
    });
    if (min === max) return;

    const limits = limitsOf(props.size);
    // Absolute targets: a percentage would be one of the request, which is a small part of the limit.
    const target = (averageValue: string) => ({ type: 'AverageValue', averageValue: quantity(averageValue) });
    new k8s.KubeHorizontalPodAutoscalerV2(this, 'autoscaler', {
      metadata: about,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: id },
        minReplicas: min,
        maxReplicas: max,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: target(cpuText({ milliCpu: Math.round(limits.milliCpu * cpuTarget) })) },
          },
          {
            type: 'Resource',
            resource: {
              name: 'memory',
              target: target(memoryText({ memoryMiB: Math.round(limits.memoryMiB * memoryTarget) })),
            },
          },
        ],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] },
          scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
        },
      },
    });
  }
}
