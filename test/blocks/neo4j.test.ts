import { Neo4j, type Neo4jProps } from '../../charts/blocks/neo4j/neo4j';
import { accountsScript } from '../../charts/blocks/neo4j/scripts';
import { tuning } from '../../charts/blocks/neo4j/tuning';
import type { Platform } from '../../charts/blocks/platform';
import { everyPropReachesTheOutput, manifests, object, platform, service } from '../support/testing';

const props: Required<Neo4jProps> = {
  size: { cpu: '1.5', memory: '3Gi', storage: '50Gi' },
  variables: { uri: 'NEO4J_URI', user: 'NEO4J_USER', password: 'NEO4J_PASSWORD' },
  backup: {
    schedule: '30 1 * * *',
    retentionDays: 14,
    destinations: [{ kind: 's3', bucket: 'school-backups', endpoint: 'https://s3.school.edu', region: 'eu-1' }],
  },
};

/** A platform with the graph and services that use it. */
function school(...clients: string[]): Platform {
  const scope = platform();
  const neo4j = new Neo4j(scope, 'neo4j', props);
  for (const id of clients) service(scope, id, { uses: { neo4j } });
  return scope;
}

describe('a graph with every prop', () => {
  everyPropReachesTheOutput<Neo4jProps>(() => school('agents-api'), {
    size: ['StatefulSet/neo4j', 'spec.volumeClaimTemplates.0.spec.resources.requests.storage', '50Gi'],
    variables: [
      'Deployment/agents-api',
      'spec.template.spec.containers.0.env',
      [
        { name: 'NEO4J_URI', value: 'bolt://neo4j:7687' },
        { name: 'NEO4J_USER', value: 'agents_api' },
        { name: 'NEO4J_PASSWORD', valueFrom: { secretKeyRef: { name: 'neo4j-agents-api', key: 'password' } } },
      ],
    ],
    backup: [
      'StatefulSet/neo4j',
      'metadata.annotations',
      {
        'slipway.dev/backup-schedule': '30 1 * * *',
        'slipway.dev/backup-retention-days': '14',
        'slipway.dev/backup-destination': 's3://school-backups',
      },
    ],
  });

  test('prop `size` limits the server and sets its heap and page cache', () => {
    const [server] = object(school(), 'StatefulSet/neo4j').spec.template.spec.containers;
    expect(server.resources.limits).toMatchObject({ cpu: '1500m', memory: '3Gi' });
    expect(server.env).toEqual(
      expect.arrayContaining([
        { name: 'NEO4J_server_memory_heap_initial__size', value: '1280m' },
        { name: 'NEO4J_server_memory_heap_max__size', value: '1280m' },
        { name: 'NEO4J_server_memory_pagecache_size', value: '512m' },
      ]),
    );
  });
});

test.each([
  ['1Gi', { heapMiB: 256, pageCacheMiB: 256 }],
  ['3Gi', { heapMiB: 1280, pageCacheMiB: 512 }],
  ['6Gi', { heapMiB: 3072, pageCacheMiB: 1024 }],
  ['16Gi', { heapMiB: 5120, pageCacheMiB: 7168 }],
])('PHY-20 heap and page cache of %s', (memory, expected) => {
  expect(tuning({ cpu: '1', memory })).toEqual(expected);
});

test('PHY-11 a server below 1Gi is refused', () => {
  expect(() => tuning({ cpu: '1', memory: '512Mi' })).toThrow(
    new Error('expected `memory` of neo4j to be at least 1Gi, got 512Mi: the server needs it to start'),
  );
});

test('PHY-18 the claim has the name of the document', () => {
  expect(object(school(), 'StatefulSet/neo4j').spec.volumeClaimTemplates[0].metadata.name).toBe('neo4j-data');
});

test('PHY-22 the accounts of two services, without a password in the text', () => {
  expect(accountsScript(['agents-api', 'ml-engine'])).toMatchSnapshot();
});

test('PHY-22 a new client makes a new Job of accounts', () => {
  const name = (scope: Platform) => manifests(scope).find(({ kind }) => kind === 'Job')?.metadata.name;
  expect(name(school('api'))).toMatch(/^neo4j-accounts-[0-9a-f]{10}$/);
  expect(name(school('api', 'engine'))).not.toBe(name(school('api')));
  expect(name(school('api'))).toBe(name(school('api')));
});

test('PHY-22 the Job of accounts knows clients that are declared after the graph', () => {
  const [container] = object(school('agents-api'), 'Job/neo4j-accounts').spec.template.spec.containers;
  expect(container.env).toContainEqual({
    name: 'PASSWORD_AGENTS_API',
    valueFrom: { secretKeyRef: { name: 'neo4j-agents-api', key: 'password' } },
  });
});

test('ALL-10 the web interface is open to nobody', () => {
  const { ingress } = object(school('api'), 'NetworkPolicy/neo4j').spec;
  expect(ingress.flatMap(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port))).toEqual([
    7687, 7687,
  ]);
});

test('a graph with the name of a service is refused', () => {
  const scope = platform();
  service(scope, 'neo4j');
  expect(() => new Neo4j(scope, 'neo4j', props)).toThrow(
    new Error('expected one workload with the name `neo4j`, got two'),
  );
});
