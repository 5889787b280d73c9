import type { ServiceProps } from '../../charts/blocks/service';
import { PersistentVolume } from '../../charts/blocks/volume';
import {
  environment,
  everyPropReachesTheOutput,
  labelsOf,
  object,
  platform,
  program,
  service,
} from '../support/testing';

const size = { cpu: '500m', memory: '512Mi', replicas: { min: 2, max: 5 } };
const container = 'spec.template.spec.containers.0';
const tesla = { resource: 'nvidia.com/gpu', nodeSelector: { gpu: 'tesla' }, taint: { key: 'gpu', value: 'tesla' } };

describe('a service with every prop', () => {
  const build = () => {
    const school = platform({ cluster: { ...environment.cluster, gpuClasses: { tesla } } });
    const props: Required<ServiceProps> = {
      image: 'ghcr.io/school/grades:1.2.3',
      size,
      component: 'frontend',
      command: ['serve', '--port', '8100'],
      variables: { GREETING: 'hello' },
      uses: { grades: service(school, 'store', { port: 8200 }) },
      connections: 7,
      calls: [service(school, 'marks', { port: 8300 })],
      externals: [{ name: 'mail', port: 587 }],
      mounts: [{ path: '/cache', volume: { scratch: 'cache', sizeMiB: 32 } }],
      port: 8100,
      healthPath: '/ready',
      otherHealthPaths: ['/ready/database'],
      healthCheck: { periodSeconds: 31, timeoutSeconds: 9, failures: 4 },
      gpu: { class: 'tesla', count: 2 },
      nodeSelector: { avx2: 'true' },
      metricsPath: '/prometheus',
      sticky: true,
      gracePeriodSeconds: 45,
    };
    service(school, 'grades', props);
    return school;
  };
  const env = `${container}.env`;
  // Asked by people, not by probes: what answers there is known to the rehearsal alone. Connections are counted by the
  // pooler of a database.
  everyPropReachesTheOutput<Omit<ServiceProps, 'otherHealthPaths' | 'connections'>>(build, {
    image: ['Deployment/grades', `${container}.image`, 'ghcr.io/school/grades:1.2.3'],
    size: ['Deployment/grades', `${container}.resources.limits.memory`, '512Mi'],
    component: ['Deployment/grades', ['metadata', 'labels', 'app.kubernetes.io/component'], 'frontend'],
    command: ['Deployment/grades', `${container}.command`, ['serve', '--port', '8100']],
    variables: ['Deployment/grades', env, expect.arrayContaining([{ name: 'GREETING', value: 'hello' }])],
    uses: ['Deployment/grades', env, expect.arrayContaining([{ name: 'STORE_URL', value: 'http://store:8200' }])],
    calls: ['Deployment/grades', env, expect.arrayContaining([{ name: 'MARKS_URL', value: 'http://marks:8300' }])],
    externals: ['NetworkPolicy/grades', 'spec.egress.3.ports', [{ protocol: 'TCP', port: 587 }]],
    mounts: [
      'Deployment/grades',
      `${container}.volumeMounts`,
      expect.arrayContaining([{ name: 'cache', mountPath: '/cache' }]),
    ],
    port: ['Service/grades', 'spec.ports.0.port', 8100],
    healthPath: ['Deployment/grades', `${container}.readinessProbe.httpGet.path`, '/ready'],
    healthCheck: [
      'Deployment/grades',
      `${container}.readinessProbe`,
      {
        httpGet: { path: '/ready', port: 'http' },
        periodSeconds: 31,
        timeoutSeconds: 9,
        failureThreshold: 4,
      },
    ],
    gpu: ['Deployment/grades', [...container.split('.'), 'resources', 'limits', 'nvidia.com/gpu'], '2'],
    nodeSelector: ['Deployment/grades', 'spec.template.spec.nodeSelector', { gpu: 'tesla', avx2: 'true' }],
    metricsPath: [
      'Deployment/grades',
      ['spec', 'template', 'metadata', 'annotations', 'prometheus.io/path'],
      '/prometheus',
    ],
    sticky: ['Service/grades-pods', 'spec.clusterIP', 'None'],
    gracePeriodSeconds: ['Deployment/grades', 'spec.template.spec.terminationGracePeriodSeconds', 45],
  });
});

/** The Deployment of a small service. */
function deployment(props: Partial<ServiceProps> = {}) {
  const school = platform();
  service(school, 'api', props);
  return object(school, 'Deployment/api').spec;
}

test('GOV-10 a rehearsal answers every health path that is declared', () => {
  const school = platform({ rehearsal: true });
  service(school, 'api', { otherHealthPaths: ['/api/admin/health'] });
  const [{ env }] = object(school, 'Deployment/api').spec.template.spec.containers;
  const { value } = env.find(({ name }: { name: string }) => name === 'REHEARSAL');
  expect(JSON.parse(value).health).toEqual(['/health', '/api/admin/health']);
});

test('ALL-08 replicas are left to the autoscaler', () => {
  const school = platform();
  service(school, 'api', { size });
  expect(object(school, 'Deployment/api').spec).not.toHaveProperty('replicas');
  expect(object(school, 'HorizontalPodAutoscaler/api').spec).toMatchObject({ minReplicas: 2, maxReplicas: 5 });
});

