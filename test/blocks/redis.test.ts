import type { Platform } from '../../charts/blocks/platform';
import { redisConf, usersScript } from '../../charts/blocks/redis/configuration';
import { Redis, type RedisProps } from '../../charts/blocks/redis/redis';
import { everyPropReachesTheOutput, object, platform, service } from '../support/testing';

const props: Required<RedisProps> = {
  size: { cpu: '500m', memory: '1Gi', storage: '10Gi' },
  variables: { url: 'REDIS_URL', password: 'REDIS_PASSWORD' },
  backup: {
    schedule: '30 1 * * *',
    retentionDays: 14,
    destinations: [{ kind: 's3', bucket: 'school-backups', endpoint: 'https://s3.school.edu', region: 'eu-1' }],
  },
};

/** A platform with the store and services that use it. */
function school(...clients: string[]): Platform {
  const scope = platform();
  const redis = new Redis(scope, 'redis', props);
  for (const id of clients) service(scope, id, { uses: { redis } });
  return scope;
}

describe('a store with every prop', () => {
  everyPropReachesTheOutput<RedisProps>(() => school('agents-api'), {
    size: ['StatefulSet/redis', 'spec.volumeClaimTemplates.0.spec.resources.requests.storage', '10Gi'],
    variables: [
      'Deployment/agents-api',
      'spec.template.spec.containers.0.env',
      [
        { name: 'REDIS_PASSWORD', valueFrom: { secretKeyRef: { name: 'redis-agents-api', key: 'password' } } },
        { name: 'REDIS_URL', value: 'redis://agents_api:$(REDIS_PASSWORD)@redis:6379/0' },
      ],
    ],
    backup: [
      'StatefulSet/redis',
      'metadata.annotations',
      {
        'slipway.dev/backup-schedule': '30 1 * * *',
        'slipway.dev/backup-retention-days': '14',
        'slipway.dev/backup-destination': 's3://school-backups',
      },
    ],
  });

  test('prop `size` limits CPU and memory of the server', () => {
    expect(object(school(), 'StatefulSet/redis').spec.template.spec.containers[0].resources.limits).toMatchObject({
      cpu: '500m',
      memory: '1Gi',
    });
  });
});

test('PHY-18 the claim has the name of the document', () => {
  expect(object(school(), 'StatefulSet/redis').spec.volumeClaimTemplates[0].metadata.name).toBe('redis-data');
});

test.each([
  ['1Gi', '614mb'],
  ['128Mi', '76mb'],
])('ALL-15 PHY-20 a server of %s holds %s of data', (memory, maxmemory) => {
  expect(redisConf({ cpu: '1', memory }).split('\n')).toContain(`maxmemory ${maxmemory}`);
});

test('ALL-15 every write is on disk within a second, and a full store refuses writes', () => {
  expect(redisConf({ cpu: '1', memory: '1Gi' }).split('\n')).toEqual(
    expect.arrayContaining(['appendonly yes', 'appendfsync everysec', 'maxmemory-policy noeviction']),
  );
});

test('ALL-15 PHY-22 the users of two services, without a password in the text', () => {
  expect(usersScript(['agents-api', 'ml-engine'], 'monitor')).toMatchSnapshot();
});

test('PHY-22 the users are made for clients that are declared after the store', () => {
  const scope = school('agents-api', 'ml-engine');
  const [users] = object(scope, 'StatefulSet/redis').spec.template.spec.initContainers;
  expect(users.env.map(({ name }: { name: string }) => name)).toEqual([
    'REDIS_PASSWORD',
    'PASSWORD_MONITOR',
    'PASSWORD_AGENTS_API',
    'PASSWORD_ML_ENGINE',
  ]);
  expect(object(scope, 'ConfigMap/redis-configuration').data?.['users.sh']).toBe(
    usersScript(['agents-api', 'ml-engine'], 'monitor'),
  );
});

test('PHY-22 a new client replaces the pod, which reads its users at the start', () => {
  const configuration = (scope: Platform) =>
    object(scope, 'StatefulSet/redis').spec.template.metadata.annotations['slipway.dev/configuration'];
  expect(configuration(school('api'))).toMatch(/^[0-9a-f]{10}$/);
  expect(configuration(school('api', 'engine'))).not.toBe(configuration(school('api')));
});

test('PHY-22 passwords are hashed into memory, never onto a disk', () => {
  const { volumes } = object(school('api'), 'StatefulSet/redis').spec.template.spec;
  expect(volumes).toContainEqual({ name: 'acl', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
});

test('a store with the name of a service is refused', () => {
  const scope = platform();
  service(scope, 'redis');
  expect(() => new Redis(scope, 'redis', props)).toThrow(
    new Error('expected one workload with the name `redis`, got two'),
  );
});
