import { ofKind, podsOf, withoutFingerprint, type Manifest } from './manifests';
import { privateAddresses } from './matrix';

type Labels = Record<string, string>;

/** A pod template in the words of NetworkPolicy: its name and namespace, the labels of both, where it listens. */
interface Endpoint {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly namespaceLabels: Labels;
  readonly ports: readonly number[];
  /** The rules for it, by direction; undefined where no policy speaks of that direction: then all is open. */
  readonly rules: Readonly<Record<Direction, readonly Rule[] | undefined>>;
}

type Direction = 'Ingress' | 'Egress';
interface Selector {
  matchLabels?: Labels;
  [expressions: string]: unknown;
}
interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string; except?: string[] };
}
interface Rule {
  /** Of the policy. A peer without a namespace selector stands in it. */
  readonly namespace: string;
  readonly peers: readonly Peer[] | undefined;
  readonly ports: readonly { port: number }[] | undefined;
}

function selects({ matchLabels = {}, ...expressions }: Selector, labels: Labels): boolean {
  if (Object.keys(expressions).length > 0) {
    throw new Error(`expected selectors of \`matchLabels\` alone, got ${JSON.stringify(expressions)}: read them here`);
  }
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}

const isInternet = ({ cidr, except = [] }: NonNullable<Peer['ipBlock']>): boolean =>
  cidr === '0.0.0.0/0' && privateAddresses.every((addresses) => except.includes(addresses));

/** Nobody knows the address of a pod, but it is a private one: a block that is not the Internet may be any pod. */
const admits = ({ podSelector, namespaceSelector, ipBlock }: Peer, namespace: string, other: Endpoint): boolean => {
  if (ipBlock) return !isInternet(ipBlock);
  const inside = namespaceSelector ? selects(namespaceSelector, other.namespaceLabels) : other.namespace === namespace;
  return inside && selects(podSelector ?? {}, other.labels);
};

const open = (rules: readonly Rule[] | undefined, other: Endpoint, port: number): boolean =>
  rules === undefined ||
  rules.some(
    ({ namespace, peers, ports }) =>
      (peers === undefined || peers.some((peer) => admits(peer, namespace, other))) &&
      (ports === undefined || ports.some((allowed) => allowed.port === port)),
  );

/** The pods of one namespace or of more, with the policies that speak of them. */
function endpointsOf(objects: readonly Manifest[]): Endpoint[] {
  const labelsOf = new Map(ofKind(objects, 'Namespace').map(({ metadata }) => [metadata.name, metadata.labels]));
  const policies = ofKind(objects, 'NetworkPolicy');
  return podsOf(objects).map(({ owner, template }) => {
    const { name, namespace = '' } = owner.metadata;
    const labels = template.metadata.labels ?? {};
    const rulesOf = (direction: Direction): Rule[] | undefined => {
      const own = policies.filter(
        ({ metadata, spec }) =>
          metadata.namespace === namespace && spec.policyTypes.includes(direction) && selects(spec.podSelector, labels),
      );
      const [key, peers] = direction === 'Ingress' ? (['ingress', 'from'] as const) : (['egress', 'to'] as const);
      if (own.length === 0) return undefined;
      return own.flatMap(({ spec }) =>
        ((spec[key] ?? []) as Record<string, never>[]).map((rule) => ({
          namespace,
          peers: rule[peers],
          ports: rule['ports'],
        })),
      );
    };
    return {
      name: withoutFingerprint(name),
      namespace,
      labels,
      // The API server adds the name as a label.
      namespaceLabels: { ...labelsOf.get(namespace), 'kubernetes.io/metadata.name': namespace },
      ports: template.spec.containers.flatMap((container: { ports?: { containerPort: number }[] }) =>
        (container.ports ?? []).map(({ containerPort }) => containerPort),
      ),
      rules: { Ingress: rulesOf('Ingress'), Egress: rulesOf('Egress') },
    };
  });
}

/** From every pod to every port of every pod: what the policy of either side says. */
const pairs = (objects: readonly Manifest[]) => {
  const endpoints = endpointsOf(objects);
  return endpoints.flatMap((from) =>
    endpoints.flatMap((to) =>
      to.ports.map((port) => ({
        from,
        to,
        port,
        out: open(from.rules.Egress, to, port),
        in: open(to.rules.Ingress, from, port),
      })),
    ),
  );
};

/** Every way that the policies leave open between the pods of a namespace, as `from → to:port`. */
export const reachability = (objects: readonly Manifest[]): string[] =>
  pairs(objects)
    .filter((way) => way.from.namespace === way.to.namespace && way.out && way.in)
    .map(({ from, to, port }) => `${from.name} → ${to.name}:${port}`)
    .sort();

/** What a policy of one namespace admits of another's pods, be it answered there or not. */
export const admissions = (objects: readonly Manifest[]): string[] =>
  pairs(objects)
    .filter(({ from, to }) => from.namespace !== to.namespace)
    .flatMap(({ from, to, port, ...open }) => {
      const way = `${from.namespace}/${from.name} → ${to.namespace}/${to.name}:${port}`;
      return [...(open.out ? [`${way} out`] : []), ...(open.in ? [`${way} in`] : [])];
    })
    .sort();

/** Ways in from namespaces that are nobody's here, and from addresses: `ingress-nginx ⇒ gateway:8080`. */
export const entrances = (objects: readonly Manifest[]): string[] =>
  outside(objects, 'Ingress', (there, pod, port) => `${there} ⇒ ${pod}:${port}`);

/** Ways out of the namespace to addresses, the names of DNS aside: `backend ⇒ the Internet:443`. */
export const exits = (objects: readonly Manifest[]): string[] =>
  outside(objects, 'Egress', (there, pod, port) => `${pod} ⇒ ${there}:${port}`).filter((way) => !isName(way));

/** Names are asked of the cluster's DNS and of the cache of the node. */
const isName = (way: string) => / ⇒ (kube-system|169\.254\.20\.10\/32):53$/.test(way);

function outside(
  objects: readonly Manifest[],
  direction: Direction,
  text: (there: string, pod: string, port: number | string) => string,
): string[] {
  const ways = endpointsOf(objects).flatMap((pod) =>
    (pod.rules[direction] ?? [{ namespace: '', peers: undefined, ports: undefined }]).flatMap(
      ({ peers = [{}], ports = [{ port: '*' }] }) =>
        peers.filter(isOutside).flatMap((peer) => ports.map(({ port }) => text(nameOf(peer), pod.name, port))),
    ),
  );
  return [...new Set(ways)].sort();
}

const isOutside = ({ podSelector, namespaceSelector }: Peer) => !podSelector || namespaceSelector !== undefined;

const nameOf = ({ namespaceSelector, ipBlock }: Peer): string => {
  if (ipBlock) return isInternet(ipBlock) ? 'the Internet' : ipBlock.cidr;
  return Object.values(namespaceSelector?.matchLabels ?? {}).join(' ') || 'anywhere';
};
