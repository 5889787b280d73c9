import { createHash } from 'node:crypto';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { containerSpec, revisionsOf, standTogether, variablesOf, volumesOf, type Container } from './container';
import { secretsOf } from './environment';
import { labels, metadata, prefix, selector, versionOf } from './labels';
import { Platform } from './platform';

export interface PodProps {
  readonly component: string;
  readonly containers: readonly [Container, ...Container[]];
  readonly initContainers?: readonly Container[];
  /** User and group number of every process; volumes belong to the group. */
  readonly user: number;
  readonly priority: 'data' | 'serving' | 'batch';
  /** @default 30 */
  readonly gracePeriodSeconds?: number;
  /** Texts whose change replaces the pod: the configuration files it mounts. */
  readonly restartOn?: () => readonly string[];
  /** Never two on one node: what must outlive a node. @default false */
  readonly apart?: boolean;
  /** Never two on one node while another has none; a rolling update may. @default false */
  readonly evenly?: boolean;
  /**
   * Pods, by their labels, on whose node it stands, because they share a volume of one node. What is not `always` beside
   * them stands where the volume may be when there are none. @default - any node
   */
  readonly beside?: { readonly pods: Readonly<Record<string, string>>; readonly always: boolean };
  /** @default Always */
  readonly restartPolicy?: 'Always' | 'Never';
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** @default - any node */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly tolerations?: readonly k8s.Toleration[];
}

/**
 * Names with two dots are tried as they are first, and a name server that does not answer, perhaps on a node that is
 * gone, costs a second instead of five: by default a full name may take 50 seconds to fail.
 */
const resolver = Object.entries({ ndots: '2', timeout: '1', attempts: '2' }).map(([name, value]) => ({ name, value }));

/** A short fingerprint of texts. */
export const fingerprint = (...texts: readonly string[]): string =>
  createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 10);

/**
 * One workload's pod: its ServiceAccount, its network policy and the template that Deployments, StatefulSets and Jobs
 * share. Pod Security `restricted` in every part (ALL-11), an identity of its own (PHY-22).
 */
export class Pod extends Construct {
  private readonly platform: Platform;
  private readonly workload: string;
  private readonly volumes: ReturnType<typeof volumesOf>;

  /** @throws Error when another workload of the platform has this name, or a volume is too large */
  constructor(
    scope: Construct,
    readonly id: string,
    private readonly props: PodProps,
  ) {
    super(scope, 'pod');
    this.platform = Platform.of(this);
    this.workload = id;
    this.volumes = volumesOf(this.all());
    new k8s.KubeServiceAccount(this, 'identity', {
      metadata: metadata(id, { component: props.component }),
      automountServiceAccountToken: false,
    });
    this.platform.network.join(this, id, props.component);
    for (const container of this.all()) {
      for (const key of secretsOf(variablesOf(container))) this.platform.secrets.use(key, id);
    }
  }

  /** The containers that run side by side, then those that ran before. */
  private all(): readonly Container[] {
    return [...this.props.containers, ...(this.props.initContainers ?? [])];
  }

  /** The immutable selector of this workload. */
  get selector(): Record<string, string> {
    return selector(this.workload);
  }

  /** Labels of the pods. */
  get labels(): Record<string, string> {
    const { component, containers } = this.props;
    return {
      ...labels(this.workload, { component, version: versionOf(containers[0].image) }),
      ...this.platform.podLabels,
      ...this.props.labels,
    };
  }

  private place() {
    const { beside, containers, restartPolicy } = this.props;
    if (beside) return (beside.always ? gather : attract)(beside.pods);
    if (restartPolicy === 'Never') return {};
    if (standTogether(containers)) return gather(this.selector);
    return spread(this.selector, this.props);
  }

  /** Call it when everything the pod depends on is declared. */
  template(): k8s.PodTemplateSpec {
    const { props } = this;
    const configuration = [...(props.restartOn?.() ?? []), ...revisionsOf(this.all())];
    const annotations = {
      'kubectl.kubernetes.io/default-container': props.containers[0].name,
      ...(configuration.length > 0 && { [`${prefix}/configuration`]: fingerprint(...configuration) }),
      ...props.annotations,
    };
    return {
      metadata: { labels: this.labels, annotations },
      spec: {
        serviceAccountName: this.workload,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        priorityClassName: this.platform.priorityClass(props.priority),
        restartPolicy: props.restartPolicy ?? 'Always',
        terminationGracePeriodSeconds: props.gracePeriodSeconds ?? 30,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: props.user,
          runAsGroup: props.user,
          fsGroup: props.user,
          fsGroupChangePolicy: 'OnRootMismatch',
          seccompProfile: { type: 'RuntimeDefault' },
        },
        dnsConfig: { options: resolver },
        ...(props.nodeSelector && { nodeSelector: props.nodeSelector }),
        ...(props.tolerations && { tolerations: [...props.tolerations] }),
        ...this.place(),
        ...(props.initContainers?.length && { initContainers: props.initContainers.map(containerSpec) }),
        containers: props.containers.map(containerSpec),
        ...this.volumes,
      },
    };
  }
}

/**
 * On one node, where their volume is: the next pod of a rolling update can mount it while the last one still serves.
 */
const gather = (matchLabels: Record<string, string>): Pick<k8s.PodSpec, 'affinity'> => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } },
      ],
    },
  },
});

/** On the node of such a pod, while there is one: without it the volume decides. */
const attract = (matchLabels: Record<string, string>): Pick<k8s.PodSpec, 'affinity'> => ({
  affinity: {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } } },
      ],
    },
  },
});

/** Apart where it can be, together where it must (ALL-09), unless something stricter is asked for. */
function spread(
  matchLabels: Record<string, string>,
  { apart = false, evenly = false }: Pick<PodProps, 'apart' | 'evenly'>,
): Pick<k8s.PodSpec, 'affinity' | 'topologySpreadConstraints'> {
  const constraint = (topologyKey: string, strict = false) => ({
    topologyKey,
    maxSkew: 1,
    // A node that is being drained does not count.
    ...(strict && { nodeTaintsPolicy: 'Honor' }),
    whenUnsatisfiable: strict ? 'DoNotSchedule' : 'ScheduleAnyway',
    labelSelector: { matchLabels },
  });
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } };
  return {
    topologySpreadConstraints: [
      constraint('kubernetes.io/hostname', evenly),
      constraint('topology.kubernetes.io/zone'),
    ],
    affinity: {
      podAntiAffinity: apart
        ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
        : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
    },
  };
}
