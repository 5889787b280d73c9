import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { backupAnnotations, type BackupPlan } from './backup';
import { scrape } from './deployment';
import { metadata, versionOf } from './labels';
import { Platform } from './platform';
import { Pod, type PodProps } from './pod';
import { quantity } from './quantity';

export interface StatefulSetProps extends Omit<
  PodProps,
  'restartPolicy' | 'priority' | 'component' | 'apart' | 'evenly' | 'beside'
> {
  /** Name of the claim template: with the pod's name it is the claim's, and a contract (PHY-18). */
  readonly claim: string;
  /** `100Gi` */
  readonly storage: string;
  /** Pods, each with a volume of its own: more than one stand on nodes of their own. @default 1 */
  readonly members?: number;
  /** How long one must have been ready before an update goes on to the next. @default 0 */
  readonly minReadySeconds?: number;
  /** Services by name, and the labels beside the selector that pods behind them have. @default - one, called like the set */
  readonly services?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The port that clients use. */
  readonly port: { readonly name: string; readonly number: number };
  /** Where Prometheus finds metrics. @default - nowhere */
  readonly metrics?: { readonly port: number; readonly path: string };
  /** What the backup of this volume shall be; written down on the object for whoever takes it. */
  readonly backup: BackupPlan;
}

/**
 * A database's pods, each with a volume of its own. Names of the set, its claims, its Services and its selector hold
 * data: they are the id and never change (design: names that hold data).
 */
export class StatefulSet extends Construct {
  constructor(scope: Construct, id: string, props: StatefulSetProps) {
    super(scope, 'statefulset');
    const {
      containers,
      initContainers = [],
      claim,
      storage,
      port,
      metrics,
      backup,
      members = 1,
      minReadySeconds,
    } = props;
    const component = 'database';
    const platform = Platform.of(this);
    const pod = new Pod(this, id, {
      ...props,
      component,
      priority: 'data',
      apart: members > 1,
      ...(metrics && { annotations: scrape(metrics) }),
    });
    const version = versionOf(containers[0].image);
    const ports = [
      { name: port.name, port: port.number, targetPort: k8s.IntOrString.fromString(port.name), protocol: 'TCP' },
    ];
    for (const [name, chosen] of Object.entries(props.services ?? { [id]: {} })) {
      new k8s.KubeService(this, name === id ? 'service' : name, {
        metadata: metadata(name, { component }),
        spec: { type: 'ClusterIP', selector: { ...pod.selector, ...chosen }, ports },
      });
    }
    // The pods by name, ready or not: how replicas find each other.
    new k8s.KubeService(this, 'pods', {
      metadata: metadata(`${id}-pods`, { component }),
      spec: { type: 'ClusterIP', clusterIp: 'None', publishNotReadyAddresses: true, selector: pod.selector, ports },
    });
    new k8s.KubePodDisruptionBudget(this, 'budget', {
      metadata: metadata(id, { component }),
      spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: pod.selector } },
    });
    new k8s.KubeStatefulSet(this, 'statefulset', {
      metadata: metadata(id, {
        component,
        version,
        annotations: backupAnnotations(this, backup),
      }),
      spec: {
        replicas: members,
        serviceName: `${id}-pods`,
        selector: { matchLabels: pod.selector },
        revisionHistoryLimit: 5,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate' },
        ...(minReadySeconds && { minReadySeconds }),
        // A deleted or scaled-down set keeps its volumes: data goes only when somebody deletes the claim.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        // Configuration and users follow from clients that are declared later.
        template: Lazy.any({ produce: () => pod.template() }),
        volumeClaimTemplates: [
          {
            metadata: { name: claim, labels: pod.selector },
            spec: {
              accessModes: ['ReadWriteOnce'],
              ...(platform.settings.cluster.storageClass && {
                storageClassName: platform.settings.cluster.storageClass,
              }),
              resources: { requests: { storage: quantity(storage) } },
            },
          },
        ],
      },
    });
    platform.capacity.claim(storage, members);
    platform.capacity.add({ containers, initContainers, pods: members });
  }
}