test('ALL-08 equal bounds are a fixed number without autoscaler', () => {
  const school = platform();
  service(school, 'api', { size: { ...size, replicas: { min: 3, max: 3 } } });
  expect(object(school, 'Deployment/api').spec.replicas).toBe(3);
  expect(labelsOf(school)).not.toContain('HorizontalPodAutoscaler/api');
});

test('ALL-09 a rollout never has fewer pods than it should', () => {
  expect(deployment().strategy).toEqual({
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
  });
});

test('GOV-16 pods that share a volume of one node stand there together, so the next one can start beside the last', () => {
  const school = platform();
  const models = new PersistentVolume(school, 'models', { storage: '1Gi', accessMode: 'ReadWriteOnce' });
  service(school, 'api', { mounts: [models.at('/models')] });
  const { strategy, template } = object(school, 'Deployment/api').spec;
  expect(strategy.type).toBe('RollingUpdate');
  expect(template.spec.affinity).toEqual({
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'api' } } },
      ],
    },
  });
});

test('GOV-16 a shared volume rolls like any other', () => {
  const school = platform();
  const models = new PersistentVolume(school, 'models', { storage: '1Gi', accessMode: 'ReadWriteMany' });
  service(school, 'api', { mounts: [models.at('/models')] });
  expect(object(school, 'Deployment/api').spec.strategy.type).toBe('RollingUpdate');
});

test('ALL-09 pods are spread over nodes and zones', () => {
  expect(
    deployment().template.spec.topologySpreadConstraints.map((rule: { topologyKey: string }) => rule.topologyKey),
  ).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
});

test('ALL-07 liveness asks the process, readiness and startup ask the program', () => {
  const [{ livenessProbe, readinessProbe, startupProbe }] = deployment().template.spec.containers;
  expect(livenessProbe).toEqual({
    tcpSocket: { port: 'http' },
    periodSeconds: 20,
    timeoutSeconds: 5,
    failureThreshold: 3,
  });
  expect(readinessProbe.httpGet).toEqual({ path: '/health', port: 'http' });
  expect(startupProbe).toMatchObject({ httpGet: { path: '/health', port: 'http' }, failureThreshold: 60 });
});

test('ALL-07 a stopping pod serves until it is forgotten', () => {
  expect(deployment().template.spec.containers[0].lifecycle.preStop.exec.command).toEqual(['sleep', '5']);
});

test('PHY-17 ALL-11 pods run as user 1001 and nothing but /tmp is writable', () => {
  const { spec } = deployment().template;
  expect(spec.securityContext).toEqual({
    runAsNonRoot: true,
    runAsUser: 1001,
    runAsGroup: 1001,
    fsGroup: 1001,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(spec.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    privileged: false,
    readOnlyRootFilesystem: true,
  });
  expect(spec.containers[0].volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }]);
});

test('PHY-22 each service has an identity of its own and no token', () => {
  const school = platform();
  service(school, 'api');
  expect(object(school, 'ServiceAccount/api').automountServiceAccountToken).toBe(false);
  expect(object(school, 'Deployment/api').spec.template.spec).toMatchObject({
    serviceAccountName: 'api',
    automountServiceAccountToken: false,
  });
});

test('ALL-19 a service without metrics is not scraped', () => {
  expect(deployment({ metricsPath: false }).template.metadata.annotations).toEqual({
    'kubectl.kubernetes.io/default-container': 'api',
  });
});

test('a service without sticky clients has one address', () => {
  const school = platform();
  service(school, 'api');
  expect(object(school, 'Service/api').spec).not.toHaveProperty('clusterIP');
  expect(() => object(school, 'Service/api-pods')).toThrow();
});

test('the selector is the name alone', () => {
  expect(deployment().selector).toEqual({ matchLabels: { 'app.kubernetes.io/name': 'api' } });
});

describe('a service is refused', () => {
  test.each(['ghcr.io/x/api', 'ghcr.io/x/api:latest', 'localhost:5000/api', `ghcr.io/x/api@sha256:${'0'.repeat(64)}`])(
    'ALL-31 with the image %s, which has no exact tag',
    (image) => {
      expect(() => service(platform(), 'agents-api', { image })).toThrow(
        new Error(`expected \`image\` of agents-api to have an exact tag, got "${image}"`),
      );
    },
  );

  test('with a port that only root may open', () => {
    expect(() => service(platform(), 'api', { port: 80 })).toThrow(
      new Error('expected `port` of api to be at least 1024, got 80'),
    );
  });

  test('with memory that has no unit', () => {
    expect(() => service(platform(), 'api', { size: { ...program.size, memory: '512' } })).toThrow(
      new Error('expected a size with one of the units Mi, Gi, Ti, such as `512Mi`, got "512"'),
    );
  });

  test('with the name of another', () => {
    const school = platform();
    service(school, 'agents-api');
    expect(() => service(school, 'agents-api')).toThrow(
      new Error('expected one workload with the name `agents-api`, got two'),
    );
  });

  test('when it calls a service of another platform', () => {
    const marks = service(platform({}, 'university'), 'marks');
    expect(() => service(platform(), 'api', { calls: [marks] })).toThrow(
      new Error(
        'expected `api` to connect to a workload of its own platform school, got `marks` of university: ' +
          'platforms meet through public routes only',
      ),
    );
  });
});
