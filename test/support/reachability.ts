import { ofKind, podsOf, type Manifest } from './manifests';

/** A pod template in the words of NetworkPolicy: its name, its labels, where it listens. */
export interface Endpoint {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly ports: readonly number[];
}

interface Peer {
  podSelector?: { matchLabels?: Record<string, string> };
  namespaceSelector?: { matchLabels?: Record<string, string> };
  ipBlock?: { cidr: string; except?: string[] };
}

interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports?: { protocol: string; port: number }[];
}

const selects = (selector: { matchLabels?: Record<string, string> } | undefined, labels: Record<string, string>) =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

/** The pods of one namespace. */
export const endpointsOf = (objects: readonly Manifest[]): Endpoint[] =>
  podsOf(objects).map(({ owner, template }) => ({
    name: owner.metadata.name.replace(/-[0-9a-f]{10}$/, ''),
    labels: template.metadata.labels ?? {},
    ports: template.spec.containers.flatMap((container: { ports?: { containerPort: number }[] }) =>
      (container.ports ?? []).map(({ containerPort }) => containerPort),
    ),
  }));

const policiesFor = (objects: readonly Manifest[], { labels }: Endpoint, direction: 'Ingress' | 'Egress') =>
  ofKind(objects, 'NetworkPolicy').filter(
    ({ spec }) => spec.policyTypes.includes(direction) && selects(spec.podSelector, labels),
  );

/** A peer without a namespace selector stands in the policy's own namespace. */
const admits = (peers: readonly Peer[] | undefined, other: Endpoint) =>
  peers === undefined ||
  peers.some((peer) => peer.podSelector && !peer.namespaceSelector && selects(peer.podSelector, other.labels));

function allowed(policies: readonly Manifest[], key: 'ingress' | 'egress', other: Endpoint, port: number): boolean {
  if (policies.length === 0) return true;
  return policies
    .flatMap(({ spec }) => (spec[key] ?? []) as Rule[])
    .some(
      ({ from, to, ports }) =>
        admits(key === 'ingress' ? from : to, other) &&
        (ports === undefined || ports.some((open) => open.port === port)),
    );
}

/** Every way that the policies of one namespace leave open between its pods, as `from → to:port`. */
export function reachability(objects: readonly Manifest[]): string[] {
  const endpoints = endpointsOf(objects);
  return endpoints
    .flatMap((from) =>
      endpoints.flatMap((to) =>
        to.ports
          .filter(
            (port) =>
              allowed(policiesFor(objects, from, 'Egress'), 'egress', to, port) &&
              allowed(policiesFor(objects, to, 'Ingress'), 'ingress', from, port),
          )
          .map((port) => `${from.name} → ${to.name}:${port}`),
      ),
    )
    .sort();
}

/** Ways in from other namespaces, and ways out of the namespace, DNS aside. */
export function openings(objects: readonly Manifest[]): string[] {
  return endpointsOf(objects)
    .flatMap((pod) => [
      ...policiesFor(objects, pod, 'Ingress')
        .flatMap(({ spec }) => (spec.ingress ?? []) as Rule[])
        .flatMap(({ from = [{}], ports = [] }) =>
          from
            .filter((peer) => !peer.podSelector)
            .flatMap((peer) =>
              ports.map(
                ({ port }) =>
                  `${Object.values(peer.namespaceSelector?.matchLabels ?? { any: 'anywhere' })[0]} ⇒ ${pod.name}:${port}`,
              ),
            ),
        ),
      ...policiesFor(objects, pod, 'Egress')
        .flatMap(({ spec }) => (spec.egress ?? []) as Rule[])
        .filter(({ ports = [] }) => ports.every(({ port }) => port !== 53))
        .flatMap(({ to = [{ ipBlock: { cidr: 'anywhere' } }], ports = [] }) =>
          to
            .filter(({ ipBlock }) => ipBlock)
            .flatMap(({ ipBlock }) =>
              ports.map(
                ({ port }) => `${pod.name} ⇒ ${ipBlock?.cidr}${ipBlock?.except ? ' except private' : ''}:${port}`,
              ),
            ),
        ),
    ])
    .sort();
}
