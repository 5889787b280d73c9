import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { metadata, selector } from './labels';

/** Something outside the namespace that a workload may call. */
export interface External {
  readonly name: string;
  readonly port: number;
  /** @default - the public Internet: everything but private and link-local addresses */
  readonly addresses?: readonly string[];
}

interface Member {
  /** A workload of this name exists; an edge may be declared before it. */
  joined: boolean;
  readonly ingress: Map<string, k8s.NetworkPolicyIngressRule>;
  readonly egress: Map<string, k8s.NetworkPolicyEgressRule>;
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

/** Rules that are known when all is declared; a direction that is open at all also needs what comes first. */
const rules = <Rule>(open: Map<string, Rule>, ...first: Rule[]): Rule[] =>
  Lazy.any({ produce: () => (open.size > 0 ? [...first, ...open.values()] : undefined) }) as unknown as Rule[];

/**
 * Who may talk to whom. Everything is denied in both directions; each declared connection opens one port of one
 * workload to one other (ALL-10, PHY-13). A workload without connections cannot even ask for a name.
 */
export class Network extends Construct {
  private readonly members = new Map<string, Member>();

  constructor(scope: Construct, id: string) {
    super(scope, id);
    new k8s.KubeNetworkPolicy(this, 'default-deny', {
      metadata: metadata('default-deny', { component: 'network' }),
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
    this.node.addValidation({ validate: () => this.strangers() });
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
      metadata: metadata(id, { component }),
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

  /** Opens the way to one external service for one workload. */
  leave(from: string, { name, port, addresses }: External): void {
    const blocks = addresses?.map((cidr) => ({ cidr })) ?? [{ cidr: '0.0.0.0/0', except: privateAddresses }];
    this.member(from).egress.set(`external:${name}:${port}`, {
      to: blocks.map((ipBlock) => ({ ipBlock })),
      ports: [tcp(port)],
    });
  }

  private strangers(): string[] {
    const strangers = [...this.members].filter(([, { joined }]) => !joined).map(([id]) => id);
    return strangers.map((id) => `expected \`${id}\` to be a workload, got only connections to it`);
  }

  private member(id: string): Member {
    const member = this.members.get(id) ?? { joined: false, ingress: new Map(), egress: new Map() };
    this.members.set(id, member);
    return member;
  }
}
