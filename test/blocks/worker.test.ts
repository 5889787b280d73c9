import { Worker, type WorkerProps } from '../../charts/blocks/worker';
import {
  environment,
  everyPropReachesTheOutput,
  labelsOf,
  object,
  platform,
  program,
  service,
} from '../support/testing';

const fixed = { cpu: '1', memory: '1Gi', replicas: { min: 2, max: 2 } };
const minimal: WorkerProps = { ...program, size: fixed, healthCommand: ['healthy'] };
const container = 'spec.template.spec.containers.0';

describe('a worker with every prop', () => {
  const build = () => {
    const tesla = { resource: 'nvidia.com/gpu', nodeSelector: { gpu: 'tesla' } };
    const school = platform({ cluster: { ...environment.cluster, gpuClasses: { tesla } } });
    const props: Required<WorkerProps> = {
      image: 'ghcr.io/school/grader:2.0.0',
      size: { cpu: '500m', memory: '512Mi', replicas: { min: 1, max: 4 } },
      component: 'analytics',
      command: ['grade', '--all'],
      variables: { QUEUE: 'grades' },
      uses: { store: service(school, 'store', { port: 8200 }) },
      connections: 7,
      calls: [service(school, 'marks', { port: 8300 })],
      externals: [{ name: 'mail', port: 587, addresses: ['203.0.113.7/32'] }],
      mounts: [{ path: '/cache', volume: { scratch: 'cache', sizeMiB: 32 } }],
      healthCommand: ['grade', 'ping'],
      metrics: { port: 9808, path: '/numbers' },
      gracePeriodSeconds: 120,
      gpu: { class: 'tesla', count: 1 },
      nodeSelector: { avx2: 'true' },
    };
    new Worker(school, 'grader', props);
    return school;
  };
  const env = `${container}.env`;
  everyPropReachesTheOutput<Omit<WorkerProps, 'connections'>>(build, {
    image: ['Deployment/grader', `${container}.image`, 'ghcr.io/school/grader:2.0.0'],
    size: ['HorizontalPodAutoscaler/grader', 'spec.maxReplicas', 4],
    component: ['Deployment/grader', ['metadata', 'labels', 'app.kubernetes.io/component'], 'analytics'],
    command: ['Deployment/grader', `${container}.command`, ['grade', '--all']],
    variables: ['Deployment/grader', env, expect.arrayContaining([{ name: 'QUEUE', value: 'grades' }])],
    uses: ['Deployment/grader', env, expect.arrayContaining([{ name: 'STORE_URL', value: 'http://store:8200' }])],
    calls: ['Deployment/grader', env, expect.arrayContaining([{ name: 'MARKS_URL', value: 'http://marks:8300' }])],
    externals: ['NetworkPolicy/grader', 'spec.egress.3.to', [{ ipBlock: { cidr: '203.0.113.7/32' } }]],
    mounts: [
      'Deployment/grader',
      'spec.template.spec.volumes',
      expect.arrayContaining([{ name: 'cache', emptyDir: { sizeLimit: '32Mi' } }]),
    ],
    healthCommand: ['Deployment/grader', `${container}.readinessProbe.exec.command`, ['grade', 'ping']],
    metrics: ['Deployment/grader', `${container}.ports.0`, { name: 'metrics', containerPort: 9808, protocol: 'TCP' }],
    gpu: ['Deployment/grader', [...container.split('.'), 'resources', 'limits', 'nvidia.com/gpu'], '1'],
    nodeSelector: ['Deployment/grader', 'spec.template.spec.nodeSelector', { gpu: 'tesla', avx2: 'true' }],
    gracePeriodSeconds: ['Deployment/grader', 'spec.template.spec.terminationGracePeriodSeconds', 120],
  });
});

test('PHY-08 a worker has five minutes to end the task in hand', () => {
  const school = platform();
  new Worker(school, 'grader', minimal);
  expect(object(school, 'Deployment/grader').spec.template.spec.terminationGracePeriodSeconds).toBe(300);
});

test('a worker answers nobody: it has no Service and nobody may call it', () => {
  const school = platform();
  new Worker(school, 'grader', minimal);
  expect(labelsOf(school)).not.toContain('Service/grader');
  expect(object(school, 'NetworkPolicy/grader').spec).not.toHaveProperty('ingress');
});

test('ALL-07 only startup and readiness run the health command', () => {
  const school = platform();
  new Worker(school, 'grader', minimal);
  const [{ startupProbe, readinessProbe, livenessProbe }] = object(school, 'Deployment/grader').spec.template.spec
    .containers;
  expect([startupProbe, readinessProbe, livenessProbe].map(({ exec }) => exec.command)).toEqual([
    ['healthy'],
    ['healthy'],
    ['sh', '-c', 'kill -0 1'],
  ]);
});

test('a rehearsed worker is asked through the rehearsal', () => {
  const school = platform({ rehearsal: true });
  new Worker(school, 'grader', minimal);
  const [container] = object(school, 'Deployment/grader').spec.template.spec.containers;
  expect(container.image).toBe('docker.io/library/node:24.0.0');
  expect(container.command).toEqual(['node', '/rehearsal/server.js']);
  expect(container.readinessProbe.exec.command).toEqual(['node', '/rehearsal/check.js']);
});

test('an autoscaled worker without metrics is refused', () => {
  const autoscaled = { ...fixed, replicas: { min: 1, max: 4 } };
  expect(() => new Worker(platform(), 'grader', { ...minimal, size: autoscaled })).toThrow(
    new Error(
      'expected `metrics` of worker grader, because it is autoscaled from 1 to 4, got none: ' +
        'a queue that nobody sees grows unnoticed; declare its metrics or set equal bounds',
    ),
  );
});

test('a worker with the name of a service is refused', () => {
  const school = platform();
  service(school, 'grader');
  expect(() => new Worker(school, 'grader', minimal)).toThrow(
    new Error('expected one workload with the name `grader`, got two'),
  );
});
