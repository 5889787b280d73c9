import { json, kubectl, list, pause } from '../cluster/support';
import type { Manifest } from '../support/manifests';
import type { Fault, Scene } from './fault';
import { apply, kubectlNow } from './kube';
import { freezeApiServer, inNetworkOf, thawApiServer, tool } from './machine';
import { evict } from './evict';

const held = 60;

/** What happens to nodes, to the network and to the control plane. */
export const nodeFaults: readonly Fault[] = [
  {
    name: 'drain',
    handsOver: true,
    title: `primary's node drained, opened again after ${held} s`,
    aim: 3,
    holdSeconds: held,
    inject: async ({ target, primary, undo }) => {
      undo(() => kubectlNow('uncordon', primary.node));
      await kubectl('cordon', primary.node);
      await evict(target, primary.node);
    },
  },
  {
    name: 'node-kill',
    handsOver: true,
    title: `primary's node loses power, started again after ${held} s`,
    reach: 'node',
    holdSeconds: held,
    recoverySeconds: 420,
    inject: async ({ primary, undo }) => {
      undo(() => startNode(primary.node));
      tool('node-kill', primary.node);
    },
  },
  {
    name: 'node-cut',
    handsOver: true,
    title: `primary's node cut off from the network for ${held} s`,
    reach: 'node',
    holdSeconds: held,
    recoverySeconds: 420,
    inject: async ({ primary, undo }) => {
      undo(() => tool('node-join', primary.node));
      tool('node-cut', primary.node);
    },
  },
  {
    name: 'api-server',
    title: `API server stopped for ${held} s`,
    reach: 'control plane',
    holdSeconds: held,
    inject: async ({ undo }) => {
      undo(thawApiServer);
      freezeApiServer(held);
    },
  },
  {
    name: 'policy',
    // Policies decide on the first packet of a connection: sessions, replication and the primary's connection to the
    // API server that are open stay open. New sessions are what is lost, and only where they would go to the primary.
    title: `NetworkPolicies that cut the primary off from new connections for ${held} s`,
    holdSeconds: held,
    inject: cutOff,
  },
  {
    name: 'policy-open',
    // Other engines end what a policy forbids.
    title: `NetworkPolicies that cut the primary off, open connections too, for ${held} s`,
    reach: 'node',
    handsOver: true,
    holdSeconds: held,
    inject: async (scene) => {
      await cutOff(scene);
      const { primary, target, undo } = scene;
      const { metadata, status } = await json<Manifest>('get', 'pod', primary.pod, '-n', target.namespace);
      const { uid } = metadata as { uid?: string };
      undo(() => inNetworkOf(`${uid}`, join));
      inNetworkOf(`${uid}`, part, (status as { hostIP: string }).hostIP);
    },
  },
];

/** A pod reaches nobody any more but its node, as policies have it: halves are nearer than the ways that there are. */
const part = `
  gateway=$(ip route show default | cut -d' ' -f3)
  near=$(ip route show via "$gateway" | grep -o '^[0-9.]*/24')
  ip route add "$1" via "$gateway" dev eth0
  for half in 0.0.0.0/1 128.0.0.0/1 "\${near%.*}.0/25" "\${near%.*}.128/25"; do ip route add blackhole "$half"; done`;

const join = `
  ip route show type blackhole | cut -d' ' -f2 | while read -r half; do ip route del blackhole "$half"; done`;

/** Whoever wants to reach the primary's pod, or is wanted by it, finds no policy that opens the way. */
async function cutOff({ target, agents, primary, undo }: Scene): Promise<void> {
  const { namespace } = target;
  const all = (await list('networkpolicies', namespace)).filter((policy) => admits(policy, target.name));
  undo(() => {
    for (const { metadata, spec } of all) {
      const selector = { ...spec.podSelector, matchExpressions: spec.podSelector.matchExpressions ?? null };
      const patch = JSON.stringify({ spec: { podSelector: selector } });
      kubectlNow('patch', 'networkpolicy', metadata.name, '-n', namespace, '--type=merge', '-p', patch);
    }
  });
  const not = { key: 'statefulset.kubernetes.io/pod-name', operator: 'NotIn', values: [primary.pod] };
  // Policies only allow: whoever none of them selects any more is left to the one that denies everything.
  await apply(
    all.map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace },
      spec: {
        ...spec,
        podSelector: { ...spec.podSelector, matchExpressions: [...(spec.podSelector.matchExpressions ?? []), not] },
      },
    })),
  );
  // A cut that lets new connections through would be measured as a fault that nobody notices.
  const deadline = Date.now() + 20_000;
  while (await agents.reaches(primary.pod)) {
    if (Date.now() > deadline) throw new Error(`expected no new connection to ${primary.pod}, got one`);
    await pause(1);
  }
}

/** Starts a node again. A kubelet that finds its runtime not ready yet gives up: then both start once more. */
function startNode(node: string): void {
  for (let attempt = 1; ; attempt += 1) {
    tool('node-start', node);
    try {
      return kubectlNow('wait', '--for=condition=Ready', `node/${node}`, '--timeout=30s');
    } catch (error) {
      if (attempt === 3) throw error;
      tool('node-kill', node);
    }
  }
}

/** Whether a policy opens something to the pods of this name. */
function admits({ spec }: Manifest, name: string): boolean {
  const { matchLabels, matchExpressions } = spec.podSelector as {
    matchLabels?: Record<string, string>;
    matchExpressions?: { values?: string[] }[];
  };
  const named = matchLabels?.['app.kubernetes.io/name'];
  return named === name || (matchExpressions ?? []).some(({ values }) => values?.includes(name));
}
