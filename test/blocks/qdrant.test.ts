import type { Platform, PlatformProps } from '../../charts/blocks/platform';
import { Qdrant, type QdrantProps } from '../../charts/blocks/qdrant/qdrant';
import type { ContainerManifest } from '../support/manifests';
import { everyPropReachesTheOutput, labelsOf, manifests, object, platform, service } from '../support/testing';

const here: Required<QdrantProps> = {
  server: { kind: 'self-hosted' },
  size: { cpu: '2', memory: '4Gi', storage: '20Gi' },
  variables: { url: 'QDRANT_URL', apiKey: 'QDRANT_API_KEY' },
  backup: {
    schedule: '30 1 * * *',
    retentionDays: 14,
    destinations: [{ kind: 's3', bucket: 'school-backups', endpoint: 'https://s3.school.edu', region: 'eu-1' }],
  },
};
const at = (url: string): Required<QdrantProps> => ({
  ...here,
  server: { kind: 'external', url, apiKey: { secret: 'vectors-cloud', key: 'key' } },
});
const elsewhere = at('https://id.qdrant.io:6333');

/** A platform with the vectors and services that use them; another one stands by. */
function school(props: QdrantProps, clients = ['backend'], overrides: Partial<PlatformProps> = {}): Platform {
  const scope = platform(overrides);
  const qdrant = new Qdrant(scope, 'qdrant', props);
  for (const id of clients) service(scope, id, { uses: { qdrant } });
  service(scope, 'frontend');
  return scope;
}

const inventory = (scope: Platform): Record<string, object> => {
  const { secrets } = JSON.parse(object(scope, 'ConfigMap/secret-inventory').data?.['inventory.json'] ?? '{}');
  return Object.fromEntries(
    secrets.flatMap(({ name, keys }: { name: string; keys: { key: string }[] }) =>
      keys.map(({ key, ...rules }) => [`${name}/${key}`, rules]),
    ),
  );
};
const pod = (scope: Platform) => object(scope, 'StatefulSet/qdrant').spec.template.spec;
const settings = (scope: Platform): Record<string, string | undefined> =>
  Object.fromEntries(
    (pod(scope).containers[0] as ContainerManifest).env?.map(({ name, value }) => [name, value]) ?? [],
  );
const checks = (props: QdrantProps): unknown => {
  const [{ env }] = object(school(props, ['backend'], { rehearsal: true }), 'Deployment/backend').spec.template.spec
    .containers;
  return JSON.parse(env.find(({ name }: { name: string }) => name === 'REHEARSAL').value).connections;
};

describe('a server with every prop', () => {
  everyPropReachesTheOutput<QdrantProps>(() => school(here), {
    server: ['StatefulSet/qdrant', 'spec.replicas', 1],
    size: ['StatefulSet/qdrant', 'spec.volumeClaimTemplates.0.spec.resources.requests.storage', '20Gi'],
    variables: [
      'Deployment/backend',
      'spec.template.spec.containers.0.env',
      [
        { name: 'QDRANT_URL', value: 'http://qdrant:6333' },
        { name: 'QDRANT_API_KEY', valueFrom: { secretKeyRef: { name: 'qdrant', key: 'QDRANT_API_KEY' } } },
      ],
    ],
    backup: [
      'StatefulSet/qdrant',
      'metadata.annotations',
      {
        'slipway.dev/backup-schedule': '30 1 * * *',
        'slipway.dev/backup-retention-days': '14',
        'slipway.dev/backup-destination': 's3://school-backups',
      },
    ],
  });

  test('prop `size` limits CPU and memory of the server, and promises the memory whole', () => {
    const [{ resources }] = pod(school(here)).containers;
    expect(resources.limits).toMatchObject({ cpu: '2', memory: '4Gi' });
    expect(resources.requests).toMatchObject({ memory: '4Gi' });
  });
});

