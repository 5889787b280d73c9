import { App, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { Platform, type PlatformProps } from '../../charts/blocks/platform';
import { Postgres } from '../../charts/blocks/postgres/postgres';
import { Redis } from '../../charts/blocks/redis/redis';
import { PersistentVolume } from '../../charts/blocks/volume';
import {
  database,
  everyPropReachesTheOutput,
  environment,
  labelsOf,
  manifests,
  object,
  platform,
  service,
} from '../support/testing';

describe('a platform with every prop', () => {
  const build = () => {
    const props: Required<PlatformProps> = {
      environment: 'staging',
      rehearsal: true,
      highAvailability: false,
      secrets: { backend: 'disposable' },
      cluster: { domain: 'school.internal', storageClass: 'encrypted', apiServer: ['10.9.8.7/32'] },
      programs: { ...environment.programs, redis: 'docker.io/library/redis:8.9.9' },
      externals: { mail: ['203.0.113.7/32'] },
      user: 4321,
    };
    const school = platform(props);
    new Redis(school, 'redis', {
      size: { cpu: '1', memory: '1Gi', storage: '1Gi' },
      variables: { url: 'REDIS_URL', password: 'REDIS_PASSWORD' },
      backup: { schedule: '0 2 * * *', retentionDays: 30, destinations: [{ kind: 'volume', storage: '20Gi' }] },
    });
    new Postgres(school, 'postgres', database);
    service(school, 'api', { externals: [{ name: 'mail', port: 587 }] });
    return school;
  };
  everyPropReachesTheOutput<Omit<PlatformProps, 'cluster'>>(build, {
    environment: ['Namespace/school-staging', ['metadata', 'labels', 'slipway.dev/environment'], 'staging'],
    rehearsal: ['ConfigMap/rehearsal', ['data', 'server.js'], expect.stringContaining('http')],
    highAvailability: ['StatefulSet/postgres', 'spec.replicas', 1],
    secrets: ['ConfigMap/secret-inventory', ['data', 'inventory.json'], expect.stringContaining('"disposable"')],
    programs: ['StatefulSet/redis', 'spec.template.spec.containers.0.image', 'docker.io/library/redis:8.9.9'],
    externals: ['NetworkPolicy/api', 'spec.egress.1.to', [{ ipBlock: { cidr: '203.0.113.7/32' } }]],
    user: ['Deployment/api', 'spec.template.spec.securityContext.runAsUser', 4321],
  });

  test('prop `cluster.storageClass` reaches the output', () => {
    const [claim] = object(build(), 'StatefulSet/redis').spec.volumeClaimTemplates;
    expect(claim.spec.storageClassName).toBe('encrypted');
  });

  test('prop `cluster.domain` ends the full names of Services', () => {
    expect(build().address('api')).toBe('api.school-staging.svc.school.internal');
  });
});

test('ALL-11 the namespace enforces Pod Security `restricted`', () => {
  expect(object(platform(), 'Namespace/school').metadata.labels).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/audit': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  });
});

test.each([
  ['production', 'school'],
  ['staging', 'school-staging'],
])('ALL-01 in %s the namespace is %s, so environments can share a cluster', (name, namespace) => {
  expect(object(platform({ environment: name }), 'ResourceQuota/quota').metadata.namespace).toBe(namespace);
});

test('priority classes of two environments do not meet', () => {
  expect(labelsOf(platform({ environment: 'staging' }))).toEqual(
    expect.arrayContaining([
      'PriorityClass/school-staging-data',
      'PriorityClass/school-staging-serving',
      'PriorityClass/school-staging-batch',
    ]),
  );
});

test('objects of the whole cluster have no namespace', () => {
  const wide = manifests(platform()).filter(({ kind }) => ['Namespace', 'PriorityClass'].includes(kind));
  expect(wide.map(({ metadata }) => metadata.namespace)).toEqual([undefined, undefined, undefined, undefined]);
});

test('every object says what it is part of and who made it', () => {
  const school = platform();
  service(school, 'api');
  for (const { metadata } of manifests(school)) {
    expect(metadata.labels).toMatchObject({
      'app.kubernetes.io/part-of': 'school',
      'app.kubernetes.io/managed-by': 'slipway',
    });
  }
});

test('PHY-24 ALL-08 the quota holds two services at their largest, their rollouts and four solvers', () => {
  const school = platform();
  // 0.5 CPU and 1 GiB, six pods at most and one more in a rollout.
  service(school, 'ui', { size: { cpu: '500m', memory: '1Gi', replicas: { min: 2, max: 6 } } });
  // 2 CPU and 4 GiB, one pod and one more in a rollout.
  const models = new PersistentVolume(school, 'models', { storage: '20Gi', accessMode: 'ReadWriteOnce' });
  service(school, 'engine', { size: { cpu: '2', memory: '4Gi' }, mounts: [models.at('/models')] });
  expect(object(school, 'ResourceQuota/quota').spec.hard).toEqual({
    // 7 + 2 + 4
    pods: '13',
    // 7 × 75m + 2 × 300m + 4 × 100m
    'requests.cpu': '1525m',
    // 7 × 307Mi + 2 × 1229Mi + 4 × 64Mi
    'requests.memory': '4863Mi',
    // 7 × 500m + 2 × 2000m + 4 × 100m
    'limits.cpu': '7900m',
    // 7 × 1024Mi + 2 × 4096Mi + 4 × 64Mi
    'limits.memory': '15616Mi',
    persistentvolumeclaims: '1',
    'requests.storage': '20Gi',
  });
});

test('PHY-24 a pod without figures gets those of the LimitRange', () => {
  expect(object(platform(), 'LimitRange/limits').spec.limits).toEqual([
    {
      type: 'Container',
      default: { cpu: '100m', memory: '64Mi' },
      defaultRequest: { cpu: '10m', memory: '64Mi' },
    },
  ]);
});

test('a block in a chart that is no platform is refused', () => {
  const block = new Construct(new Chart(new App(), 'plain'), 'block');
  expect(() => Platform.of(block)).toThrow(new Error('expected plain/block to stand in a Platform'));
});
