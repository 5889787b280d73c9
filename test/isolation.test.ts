import { everywhere, placesOf } from './support/everywhere';
import { find, ofKind, type Manifest } from './support/manifests';
import { apiServer, matrix } from './support/matrix';
import { admissions, entrances, exits, reachability } from './support/reachability';

/** What the policies say of the outside, for those who read them. */
const externals = (objects: readonly Manifest[]): string[] =>
  ofKind(objects, 'NetworkPolicy').flatMap(({ metadata }) =>
    (metadata.annotations?.['slipway.dev/externals'] ?? '')
      .split(', ')
      .filter(Boolean)
      .map((external) => `${metadata.name} → ${external}`),
  );

/** `backend → groq api.groq.com:443` as the policy has it: a port and addresses, for it knows no names. */
const opened = (leaves: readonly string[], there: string): string[] =>
  leaves.map((way) => `${way.split(' ')[0]} ⇒ ${there}:${way.split(':').pop()}`);

describe.each(everywhere)('isolation of $platform in $environment', ({ environment, platform, objects }) => {
  const { connections, leaves } = matrix[platform];
  const callers = apiServer.leaves(environment);

  test('PHY-13 TDA-09 ALL-10 exactly the connections of the guide are open', () => {
    expect(reachability(objects)).toEqual([...connections].sort());
  });

  test('ALL-10 every pod is denied everything that is not opened to it', () => {
    const { spec } = find(objects, 'NetworkPolicy', 'default-deny');
    expect(spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  test('ALL-10 the only way in is from the ingress controller to the gateway', () => {
    // 8089 is where a solver of an ACME challenge listens, under the same label.
    const ports = environment === 'development' ? [8080] : [8080, 8089];
    expect(entrances(objects)).toEqual(ports.map((port) => `ingress-nginx ⇒ gateway:${port}`));
  });

  test('ALL-10 ALL-02 PHY-19 GOV-09 HWO-09 TDA-08 who leaves says for which service, and nobody else leaves', () => {
    expect(externals(objects).sort()).toEqual([...leaves[environment], ...callers].sort());
  });

  test('ALL-10 PHY-19 GOV-09 HWO-09 TDA-08 exactly the ports of those services are open, and no private address', () => {
    const expected = [
      ...opened(leaves[environment], 'the Internet'),
      ...apiServer.addresses.flatMap((addresses) => opened(callers, addresses)),
    ];
    expect(exits(objects)).toEqual([...new Set(expected)].sort());
  });

  test('PHY-13 GOV-15 HWO-07 TDA-09 databases speak to their own members and backups alone, and have no way in from outside', () => {
    const databases = ofKind(objects, 'StatefulSet').map(({ metadata }) => metadata.name);
    const ways = [...entrances(objects), ...exits(objects)].filter((way) =>
      databases.some((name) => way.startsWith(`${name} ⇒`) || way.includes(`⇒ ${name}:`)),
    );
    expect(databases).toContain('postgres');
    const own = reachability(objects).filter((way) => databases.includes(way.split(' ')[0] ?? ''));
    expect(own).toEqual([
      ...['postgres → postgres-repository:8432', 'postgres → postgres:5432', 'postgres → postgres:8008'],
    ]);
    // Patroni keeps its state in the API server.
    expect(ways).toEqual(exits(objects).filter((way) => /^postgres ⇒ [\d./]+:6?443$/.test(way)));
  });
});

describe('between platforms and environments', () => {
  const all = everywhere.flatMap(({ objects }) => objects);

  test('ALL-10 no policy admits a pod of another platform or environment, in either direction', () => {
    expect(admissions(all)).toEqual([]);
  });

  test.each([
    ['every namespace', {}],
    ['namespaces with a label of ours', { matchLabels: { 'app.kubernetes.io/managed-by': 'slipway' } }],
  ])('ALL-10 a policy that admitted %s would be seen', (_, namespaceSelector) => {
    const [{ objects = [], namespace = '' } = {}] = placesOf('production');
    const leak = structuredClone(find(objects, 'NetworkPolicy', 'postgres'));
    leak.spec.ingress.push({ from: [{ namespaceSelector }], ports: [{ protocol: 'TCP', port: 5432 }] });
    const others = everywhere.filter((place) => place.namespace !== namespace);
    expect(admissions([...all, leak])).toEqual(
      expect.arrayContaining(others.map((other) => `${other.namespace}/gateway → ${namespace}/postgres:5432 in`)),
    );
  });

  test('ALL-01 no namespace is shared', () => {
    const namespaces = ofKind(all, 'Namespace').map(({ metadata }) => metadata.name);
    expect(namespaces).toEqual(everywhere.map(({ namespace }) => namespace));
    expect(new Set(namespaces).size).toBe(namespaces.length);
  });

  test('ALL-01 no object of the whole cluster is shared', () => {
    const wide = all
      .filter(({ metadata }) => !metadata.namespace)
      .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(wide.filter((name, index) => wide.indexOf(name) !== index)).toEqual([]);
  });

  test('ALL-01 no host is claimed twice', () => {
    const hosts = ofKind(all, 'Ingress').flatMap(({ spec }) => spec.rules.map(({ host }: { host: string }) => host));
    expect(hosts.length).toBeGreaterThanOrEqual(everywhere.length);
    expect(hosts.filter((host, index) => hosts.indexOf(host) !== index)).toEqual([]);
  });
});
