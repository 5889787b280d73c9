import { environments, folders, manifestsOf, podsOf, type Manifest } from '../support/manifests';
import { fileOf, kubectl, kubectlBoth, list, remove, requireCluster, variant } from './support';

jest.setTimeout(300_000);

const namespaceOf = (environment: string) =>
  environment === 'production' ? 'physics-assistant' : `physics-assistant-${environment}`;

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
  'poddisruptionbudgets,resourcequotas,limitranges,ingresses,jobs,persistentvolumeclaims';

const snapshot = async (namespace: string) =>
  new Map(
    (await list(kinds, namespace)).map(
      (object) => [`${object.kind}/${object.metadata.name}`, decided(object)] as const,
    ),
  );

beforeAll(() => requireCluster({ definitions: true }));

describe.each(environments)('%s on a real API server', (environment) => {
  const namespace = namespaceOf(environment);
  const folder = folders[environment];
  beforeAll(() => remove(namespace));
  afterAll(() => remove(namespace));

  test('is taken by a server-side apply without a warning', async () => {
    const { stdout, stderr } = await kubectlBoth('apply', '--server-side', '-f', folder);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(manifestsOf(folder).length);
  });

  test('ALL-11 every pod template passes the admission of Pod Security restricted', async () => {
    const pods = podsOf(manifestsOf(folder)).map(({ owner, template }) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `admission-${owner.metadata.name}`.slice(0, 63), namespace, labels: template.metadata.labels },
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

  test('ALL-11 a pod that is not restricted is refused there', async () => {
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

  test('a second apply changes nothing', async () => {
    const before = await snapshot(namespace);
    expect(await kubectl('diff', '--server-side', '-f', folder)).toBe('');
    await kubectl('apply', '--server-side', '-f', folder);
    expect(await snapshot(namespace)).toEqual(before);
  });
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
  const [namespace] = manifestsOf(folder);
  await kubectl('apply', '--server-side', '-f', fileOf([namespace]));
  const { stdout, stderr } = await kubectlBoth('apply', '--server-side', '--dry-run=server', '-f', folder);
  await remove(namespace?.metadata.name ?? '');
  expect(stderr).toBe('');
  expect(stdout).toContain('externalsecret.external-secrets.io/application serverside-applied');
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
