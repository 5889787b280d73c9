import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import type { Container } from '../container';
import { Deployment } from '../deployment';
import { metadata, selector, unclaimed } from '../labels';
import { Platform } from '../platform';
import { burstable, memoryMiB, type Resources } from '../quantity';
import type { Replicas } from '../scaling';
import type { Service } from '../service';
import { certificate, edgeLabel, solverPort, type IssuerProps } from './certificate';
import { nginxConf, ports, type Location } from './nginx';

/** What one client address may ask of an API, at each gateway pod (ALL-05). */
export const apiLimit = { perSecond: 10, burst: 20 };

export interface Route {
  readonly to: Service;
  /** @default - the platform's domain */
  readonly host?: string;
  /** `/` or a path without a slash at its end, such as `/api/agents`. */
  readonly path: string;
  /** The service sees `/health` for `/api/agents/health`. @default false */
  readonly strip?: boolean;
  /** For each client address and gateway pod. @default - no limit */
  readonly limit?: { readonly perSecond: number; readonly burst: number };
  /** Only the administrators of the settings may come in. @default false */
  readonly administratorsOnly?: boolean;
  /** Paths below this one that stay inside. @default - none */
  readonly hidden?: readonly string[];
}

export interface GatewayProps {
  readonly size: Resources & { readonly replicas: Replicas };
  readonly domain: string;
  /** Further names that serve what the domain serves, such as `www.` (GOV-18). @default - none */
  readonly aliases?: readonly string[];
  readonly routes: readonly Route[];
  readonly edge: {
    /** @default - the cluster's default class */
    readonly ingressClass?: string | undefined;
    readonly ingressNamespace: string;
    readonly tls: boolean;
    readonly issuer: IssuerProps;
    readonly trustedProxies: readonly string[];
    readonly administrators: readonly string[];
  };
  readonly workerProcesses: 'auto' | number;
  /** `100Mi`: larger requests are refused with 413. */
  readonly maxBodySize: string;
  /** How long a service may be silent. */
  readonly timeoutSeconds: number;
}

/** Not the image's own: scanners ask for a number above 10000, and nginx needs no particular user. */
const user = 10101;

/** Names the cluster's resolver for nginx, which does not read resolv.conf itself. */
const start = `set -eu
resolver=$(awk '/^nameserver/ { print $2; exit }' /etc/resolv.conf)
echo "resolver $resolver valid=5s;" > /tmp/resolver.conf
exec nginx -e /dev/stderr -c /etc/gateway/nginx.conf -g 'daemon off;'
`;

/**
 * The edge of a platform: one thin Ingress for all hosts, and behind it our own unprivileged nginx with routes,
 * limits, headers and websockets, the same behind every ingress controller.
 */
export class Gateway extends Construct {
  /** @throws Error when two routes claim one path of one host */
  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: GatewayProps,
  ) {
    super(scope, unclaimed(scope, id));
    const { size, routes } = props;
    const platform = Platform.of(this);
    for (const { to } of routes) to.connect({ id, platform });
    const conf = this.configuration();
    new k8s.KubeConfigMap(this, 'configuration', {
      metadata: metadata(id, { component: 'edge' }),
      data: { 'nginx.conf': conf },
    });
    const nginx: Container = {
      name: 'nginx',
      image: platform.settings.programs.nginx,
      command: ['sh', '-c', start],
      ports,
      probes: {
        readiness: { check: { http: '/healthz', port: 'status' } },
        liveness: { check: { tcp: 'http' }, periodSeconds: 20 },
      },
      // Endpoints take a moment to forget the pod; then nginx ends gracefully.
      preStop: ['sh', '-c', 'sleep 5; kill -QUIT 1; while kill -0 1 2> /dev/null; do sleep 1; done'],
      mounts: [
        { path: '/etc/gateway', volume: { files: id } },
        { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 32 } },
      ],
      resources: size,
      share: burstable,
    };
    new Deployment(this, id, {
      component: 'edge',
      containers: [nginx],
      user,
      priority: 'serving',
      replicas: size.replicas,
      gracePeriodSeconds: 40,
      restartOn: () => [conf],
      labels: edgeLabel,
    });
    new k8s.KubeService(this, 'service', {
      metadata: metadata(id, { component: 'edge' }),
      spec: {
        type: 'ClusterIP',
        selector: selector(id),
        ports: [{ name: 'http', port: 80, targetPort: k8s.IntOrString.fromString('http'), protocol: 'TCP' }],
      },
    });
    this.admitController();
    this.ingress();
  }

  private get hosts(): string[] {
    const { aliases = [], domain, routes } = this.props;
    return [...new Set(routes.flatMap(({ host = domain }) => (host === domain ? [host, ...aliases] : [host])))];
  }

  private configuration(): string {
    const { edge, routes, domain } = this.props;
    const claimed = new Set<string>();
    const locations = routes.map((route): Location => {
      const { to, path, host = domain, strip = false, limit, administratorsOnly, hidden = [] } = route;
      if (claimed.has(host + path)) throw new Error(`expected \`${host}${path}\` to have one route, got two`);
      claimed.add(host + path);
      const allow = administratorsOnly ? edge.administrators : undefined;
      return { host, path, upstream: to.node.id, strip, limit, allow, hidden };
    });
    const upstreams = [...new Set(routes.map(({ to }) => to))].map((to) => ({
      name: to.node.id,
      address: to.address,
      port: to.port,
      podsAddress: to.podsAddress,
    }));
    return nginxConf({
      locations,
      upstreams,
      workerProcesses: this.props.workerProcesses,
      maxBodyMiB: memoryMiB(this.props.maxBodySize),
      timeoutSeconds: this.props.timeoutSeconds,
      aliases: { [domain]: this.props.aliases ?? [] },
      trustedProxies: edge.trustedProxies,
      tls: edge.tls,
    });
  }

  /** One policy for the gateway and for solvers, which exist for a moment and would match no policy of their own. */
  private admitController(): void {
    const { ingressNamespace, issuer, tls } = this.props.edge;
    const open = [ports.http, ...(tls && issuer.kind === 'acme' ? [solverPort] : [])];
    new k8s.KubeNetworkPolicy(this, 'edge', {
      metadata: metadata('edge', { component: 'edge' }),
      spec: {
        podSelector: { matchLabels: edgeLabel },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ingressNamespace } } }],
            ports: open.map((port) => ({ protocol: 'TCP', port: k8s.IntOrString.fromNumber(port) })),
          },
        ],
      },
    });
  }

  private ingress(): void {
    const { edge, maxBodySize, timeoutSeconds } = this.props;
    const { hosts, id } = this;
    const secretName = edge.tls ? certificate(this, id, hosts, edge.issuer, edge.ingressClass) : undefined;
    const backend = { service: { name: id, port: { name: 'http' } } };
    new k8s.KubeIngress(this, 'ingress', {
      metadata: metadata(id, {
        component: 'edge',
        annotations: {
          // The controller's own defaults (1 MB, 60 s) would cut what the gateway allows; others ignore these.
          'nginx.ingress.kubernetes.io/proxy-body-size': `${memoryMiB(maxBodySize)}m`,
          'nginx.ingress.kubernetes.io/proxy-read-timeout': `${timeoutSeconds}`,
          'nginx.ingress.kubernetes.io/proxy-send-timeout': `${timeoutSeconds}`,
        },
      }),
      spec: {
        ...(edge.ingressClass && { ingressClassName: edge.ingressClass }),
        ...(secretName && { tls: [{ hosts, secretName }] }),
        rules: hosts.map((host) => ({ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } })),
      },
    });
  }
}
