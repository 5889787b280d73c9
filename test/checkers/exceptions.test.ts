import { exceptions, type Exception } from './exceptions';
import { finding, verdict } from './findings';

const at = { namespace: 'physics-assistant-staging', kind: 'Deployment', name: 'flower' };
const found = finding('kube-score', 'deployment-replicas', at, 'Deployment few replicas');
const exception: Exception = { tool: 'kube-score', rule: found.rule, where: () => true, reason: 'one is enough' };

test('a finding without an exception is named with its rule, its object, its platform and its environment', () => {
  expect(verdict('kube-score', [found], [])).toEqual([
    'deployment-replicas: Deployment/flower of physics-assistant in staging: Deployment few replicas',
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

test('a finding about nobody’s namespace is not passed over', () => {
  expect(() => finding('kube-score', 'pod-probes', { ...at, namespace: 'default' }, 'no probe')).toThrow(
    new Error('expected kube-score to speak of a platform\'s namespace, got "default": no probe'),
  );
});

test.each([
  ['another object', { object: 'Deployment/gateway' }],
  ['another platform', { platform: 'ai-governance' as const }],
])('no exception covers the same rule of %s', (_, elsewhere) => {
  const [problem] = verdict('kube-score', [{ ...found, ...elsewhere }], exceptions);
  expect(problem).toMatch(/^deployment-replicas: Deployment\/(gateway|flower) of /);
});
