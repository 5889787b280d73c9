import { environments, folders, manifestsOf, ofKind } from './support/manifests';
import { physicsAssistant } from './support/matrix';
import { openings, reachability } from './support/reachability';

describe.each(environments)('isolation in %s', (environment) => {
  const objects = manifestsOf(folders[environment]);
  const open = reachability(objects);

  test('PHY-13 ALL-10 exactly the connections of the diagrams are open', () => {
    expect(open).toEqual([...physicsAssistant].sort());
  });

  test('PHY-06 MCP services are reachable from the Agents API alone, and reach nobody', () => {
    expect(new Set(open.filter((way) => way.includes('→ mcp-')).map((way) => way.split(' ')[0]))).toEqual(
      new Set(['agents-api']),
    );
    expect(open.filter((way) => way.startsWith('mcp-'))).toEqual([]);
  });

  test('PHY-13 the database tier opens no connection and has no way in from outside its namespace', () => {
    const tier = ['postgres', 'neo4j', 'redis'];
    expect(open.filter((way) => tier.includes(way.split(' ')[0] ?? ''))).toEqual([]);
    expect(openings(objects).filter((way) => tier.some((name) => way.includes(name)))).toEqual([]);
  });

  test('ALL-10 every pod is denied everything that is not opened to it', () => {
    const [deny] = ofKind(objects, 'NetworkPolicy').filter(({ metadata }) => metadata.name === 'default-deny');
    expect(deny?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });
});

test('ALL-10 the only way in is from the ingress controller to the gateway', () => {
  const ways = openings(manifestsOf(folders.production)).filter((way) => way.startsWith('ingress-nginx'));
  // 8089 is where a solver of an ACME challenge listens, under the same label.
  expect(ways).toEqual(['ingress-nginx ⇒ gateway:8080', 'ingress-nginx ⇒ gateway:8089']);
});

test('PHY-19 only the task processor leaves the cluster, for mail and alerts, and never to private addresses', () => {
  const ways = openings(manifestsOf(folders.production)).filter((way) => !way.startsWith('ingress-nginx'));
  expect(ways).toEqual([
    'task-processor ⇒ 0.0.0.0/0 except private:443',
    'task-processor ⇒ 0.0.0.0/0 except private:587',
  ]);
});

test('ALL-02 in a throw-away cluster one Job reaches the API server, and nothing else leaves', () => {
  const ways = openings(manifestsOf(folders.development)).filter((way) => !way.startsWith('ingress-nginx'));
  expect(new Set(ways.map((way) => way.split(' ')[0]))).toEqual(new Set(['disposable-secrets']));
});
