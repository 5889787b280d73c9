import { Chart, Lazy, type ApiObjectMetadata } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { Authority } from './authority';
import { Capacity } from './capacity';
import { labels, prefix } from './labels';
import { Network } from './network';
import type { GpuClass } from './placement';
import { Rehearsal } from './rehearsal/rehearsal';
import { Secrets, type SecretSource } from './secrets';

/** Major versions of PostgreSQL. */
export type PostgresVersion = '14' | '15' | '16' | '17' | '18';

/** What an environment decides for every platform. */
export interface PlatformProps {
  readonly environment: string;
  /** Application containers run the rehearsal server instead of their image. */
  readonly rehearsal: boolean;
  /** Databases have replicas that take over (TDA-04). */
  readonly highAvailability: boolean;
  readonly secrets: SecretSource;
  readonly cluster: {
    /** DNS suffix of Services, such as `cluster.local`. */
    readonly domain: string;
    /** @default - the cluster's default class */
    readonly storageClass?: string | undefined;
    /** Address blocks of the API server. */
    readonly apiServer: readonly string[];
    /** Accelerators that nodes have, by the name that workloads ask for. @default - none */
    readonly gpuClasses?: Readonly<Record<string, GpuClass>> | undefined;
  };
  /** Third-party images, exact. */
  readonly programs: Readonly<Record<'node' | 'nginx' | 'neo4j' | 'qdrant' | 'flower', string>> &
    Readonly<Record<'pgbouncer' | 'postgresExporter' | 'redis' | 'redisExporter', string>> &
    Readonly<Record<'postgres' | 'postgis', Readonly<Record<PostgresVersion, string>>>>;
  /** Address blocks of external services by name. @default - the Internet, at the port of each */
  readonly externals?: Readonly<Record<string, readonly string[]>> | undefined;
  /** User number of the platform's own images (PHY-17, TDA-26). @default 1001 */
  readonly user?: number;
}

const priorities = { data: 1_000_000, serving: 100_000, batch: 10_000 };

/** Objects of the whole cluster have no namespace; cdk8s would give them the chart's if nothing at all were said. */
const clusterWide = (metadata: ApiObjectMetadata): ApiObjectMetadata => ({
  ...metadata,
  namespace: Lazy.any({ produce: () => undefined }) as unknown as string,
});

/**
 * A platform: one chart, one namespace, one file. The namespace enforces Pod Security `restricted`, denies all traffic
 * that no connection declares and limits what its pods may take together.
 */
export class Platform extends Chart {
  readonly network: Network;
  readonly secrets: Secrets;
  readonly authority: Authority;
  readonly capacity: Capacity;
  readonly rehearsal: Rehearsal | undefined;
  readonly user: number;

  /**
   * The platform that a construct belongs to.
   *
   * @throws Error when its chart is none
   */
  static override of(construct: Construct): Platform {
    const chart = Chart.of(construct);
    // Not `instanceof`: cdk8s answers yes for every chart.
    if (!('network' in chart)) throw new Error(`expected ${construct.node.path} to stand in a Platform`);
    return chart as Platform;
  }

  constructor(
    scope: Construct,
    id: string,
    readonly settings: PlatformProps,
  ) {
    const namespace = settings.environment === 'production' ? id : `${id}-${settings.environment}`;
    super(scope, id, {
      namespace,
      disableResourceNameHashes: true,
      labels: { 'app.kubernetes.io/part-of': id, 'app.kubernetes.io/managed-by': 'slipway' },
    });
    this.user = settings.user ?? 1001;

    new k8s.KubeNamespace(this, 'namespace', {
      metadata: clusterWide({
        name: namespace,
        labels: {
          ...labels(namespace, { component: 'platform' }),
          [`${prefix}/environment`]: settings.environment,
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/audit': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      }),
    });
    for (const [name, value] of Object.entries(priorities)) {
      new k8s.KubePriorityClass(this, `priority-${name}`, {
        metadata: clusterWide({ name: `${namespace}-${name}`, labels: labels(name, { component: 'platform' }) }),
        description: `${id}: ${name} pods in ${settings.environment}`,
        value,
      });
    }
    this.capacity = new Capacity(this, 'capacity');
    this.network = new Network(this, 'network', { externals: settings.externals });
    this.authority = new Authority(this, 'authority', settings.secrets.backend === 'disposable');
    this.secrets = new Secrets(this, 'secrets', {
      source: settings.secrets,
      remotePath: namespace,
      certificates: () => this.authority.inventory(),
    });
    this.rehearsal = settings.rehearsal ? new Rehearsal(this, 'rehearsal') : undefined;
  }

  /** Labels that every pod of the platform has beside its own. */
  get podLabels(): Record<string, string> {
    return { 'app.kubernetes.io/part-of': this.node.id, 'app.kubernetes.io/managed-by': 'slipway' };
  }

  /** Its one namespace. */
  get space(): string {
    return this.namespace ?? this.node.id;
  }

  /** Name of a priority class of this platform and environment alone. */
  priorityClass(name: keyof typeof priorities): string {
    return `${this.space}-${name}`;
  }

  /** The full DNS name of a Service of this platform. */
  address(service: string): string {
    return `${service}.${this.space}.svc.${this.settings.cluster.domain}`;
  }

  /** Every name under which a Service of this platform may be called. */
  names(service: string): string[] {
    return [service, `${service}.${this.space}.svc`, this.address(service)];
  }
}
