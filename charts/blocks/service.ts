import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { application, rehearsalFingerprint, type ApplicationProps } from './application';
import { checkNeighbours, type Client, type Connectable, type Connection } from './connection';
import type { Probe } from './container';
import { Deployment } from './deployment';
import { upperSnake } from './environment';
import { metadata, unclaimed } from './labels';
import { Platform } from './platform';
import type { Replicas } from './scaling';

export interface ServiceProps extends ApplicationProps {
  /** Where it listens; at least 1024, for no process of ours is root. */
  readonly port: number;
  readonly size: ApplicationProps['size'] & { readonly replicas?: Replicas };
  /** Answers 200 when it can serve; asked by readiness and startup, never by liveness (ALL-07). @default /health */
  readonly healthPath?: string;
  /** What else answers about health, for those who look closer. @default - none */
  readonly otherHealthPaths?: readonly string[];
  /** How often readiness asks, how long it waits, how many failures it forgives. @default - 10 s, 5 s, 3 */
  readonly healthCheck?: Omit<Probe, 'check'>;
  /** Where it exposes Prometheus metrics, or false. @default /metrics */
  readonly metricsPath?: string | false;
  /**
   * A client stays with one pod: for programs that keep sessions in the process. A second, headless Service then
   * names the pods, and the gateway remembers in a cookie which one it chose (PHY-01).
   *
   * @default false
   */
  readonly sticky?: boolean;
  /** @default 30 */
  readonly gracePeriodSeconds?: number;
}

/** A stateless program that answers requests: Deployment, Service, autoscaler, disruption budget, policy (ALL-08 … 11). */
export class Service extends Construct implements Connectable {
  readonly port: number;
  readonly sticky: boolean;
  readonly metrics: { readonly port: number; readonly path: string } | undefined;

  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: ServiceProps,
  ) {
    super(scope, unclaimed(scope, id));
    const { port, component, sticky = false, healthPath = '/health', metricsPath = '/metrics' } = props;
    const health = [healthPath, ...(props.otherHealthPaths ?? [])];
    this.port = port;
    this.sticky = sticky;
    this.metrics = metricsPath ? { port, path: metricsPath } : undefined;
    if (port < 1024) throw new Error(`expected \`port\` of ${id} to be at least 1024, got ${port}`);

    const ready = { http: healthPath, port: 'http' };
    const { container, before, placement } = application(this, id, props, {
      ports: { http: port },
      pods: props.size.replicas?.max,
      probes: {
        startup: { check: ready, periodSeconds: 5, failures: 60 },
        readiness: { check: ready, ...props.healthCheck },
        liveness: { check: { tcp: 'http' }, periodSeconds: 20 },
      },
      // Endpoints take a moment to forget the pod: it serves until they have.
      preStop: ['sleep', '5'],
      rehearsal: { port, health, metrics: metricsPath || undefined },
    });
    const deployment = new Deployment(this, id, {
      component,
      containers: [container],
      initContainers: before,
      ...placement,
      user: Platform.of(this).user,
      priority: 'serving',
      replicas: props.size.replicas ?? { min: 1, max: 1 },
      ...(props.gracePeriodSeconds && { gracePeriodSeconds: props.gracePeriodSeconds }),
      ...(this.metrics && { metrics: this.metrics }),
      ...rehearsalFingerprint(Platform.of(this)),
    });
    const ports = [{ name: 'http', port, targetPort: k8s.IntOrString.fromString('http'), protocol: 'TCP' }];
    new k8s.KubeService(this, 'service', {
      metadata: metadata(id, { component }),
      spec: { type: 'ClusterIP', selector: deployment.selector, ports },
    });
    if (!sticky) return;
    new k8s.KubeService(this, 'pods', {
      metadata: metadata(`${id}-pods`, { component }),
      spec: { type: 'ClusterIP', clusterIp: 'None', selector: deployment.selector, ports },
    });
  }

  /** Full name in the cluster's DNS, for clients without a search list. */
  get address(): string {
    return Platform.of(this).address(this.id);
  }

  /** The name behind which the single pods stand, where clients stay with one. */
  get podsAddress(): string | undefined {
    return this.sticky ? Platform.of(this).address(`${this.id}-pods`) : undefined;
  }

  /** Gives the client `AGENTS_API_URL` and the way to it. */
  connect(client: Client): Connection {
    checkNeighbours(client, this);
    client.platform.network.connect(client.id, this.id, this.port);
    const variable = `${upperSnake(this.id)}_URL`;
    return {
      variables: { [variable]: `http://${this.id}:${this.port}` },
      check: { name: this.id, kind: 'http', url: variable, path: this.props.healthPath ?? '/health' },
    };
  }
}
