import { podsOf } from '../support/manifests';
import { matrix } from '../support/matrix';
import { client, clientNamespace, startClient } from './client';
import { developmentUp, places } from './development';
import { platforms } from './platforms';
import { openedFromNode, openedFromShell, targetsOf, type Target } from './reach';
import { kubectl } from './support';

jest.setTimeout(900_000);

/** Whose pods try what: programs with Node by a script, all others by the shell of their image. */
const attempts = places.flatMap(({ platform, namespace, objects }) =>
  podsOf(objects)
    .filter(({ owner }) => ['Deployment', 'StatefulSet'].includes(owner.kind))
    .map(({ owner }) => ({
      platform,
      namespace,
      name: owner.metadata.name,
      workload: `${owner.kind.toLowerCase()}/${owner.metadata.name}`,
      attempt: owner.metadata.name in platforms[platform].connections ? openedFromNode : openedFromShell,
    })),
);
const keyOf = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;

/** What each opened, by `namespace/name`. */
const opened = new Map<string, string[]>();
let targets: Target[];

beforeAll(async () => {
  await developmentUp();
  targets = (await Promise.all(places.map(targetsOf))).flat();
  // Most attempts wait for an answer that never comes: some of them at a time cost no more than one.
  const queue = [...attempts];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      opened.set(keyOf(next), await next.attempt(next.namespace, next.workload, targets));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
});

test('every pod of every platform is among the targets', () => {
  for (const { platform, namespace } of places) {
    const own = new Set(targets.filter((target) => target.namespace === namespace).map(({ name }) => name));
    expect([platform, own.size]).toEqual([platform, platforms[platform].pods]);
  }
});

// A pod always reaches itself: that it opens its own ports shows that the attempt works where nothing else opens.
test.each(attempts)('ALL-10 $platform: $name opens itself and its declared connections, no other', (from) => {
  const own = targets.filter((target) => keyOf(target) === keyOf(from)).map(({ port }) => `${from.name}:${port}`);
  const declared = matrix[from.platform].connections
    .filter((way) => way.startsWith(`${from.name} → `))
    .map((way) => way.split('→ ')[1]);
  // Members of a cluster are connected to themselves: one way, whoever names it.
  const expected = new Set([...own, ...declared].map((name) => `${from.namespace}/${name}`));
  expect(opened.get(keyOf(from))).toEqual([...expected].sort());
});

test('ALL-10 from the ingress controller’s namespace only the gateways answer', async () => {
  const gateways = places.map(({ namespace }) => `${namespace}/gateway:8080`);
  expect(await openedFromNode(clientNamespace, client, targets)).toEqual(gateways.sort());
});

test('ALL-10 from another namespace nothing answers', async () => {
  await startClient('default');
  try {
    expect(await openedFromNode('default', client, targets)).toEqual([]);
  } finally {
    await kubectl('delete', client, '-n', 'default', '--wait=false');
  }
});
