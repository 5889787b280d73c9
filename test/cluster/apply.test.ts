import { placesOf } from '../support/everywhere';
import { environments, folders, manifestsOf, podsOf, type Manifest } from '../support/manifests';
import { developmentDown } from './development';
import { fileOf, isApplied, kubectl, kubectlBoth, list, openNodes, remove, requireCluster, variant } from './support';

jest.setTimeout(600_000);

/** What an apply decides: everything but what controllers and the server write by themselves. */
const decided = ({ metadata, status: _status, ...rest }: Manifest) => {
  const {
    resourceVersion: _version,
    managedFields: _fields,
    annotations = {},
    ...kept
  } = metadata as Record<string, unknown> & {
    annotations?: Record<string, string>;
  };
  const own = Object.entries(annotations).filter(
    ([key]) => !/^(deployment|pv|volume)\.(beta\.)?kubernetes\.io\//.test(key),
  );
  // A volume is bound when its pod comes, whoever applies.
  const { volumeName: _volume, ...spec } = rest.spec ?? {};
  return { ...rest, spec, metadata: { ...kept, annotations: Object.fromEntries(own) } };
};

const kinds =
  'serviceaccounts,roles,rolebindings,configmaps,services,deployments,statefulsets,networkpolicies,' +
  'poddisruptionbudgets,resourcequotas,limitranges,ingresses,jobs,cronjobs,persistentvolumeclaims';

const snapshot = async (namespaces: readonly string[]) =>
  new Map(
    (await Promise.all(namespaces.map((namespace) => list(kinds, namespace))))
      .flat()
      .filter(isApplied)
      .map(
        (object) => [`${object.metadata.namespace}/${object.kind}/${object.metadata.name}`, decided(object)] as const,
      ),
  );

beforeAll(async () => {
  await requireCluster({ definitions: true });
  await developmentDown();
  await openNodes(false);
});
afterAll(() => openNodes(true));

describe.each(environments)('%s of all platforms on a real API server', (environment) => {
  const places = placesOf(environment);
  const namespaces = places.map(({ namespace }) => namespace);
  const folder = folders[environment];
  const removeAll = async () => {
    await Promise.all(namespaces.map(remove));
  };
  beforeAll(removeAll);
  afterAll(removeAll);

  test('is taken whole by one server-side apply without a warning', async () => {
    const { stdout, stderr } = await kubectlBoth('apply', '--server-side', '-f', folder);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(manifestsOf(folder).length);
  });

  test.each(places)('ALL-11 $platform: every pod template passes the admission of restricted', async (place) => {
    const pods = podsOf(place.objects).map(({ owner, template }) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `admission-${owner.metadata.name}`.slice(0, 63),
        namespace: place.namespace,
        labels: template.metadata.labels,
      },
      spec: {
        ...template.spec,
        containers: template.spec.containers.map(small),
        initContainers: template.spec.initContainers?.map(small),
        volumes: withClaims(owner, template.spec.volumes),
      },
    }));
    const { stdout, stderr } = await kubectlBoth('create', '--dry-run=server', '-o', 'name', '-f', fileOf(pods));
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(pods.length);
  });

  test.each(places)('ALL-11 $platform: a pod that is not restricted is refused', async ({ namespace }) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'root', namespace },
      spec: { containers: [{ name: 'root', image: 'registry.example/root:1' }] },
    };
    await expect(kubectl('create', '--dry-run=server', '-f', fileOf([pod]))).rejects.toThrow(
      /violates PodSecurity "restricted:latest"/,
    );
  });

  // Production has every kind of object that the others have.
  if (environment === 'production') {
    test('a second apply changes nothing', async () => {
      const before = await snapshot(namespaces);
      expect(await kubectl('diff', '--server-side', '-f', folder)).toBe('');
      await kubectl('apply', '--server-side', '-f', folder);
      expect(await snapshot(namespaces)).toEqual(before);
    });
  }
});

test('ALL-28 with External Secrets every object is taken, and no Secret is among them', async () => {
  const folder = variant('staging', (settings) => ({
    ...settings,
    secrets: {
      backend: 'external-secrets',
      store: { kind: 'ClusterSecretStore', name: 'vault' },
      refreshInterval: '1h',
    },
  }));
  const namespaces = manifestsOf(folder).filter(({ kind }) => kind === 'Namespace');
  await kubectl('apply', '--server-side', '-f', fileOf(namespaces));
  const { stdout, stderr } = await kubectlBoth('apply', '--server-side', '--dry-run=server', '-f', folder);
  await Promise.all(namespaces.map(({ metadata }) => remove(metadata.name)));
  expect(stderr).toBe('');
  const taken = stdout.match(/^externalsecret\.external-secrets\.io\/application serverside-applied/gm);
  expect(taken).toHaveLength(namespaces.length);
  expect(stdout).not.toMatch(/^secret\//m);
});

/** The quota is full of the platform itself: what is asked here is security alone. */
const small = (container: object) => ({
  ...container,
  resources: { limits: { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Mi' } },
});

/** A pod of a StatefulSet gets its claims from the set: alone it gets an empty folder in their place. */
function withClaims(owner: Manifest, volumes: unknown[] = []): unknown[] {
  const templates: { metadata: { name: string } }[] = owner.spec.volumeClaimTemplates ?? [];
  return [...volumes, ...templates.map(({ metadata }) => ({ name: metadata.name, emptyDir: {} }))];
}
