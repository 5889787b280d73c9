import { exceptions, type Exception } from './exceptions';
import { finding, verdict } from './findings';

const at = { namespace: 'physics-assistant-staging', kind: 'Deployment', name: 'flower' };
const found = finding('kube-score', 'deployment-replicas', at, 'Deployment few replicas');
const exception: Exception = { tool: 'kube-score', rule: found.rule, where: () => true, reason: 'one is enough' };

test('a finding without an exception is named with its rule, its object and its environment', () => {
  expect(verdict('kube-score', [found], [])).toEqual([
    'deployment-replicas: Deployment/flower in staging: Deployment few replicas',
  ]);
});

test('a finding with an exception is covered, one of another rule is not', () => {
  expect(verdict('kube-score', [found], [exception])).toEqual([]);
  expect(verdict('kube-score', [found, { ...found, rule: 'pod-probes' }], [exception])).toHaveLength(1);
});

test('an exception that covers nothing is named with its reason', () => {
  expect(verdict('kube-score', [], [exception])).toEqual([
    'deployment-replicas: expected the exception to cover a finding, got none (one is enough)',
  ]);
});

test('no exception covers a rule that is broken somewhere else', () => {
  const elsewhere = { ...found, object: 'Deployment/gateway', environment: 'production' as const };
  expect(verdict('kube-score', [elsewhere], exceptions)).toEqual(
    expect.arrayContaining([expect.stringContaining('Deployment/gateway in production')]),
  );
});