describe('GOV-06 a server of our own', () => {
  test('keeps its data in one claim, snapshots as well', () => {
    expect(object(school(here), 'StatefulSet/qdrant').spec.volumeClaimTemplates[0].metadata.name).toBe('qdrant-data');
    const [{ volumeMounts }] = pod(school(here)).containers;
    const { mountPath } = volumeMounts.find(({ name }: { name: string }) => name === 'qdrant-data');
    const { QDRANT__STORAGE__STORAGE_PATH: data, QDRANT__STORAGE__SNAPSHOTS_PATH: snapshots } = settings(school(here));
    expect([data, snapshots]).toEqual([mountPath, `${mountPath}/snapshots`]);
  });

  test('writes nowhere but into its claim and scratch space', () => {
    const [{ securityContext, volumeMounts }] = pod(school(here)).containers;
    expect(securityContext.readOnlyRootFilesystem).toBe(true);
    expect(volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)).toEqual([
      '/qdrant/storage',
      '/qdrant/init',
      '/tmp',
    ]);
    expect(settings(school(here))['QDRANT_INIT_FILE_PATH']).toBe('/qdrant/init/.qdrant-initialized');
  });

  test('GOV-09 takes its API key from the Secret of its clients, 64 hex characters that are generated', () => {
    expect(pod(school(here)).containers[0].env).toContainEqual({
      name: 'QDRANT__SERVICE__API_KEY',
      valueFrom: { secretKeyRef: { name: 'qdrant', key: 'QDRANT_API_KEY' } },
    });
    expect(inventory(school(here))['qdrant/QDRANT_API_KEY']).toEqual({
      origin: 'generated',
      characters: 64,
      minimum: 32,
      exact: false,
      optional: false,
      usedBy: ['backend', 'qdrant'],
    });
  });

  test('refuses writes before it reaches the limit of its container or fills its volume', () => {
    expect(settings(school(here))).toMatchObject({
      QDRANT__STORAGE__QUOTAS__ENABLED: 'true',
      QDRANT__STORAGE__QUOTAS__MAX_RESIDENT_MEMORY_PERCENT: '80',
      QDRANT__STORAGE__QUOTAS__MAX_DISK_USAGE_PERCENT: '90',
    });
  });

  test('tells its makers nothing, fetches nothing and serves no browser', () => {
    expect(settings(school(here))).toMatchObject({
      QDRANT__TELEMETRY_DISABLED: 'true',
      QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY: 'false',
      QDRANT__SERVICE__ENABLE_CORS: 'false',
      QDRANT__SERVICE__ENABLE_STATIC_CONTENT: 'false',
    });
  });

  test('GOV-11 has its metrics at a port that asks for no key', () => {
    const { metadata, spec } = object(school(here), 'StatefulSet/qdrant').spec.template;
    expect(metadata.annotations).toMatchObject({ 'prometheus.io/port': '6336', 'prometheus.io/path': '/metrics' });
    expect(spec.containers[0].ports).toContainEqual({ name: 'metrics', containerPort: 6336, protocol: 'TCP' });
    expect(settings(school(here))['QDRANT__SERVICE__METRICS_PORT']).toBe('6336');
  });

  test('ALL-07 is asked over HTTP whether it is ready, and by its port alone whether it lives', () => {
    const [{ startupProbe, readinessProbe, livenessProbe }] = pod(school(here)).containers;
    expect(startupProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(livenessProbe.tcpSocket).toEqual({ port: 'http' });
  });

  test('is the first process of its container, so that the stop signal reaches it', () => {
    expect(pod(school(here)).containers[0].command).toEqual(['/qdrant/qdrant']);
    expect(pod(school(here)).terminationGracePeriodSeconds).toBe(120);
  });

  test('ALL-10 lets in its clients at the port of HTTP alone, and goes nowhere', () => {
    const { ingress, egress } = object(school(here), 'NetworkPolicy/qdrant').spec;
    expect(ingress).toEqual([
      {
        from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'backend' } } }],
        ports: [{ protocol: 'TCP', port: 6333 }],
      },
    ]);
    expect(egress).toBeUndefined();
  });

  test('is asked for its collections with the key in a rehearsal', () => {
    expect(checks(here)).toEqual([
      {
        name: 'qdrant',
        kind: 'http',
        url: 'QDRANT_URL',
        path: '/collections',
        header: 'api-key',
        password: 'QDRANT_API_KEY',
      },
    ]);
  });
});

