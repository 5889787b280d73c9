import { Construct } from 'constructs';
import { apiAccess } from '../api-access';
import type { Container } from '../container';
import { Job } from '../job';
import { Platform } from '../platform';
import { burstable } from '../quantity';
import { rehearsalFiles } from './rehearsal';

const id = 'disposable-secrets';

/**
 * Random secrets and certificates for a throw-away cluster: a Job that creates those which do not exist. It may create
 * Secrets in this namespace and read its own authority; it cannot read another, so it can neither leak nor overwrite
 * any.
 */
export class DisposableSecrets extends Construct {
  constructor(scope: Construct) {
    super(scope, id);
    const platform = Platform.of(this);
    const { authority } = platform.authority.inventory() ?? {};
    const token = apiAccess(this, id, {
      component: 'secrets',
      rules: [
        { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
        ...(authority ? [{ apiGroups: [''], resources: ['secrets'], resourceNames: [authority], verbs: ['get'] }] : []),
      ],
    });
    const container: Container = {
      name: 'create',
      image: platform.settings.programs.node,
      command: ['node', '/rehearsal/secrets.js'],
      variables: { INVENTORY: '/inventory/inventory.json' },
      mounts: [
        { path: '/rehearsal', volume: { files: rehearsalFiles } },
        { path: '/inventory', volume: { files: 'secret-inventory' } },
        token,
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
  }
}
