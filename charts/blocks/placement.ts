import type { k8s } from 'cdk8s-plus-27';

/** A kind of accelerator, named as the cluster names it. */
export interface GpuClass {
  /** What a container asks for: `nvidia.com/gpu`. */
  readonly resource: string;
  /** Labels of the nodes that have it. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Keeps other pods off those nodes. @default - none */
  readonly taint?: { readonly key: string; readonly value?: string | undefined } | undefined;
}

export interface PlacementProps {
  /** Accelerators of one class of the cluster (HWO-10). @default - none */
  readonly gpu?: { readonly class: string; readonly count: number } | undefined;
  /** Labels of nodes that will do, such as those of a processor's features (HWO-19). @default - any node */
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
}

/** What a pod says about nodes, and what its container asks of them. */
export interface Placement {
  readonly pod: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly k8s.Toleration[];
  };
  readonly devices?: Readonly<Record<string, number>>;
}

/** @throws Error when the cluster has no such class */
export function placementOf(
  id: string,
  { gpu, nodeSelector }: PlacementProps,
  classes: Readonly<Record<string, GpuClass>> = {},
): Placement {
  if (!gpu) return { pod: { ...(nodeSelector && { nodeSelector }) } };
  const found = classes[gpu.class];
  if (!found) {
    throw new Error(
      `expected \`gpu.class\` of ${id} to be one of the cluster's classes (${Object.keys(classes).join(', ') || 'none'}), ` +
        `got "${gpu.class}": describe it in \`cluster.gpuClasses\``,
    );
  }
  const { resource, taint } = found;
  const toleration = taint && {
    key: taint.key,
    operator: taint.value === undefined ? 'Exists' : 'Equal',
    ...(taint.value !== undefined && { value: taint.value }),
    effect: 'NoSchedule',
  };
  return {
    pod: {
      nodeSelector: { ...found.nodeSelector, ...nodeSelector },
      ...(toleration && { tolerations: [toleration] }),
    },
    devices: { [resource]: gpu.count },
  };
}