describe('GOV-06 a server of somebody else', () => {
  test('adds nothing to the platform but a secret and the way there', () => {
    const added = manifests(school(elsewhere)).filter(({ metadata }) => metadata.name?.includes('qdrant'));
    expect(added).toEqual([]);
    expect(labelsOf(school(elsewhere))).toContain('Deployment/backend');
  });

  test('GOV-09 its clients get the URL as it is, and the key from the Secret of the reference', () => {
    expect(object(school(elsewhere), 'Deployment/backend').spec.template.spec.containers[0].env).toEqual([
      { name: 'QDRANT_URL', value: 'https://id.qdrant.io:6333' },
      { name: 'QDRANT_API_KEY', valueFrom: { secretKeyRef: { name: 'vectors-cloud', key: 'key' } } },
    ]);
  });

  test('its key is asked for, not made', () => {
    expect(inventory(school(elsewhere))).toEqual({
      'vectors-cloud/key': {
        origin: 'provided',
        characters: 0,
        minimum: 8,
        exact: false,
        optional: false,
        usedBy: ['backend'],
      },
    });
  });

  test.each([
    ['https://id.qdrant.io:6333', 6333],
    ['https://vectors.school.edu/qdrant', 443],
  ])('ALL-10 %s opens port %i to its clients and to nobody else', (url, port) => {
    const scope = school(at(url));
    const { metadata, spec } = object(scope, 'NetworkPolicy/backend');
    expect(spec.egress.slice(1)).toEqual([
      {
        to: [
          {
            ipBlock: {
              cidr: '0.0.0.0/0',
              except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'],
            },
          },
        ],
        ports: [{ protocol: 'TCP', port }],
      },
    ]);
    expect(metadata.annotations).toEqual({
      'slipway.dev/externals': `qdrant ${new URL(url).hostname}:${port}`,
    });
    expect(object(scope, 'NetworkPolicy/frontend').spec).not.toHaveProperty('egress');
  });

  test('ALL-10 has the addresses that the settings know for its name', () => {
    const scope = school(elsewhere, ['backend'], { externals: { qdrant: ['203.0.113.0/24'] } });
    expect(object(scope, 'NetworkPolicy/backend').spec.egress[1].to).toEqual([{ ipBlock: { cidr: '203.0.113.0/24' } }]);
  });

  test('is not asked in a rehearsal', () => {
    expect(checks(elsewhere)).toEqual([]);
  });

  test.each(['http://id.qdrant.io:6333', 'id.qdrant.io', 'https://'])('at %s is refused', (url) => {
    expect(() => new Qdrant(platform(), 'qdrant', at(url))).toThrow(
      new Error(`expected the URL of external service \`qdrant\` to begin with https://, got "${url}"`),
    );
  });
});

test.each([
  ['here', here],
  ['elsewhere', elsewhere],
])('two clients of a server %s both reach it, with one key', (_, props) => {
  const scope = school(props, ['backend', 'importer']);
  const keys = ['backend', 'importer'].map(
    (id) => object(scope, `Deployment/${id}`).spec.template.spec.containers[0].env[1],
  );
  expect(keys[0]).toEqual(keys[1]);
  expect(object(scope, 'NetworkPolicy/importer').spec.egress).toHaveLength(2);
});

test.each([
  ['here', here],
  ['elsewhere', elsewhere],
])('ALL-10 a client of another platform does not reach a server %s', (_, props) => {
  const other = platform({}, 'university');
  const qdrant = new Qdrant(platform(), 'qdrant', props);
  expect(() => service(other, 'backend', { uses: { qdrant } })).toThrow(
    new Error(
      'expected `backend` to connect to a workload of its own platform university, ' +
        'got `qdrant` of school: platforms meet through public routes only',
    ),
  );
});

test('a server with the name of a service is refused', () => {
  const scope = platform();
  service(scope, 'qdrant');
  expect(() => new Qdrant(scope, 'qdrant', here)).toThrow(
    new Error('expected one workload with the name `qdrant`, got two'),
  );
});
