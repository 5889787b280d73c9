import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import type { Container } from '../container';
import { Job } from '../job';
import { metadata } from '../labels';
import { Platform } from '../platform';
import { burstable } from '../quantity';
import { rehearsalFiles } from './rehearsal';

const id = 'disposable-secrets';

/** Ports of an API server behind its Service: that of the Service, and the one most servers listen on. */
const apiPorts = [443, 6443];

/**
 * Random secrets for a throw-away cluster: a Job that creates those which do not exist. It may create Secrets in this
 * namespace and nothing else; it cannot read one, so it can neither leak nor overwrite any.
 */
export class DisposableSecrets extends Construct {
  constructor(scope: Construct) {
    super(scope, id);
    const platform = Platform.of(this);
    const about = metadata(id, { component: 'secrets' });
    new k8s.KubeRole(this, 'role', {
      metadata: about,
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['create'] }],
    });
    new k8s.KubeRoleBinding(this, 'binding', {
      metadata: about,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: id },
      subjects: [{ kind: 'ServiceAccount', name: id, namespace: platform.space }],
    });
    const container: Container = {
      name: 'create',
      image: platform.settings.programs.node,
      command: ['node', '/rehearsal/secrets.js'],
      variables: { INVENTORY: '/inventory/inventory.json' },
      mounts: [
        { path: '/rehearsal', volume: { files: rehearsalFiles } },
        { path: '/inventory', volume: { files: 'secret-inventory' } },
        { path: '/var/run/secrets/kubernetes.io/serviceaccount', volume: { apiToken: 'api-token' }, readOnly: true },
      ],
      resources: { cpu: '250m', memory: '128Mi' },
      share: burstable,
    };
    new Job(this, id, {
      component: 'secrets',
      containers: [container],
      user: platform.user,
      deadlineSeconds: 1800,
      restartOn: () => [platform.secrets.inventoryText()],
    });
    const addresses = platform.settings.cluster.apiServer;
    for (const port of apiPorts)
      platform.network.leave(id, { name: `api-server-${port}`, host: 'kubernetes.default', port, addresses });
  }
}
