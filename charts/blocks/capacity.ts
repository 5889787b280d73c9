import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { metadata } from './labels';
import type { Container } from './container';
import {
  cpuText,
  limitsOf,
  memoryMiB,
  memoryText,
  none,
  plus,
  quantity,
  requestsOf,
  times,
  type Amount,
} from './quantity';

/** What one workload may take at its largest. */
export interface Demand {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  /** Pods at the autoscaler's maximum, and those a rolling update adds. */
  readonly pods: number;
}

/** The solver of an ACME challenge runs in the namespace for a moment, one for each host (cert-manager's defaults). */
const solver: Amount = { milliCpu: 100, memoryMiB: 64 };
const solvers = 4;

/** A pod's own need: its containers together, or the largest of those that run before them. */
const podAmount = ({ containers, initContainers = [] }: Demand, of: (container: Container) => Amount): Amount => {
  const together = containers.map(of).reduce(plus, none);
  const before = initContainers.map(of);
  return {
    milliCpu: Math.max(together.milliCpu, ...before.map(({ milliCpu }) => milliCpu)),
    memoryMiB: Math.max(together.memoryMiB, ...before.map(({ memoryMiB }) => memoryMiB)),
  };
};

const requests = (container: Container) => requestsOf(container.resources, container.share);
const limits = (container: Container) => limitsOf(container.resources);

/**
 * Quota and limits of the namespace, computed from what is declared: autoscaling maxima and rolling updates included
 * (PHY-24), so that a runaway hits the quota and a normal day never does.
 */
export class Capacity extends Construct {
  private readonly demands: Demand[] = [];
  private readonly claims: number[] = [];

  constructor(scope: Construct, id: string) {
    super(scope, id);
    new k8s.KubeResourceQuota(this, 'quota', {
      metadata: metadata('quota', { component: 'capacity' }),
      spec: { hard: Lazy.any({ produce: () => this.hard() }) },
    });
    new k8s.KubeLimitRange(this, 'limits', {
      metadata: metadata('limits', { component: 'capacity' }),
      spec: {
        limits: [
          {
            type: 'Container',
            // For pods that others start here: the solvers of cert-manager, `kubectl debug`.
            defaultRequest: { cpu: quantity('10m'), memory: quantity('64Mi') },
            default: { cpu: quantity(cpuText(solver)), memory: quantity(memoryText(solver)) },
          },
        ],
      },
    });
  }

  /** Adds what a workload may take. */
  add(demand: Demand): void {
    this.demands.push(demand);
  }

  /** Adds a persistent claim, `10Gi`, once for each pod that has one. */
  claim(size: string, count: number): void {
    for (let index = 0; index < count; index += 1) this.claims.push(memoryMiB(size));
  }

  private hard(): Record<string, k8s.Quantity> {
    const total = (of: (container: Container) => Amount) =>
      this.demands.map((demand) => times(podAmount(demand, of), demand.pods)).reduce(plus, times(solver, solvers));
    const pods = this.demands.reduce((sum, demand) => sum + demand.pods, solvers);
    const storage = this.claims.reduce((sum, size) => sum + size, 0);
    return Object.fromEntries(
      Object.entries({
        pods: `${pods}`,
        'requests.cpu': cpuText(total(requests)),
        'requests.memory': memoryText(total(requests)),
        'limits.cpu': cpuText(total(limits)),
        'limits.memory': memoryText(total(limits)),
        persistentvolumeclaims: `${this.claims.length}`,
        'requests.storage': memoryText({ memoryMiB: storage }),
        ...this.devices(),
      }).map(([name, text]) => [name, quantity(text)]),
    );
  }

  /** Accelerators that all pods together may hold, by the name that a quota has for them. */
  private devices(): Record<string, string> {
    const total: Record<string, number> = {};
    for (const { containers, pods } of this.demands) {
      for (const [name, count] of containers.flatMap(({ devices = {} }) => Object.entries(devices))) {
        total[`requests.${name}`] = (total[`requests.${name}`] ?? 0) + pods * count;
      }
    }
    return Object.fromEntries(Object.entries(total).map(([name, count]) => [name, `${count}`]));
  }
}
