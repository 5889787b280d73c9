import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { metadata, prefix, selector } from './labels';

/** Something outside the namespace that a workload may call. */
export interface External {
  readonly name: string;
  /** Its name in the world, for those who read the policy. @default - one that only a Secret knows */
  readonly host?: string;
  readonly port: number;
  /** @default - the public Internet: everything but private and link-local addresses */
  readonly addresses?: readonly string[];
}

/** The host and port of a URL, as an external service. @throws Error when it is none of https */
export function externalAt(name: string, url: string): External {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new Error(`expected the URL of external service \`${name}\` to begin with https://, got "${url}"`);
  }
  const { hostname, port } = new URL(url);
  return { name, host: hostname, port: port ? Number(port) : 443 };
}

export interface NetworkProps {
  /**
   * Address blocks of external services by name: a policy knows addresses, not names, so a service without an entry
   * is "the Internet at this port".
   *
   * @default - none
   */
  readonly externals?: Readonly<Record<string, readonly string[]>> | undefined;
}

interface Member {
  /** A workload of this name exists; an edge may be declared before it. */
  joined: boolean;
  readonly ingress: Map<string, k8s.NetworkPolicyIngressRule>;
  readonly egress: Map<string, k8s.NetworkPolicyEgressRule>;
  /** What stands outside, by what is said of it: `groq api.groq.com:443`. */
  readonly externals: Map<string, External>;
}

/** Private networks, and link-local with the clouds' metadata services: never part of "the Internet". */
const privateAddresses = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'];

const tcp = (port: number): k8s.NetworkPolicyPort => ({ protocol: 'TCP', port: k8s.IntOrString.fromNumber(port) });

const dns: k8s.NetworkPolicyEgressRule = {
  ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port: k8s.IntOrString.fromNumber(53) })),
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
    // NodeLocal DNSCache answers on this address of every node.
    { ipBlock: { cidr: '169.254.20.10/32' } },
  ],
};

/** The names behind the addresses, for those who read the policy. */
const outside = (externals: Member['externals']): string =>
  Lazy.any({ produce: () => [...externals.keys()].join(', ') || undefined }) as unknown as string;

/** Rules that are known when all is declared; a direction that is open at all also needs what comes first. */
const rules = <Rule>(open: Map<string, Rule>, ...first: Rule[]): Rule[] =>
  Lazy.any({ produce: () => (open.size > 0 ? [...first, ...open.values()] : undefined) }) as unknown as Rule[];

/**
 * Who may talk to whom. Everything is denied in both directions; each declared connection opens one port of one
 * workload to one other (ALL-10, PHY-13). A workload without connections cannot even ask for a name.
 */
export class Network extends Construct {
  private readonly members = new Map<string, Member>();

  constructor(
    scope: Construct,
    id: string,
    private readonly props: NetworkProps = {},
  ) {
    super(scope, id);
    new k8s.KubeNetworkPolicy(this, 'default-deny', {
      metadata: metadata('default-deny', { component: 'network' }),
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
    this.node.addValidation({ validate: () => [...this.strangers(), ...this.unused()] });
  }

  /**
   * Makes a workload a member: its policy stands beside it in the output and is filled by the connections.
   *
   * @throws Error when the name is taken
   */
  join(scope: Construct, id: string, component: string): void {
    const member = this.member(id);
    if (member.joined) throw new Error(`expected one workload with the name \`${id}\`, got two`);
    member.joined = true;
    new k8s.KubeNetworkPolicy(scope, 'policy', {
      metadata: metadata(id, { component, annotations: { [`${prefix}/externals`]: outside(member.externals) } }),
      spec: {
        podSelector: { matchLabels: selector(id) },
        policyTypes: ['Ingress', 'Egress'],
        // A direction without rules is left out, as the API server would: the type alone denies it.
        ingress: rules(member.ingress),
        egress: rules(member.egress, dns),
      },
    });
  }

  /** Opens a port of one workload to another: the way out here, the way in there. */
  connect(from: string, to: string, port: number): void {
    const edge = `${from}:${to}:${port}`;
    this.member(from).egress.set(edge, { to: [{ podSelector: { matchLabels: selector(to) } }], ports: [tcp(port)] });
    this.member(to).ingress.set(edge, { from: [{ podSelector: { matchLabels: selector(from) } }], ports: [tcp(port)] });
  }

  /** Opens ports of a workload to every pod of another namespace: that of the ingress controller. */
  admit(namespace: string, to: string, ...ports: readonly number[]): void {
    const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }];
    this.member(to).ingress.set(`namespace:${namespace}`, { from, ports: ports.map(tcp) });
  }

  /** Opens the way to one external service for one workload: its port, and its addresses where they are known. */
  leave(from: string, external: External): void {
    const { name, host = '*', port, addresses = this.props.externals?.[name] } = external;
    const blocks = addresses?.map((cidr) => ({ cidr })) ?? [{ cidr: '0.0.0.0/0', except: privateAddresses }];
    const member = this.member(from);
    member.externals.set(`${name} ${host}:${port}`, external);
    // Two services of the Internet at one port are one opening.
    member.egress.set(`external:${JSON.stringify(blocks)}:${port}`, {
      to: blocks.map((ipBlock) => ({ ipBlock })),
      ports: [tcp(port)],
    });
  }

  private strangers(): string[] {
    const strangers = [...this.members].filter(([, { joined }]) => !joined).map(([id]) => id);
    return strangers.map((id) => `expected \`${id}\` to be a workload, got only connections to it`);
  }

  private unused(): string[] {
    const known = new Set(
      [...this.members.values()].flatMap(({ externals }) => [...externals.values()].map(({ name }) => name)),
    );
    const names = Object.keys(this.props.externals ?? {}).filter((name) => !known.has(name));
    const declared = [...known].join(', ') || 'none';
    return names.map((name) => `expected \`externals.${name}\` to name an external service, got none: ${declared}`);
  }

  private member(id: string): Member {
    const empty = { joined: false, ingress: new Map(), egress: new Map(), externals: new Map() };
    const member = this.members.get(id) ?? empty;
    this.members.set(id, member);
    return member;
  }
}
