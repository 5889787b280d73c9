import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { Mount } from './container';
import { metadata } from './labels';
import { Platform } from './platform';

/** Ports of an API server behind its Service: that of the Service, and the one most servers listen on. */
const apiPorts = [443, 6443];

/**
 * Lets one workload call the API server: these rights in this namespace, the way there, and a token that only its pods
 * have.
 *
 * @returns the token's mount, in the place where clients look for it
 */
export function apiAccess(
  scope: Construct,
  id: string,
  { component, rules }: { readonly component: string; readonly rules: readonly k8s.PolicyRule[] },
): Mount {
  const platform = Platform.of(scope);
  const about = metadata(id, { component });
  new k8s.KubeRole(scope, 'role', { metadata: about, rules: [...rules] });
  new k8s.KubeRoleBinding(scope, 'binding', {
    metadata: about,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: id },
    subjects: [{ kind: 'ServiceAccount', name: id, namespace: platform.space }],
  });
  const addresses = platform.settings.cluster.apiServer;
  for (const port of apiPorts)
    platform.network.leave(id, { name: `api-server-${port}`, host: 'kubernetes.default', port, addresses });
  return {
    path: '/var/run/secrets/kubernetes.io/serviceaccount',
    volume: { apiToken: 'api-token' },
    readOnly: true,
  };
}
