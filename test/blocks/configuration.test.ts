import { Configuration } from '../../charts/blocks/configuration';
import { object, platform, service } from '../support/testing';

/** A service that mounts two files. */
function school(permissions: readonly string[]) {
  const scope = platform();
  const files = new Configuration(scope, 'api-configuration', {
    'rbac.yaml': { rbac: { default_role: 'user', permissions } },
    'runtime.js': "window.API = 'https://api.school.edu';\n",
  });
  service(scope, 'api', { mounts: [files.at('/app/config')] });
  return scope;
}

test('TDA-10 texts are written as they are, anything else as YAML', () => {
  expect(object(school(['read:users']), 'ConfigMap/api-configuration').data).toEqual({
    'rbac.yaml': 'rbac:\n  default_role: user\n  permissions:\n    - read:users\n',
    'runtime.js': "window.API = 'https://api.school.edu';\n",
  });
});

test('TDA-10 the folder is mounted read-only', () => {
  const { containers, volumes } = object(school([]), 'Deployment/api').spec.template.spec;
  expect(containers[0].volumeMounts).toContainEqual({
    name: 'api-configuration',
    mountPath: '/app/config',
    readOnly: true,
  });
  expect(volumes).toContainEqual({ name: 'api-configuration', configMap: { name: 'api-configuration' } });
});

test('TDA-15 a change of a file replaces the pods that mount it, and no change leaves them', () => {
  const revision = (...permissions: string[]) =>
    object(school(permissions), 'Deployment/api').spec.template.metadata.annotations['slipway.dev/configuration'];
  expect(revision('read:users')).toMatch(/^[0-9a-f]{10}$/);
  expect(revision('read:users')).toBe(revision('read:users'));
  expect(revision('read:users')).not.toBe(revision('write:users'));
});
