import type { SecretRules } from '../../charts/blocks/secrets';
import { labelsOf, manifests, object, platform, service } from '../support/testing';
import type { Platform } from '../../charts/blocks/platform';

/** What `slipway secrets` reads. */
const inventory = (school: Platform) =>
  JSON.parse(object(school, 'ConfigMap/secret-inventory').data?.['inventory.json'] ?? '');

test('a key with every rule is in the inventory with all of them', () => {
  const school = platform();
  const rules: Required<SecretRules> = {
    origin: 'provided',
    characters: 40,
    minimum: 20,
    exact: true,
    optional: true,
  };
  school.secrets.declare('mail', 'SMTP_PASSWORD', rules);
  expect(inventory(school)).toEqual({
    backend: 'cluster',
    secrets: [
      {
        name: 'mail',
        keys: [
          {
            key: 'SMTP_PASSWORD',
            origin: 'provided',
            characters: 40,
            minimum: 20,
            exact: true,
            optional: true,
            usedBy: [],
          },
        ],
      },
    ],
  });
});

test('ALL-02 a key without rules is random, 64 characters and never below 32', () => {
  const school = platform();
  school.secrets.declare('application', 'JWT_SECRET');
  expect(inventory(school).secrets[0].keys[0]).toEqual({
    key: 'JWT_SECRET',
    origin: 'generated',
    characters: 64,
    minimum: 32,
    exact: false,
    optional: false,
    usedBy: [],
  });
});

test('ALL-02 PHY-26 a secret is a reference in the manifest, never a text', () => {
  const school = platform();
  service(school, 'api', { variables: { JWT_SECRET: school.secrets.declare('application', 'JWT_SECRET') } });
  expect(object(school, 'Deployment/api').spec.template.spec.containers[0].env).toEqual([
    { name: 'JWT_SECRET', valueFrom: { secretKeyRef: { name: 'application', key: 'JWT_SECRET' } } },
  ]);
  expect(manifests(school).filter(({ kind }) => kind === 'Secret')).toEqual([]);
});

test('a pod starts without an optional secret', () => {
  const school = platform();
  const webhook = school.secrets.declare('alerts', 'WEBHOOK', { origin: 'provided', optional: true });
  service(school, 'api', { variables: { WEBHOOK: webhook } });
  expect(object(school, 'Deployment/api').spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef).toEqual({
    name: 'alerts',
    key: 'WEBHOOK',
    optional: true,
  });
});

test('ALL-02 the inventory says who needs a key', () => {
  const school = platform();
  const key = school.secrets.declare('application', 'JWT_SECRET');
  service(school, 'ui', { variables: { JWT_SECRET: key } });
  service(school, 'api', { variables: { JWT_SECRET_KEY: key } });
  service(school, 'marks');
  expect(inventory(school).secrets[0].keys[0].usedBy).toEqual(['api', 'ui']);
});

describe('ALL-28 with External Secrets', () => {
  const school = platform({
    secrets: {
      backend: 'external-secrets',
      store: { kind: 'ClusterSecretStore', name: 'vault' },
      refreshInterval: '15m',
    },
  });
  school.secrets.declare('application', 'JWT_SECRET');
  school.secrets.declare('application', 'SESSION_SECRET');
  school.secrets.declare('mail', 'SMTP_PASSWORD', { origin: 'provided' });

  test('each Secret is fetched from the store, all its keys in one object', () => {
    expect(object(school, 'ExternalSecret/application').spec).toEqual({
      refreshInterval: '15m',
      secretStoreRef: { kind: 'ClusterSecretStore', name: 'vault' },
      target: { name: 'application' },
      data: [
        { secretKey: 'JWT_SECRET', remoteRef: { key: 'school/application', property: 'JWT_SECRET' } },
        { secretKey: 'SESSION_SECRET', remoteRef: { key: 'school/application', property: 'SESSION_SECRET' } },
      ],
    });
  });

  test('no other Secret is fetched', () => {
    expect(labelsOf(school).filter((label) => label.startsWith('ExternalSecret/'))).toEqual([
      'ExternalSecret/application',
      'ExternalSecret/mail',
    ]);
  });
});

test.each(['cluster', 'disposable'] as const)('ALL-28 with backend `%s` nothing is fetched', (backend) => {
  const school = platform({ secrets: { backend } });
  school.secrets.declare('application', 'JWT_SECRET');
  expect(manifests(school).map(({ kind }) => kind)).not.toContain('ExternalSecret');
});

test('ALL-02 a generated secret shorter than its minimum is refused', () => {
  expect(() => platform().secrets.declare('application', 'JWT_SECRET', { characters: 16, minimum: 32 })).toThrow(
    new Error('expected `characters` of secret application/JWT_SECRET to be at least 32, got 16'),
  );
});

test('a key that is declared with two sets of rules is refused', () => {
  const { secrets } = platform();
  secrets.declare('application', 'JWT_SECRET');
  expect(() => secrets.declare('application', 'JWT_SECRET', { characters: 40 })).toThrow(
    new Error('expected secret application/JWT_SECRET to be declared once, got two sets of rules'),
  );
});

test('a key may be declared again with the same rules, and keeps its users', () => {
  const school = platform();
  const declare = () => school.secrets.declare('application', 'JWT_SECRET');
  service(school, 'api', { variables: { JWT_SECRET: declare() } });
  expect(declare()).toEqual({ secret: 'application', key: 'JWT_SECRET' });
  expect(inventory(school).secrets[0].keys[0].usedBy).toEqual(['api']);
});
