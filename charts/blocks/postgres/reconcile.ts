import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Construct } from 'constructs';
import { apiAccess } from '../api-access';
import { Configuration } from '../configuration';
import type { Container, Mount } from '../container';
import { Job } from '../job';
import { Platform } from '../platform';
import { burstable } from '../quantity';
import { agreement, agreementYaml, restPort, stateRules, type Cluster } from './patroni';

const script = readFileSync(join(__dirname, 'reconcile.py'), 'utf8');

/**
 * The Job that brings changed settings to a running cluster: one for each state of the settings, because Patroni reads
 * them by itself once only.
 */
export function reconcile(
  scope: Construct,
  database: string,
  { image, cluster, mounts }: { image: string; cluster: Cluster; mounts: readonly Mount[] },
): void {
  const id = `${database}-settings`;
  const own = new Construct(scope, 'settings');
  const platform = Platform.of(scope);
  const component = 'database';
  const token = apiAccess(own, id, { component, rules: stateRules(cluster.name) });
  const files = new Configuration(own, id, { 'reconcile.py': script, 'agreement.yml': agreementYaml(cluster) });
  const container: Container = {
    name: 'settings',
    image,
    command: ['python3', '/settings/reconcile.py'],
    variables: {
      SCOPE: cluster.name,
      MEMBERS: `${cluster.members}`,
      AGREEMENT: '/settings/agreement.yml',
      ROUND: `${agreement(cluster).loop_wait + 2}`,
      PATRONI_KUBERNETES_NAMESPACE: { field: 'metadata.namespace' },
      LANG: 'C.UTF-8',
    },
    mounts: [...mounts, token, files.at('/settings'), { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 16 } }],
    resources: { cpu: '250m', memory: '128Mi' },
    share: burstable,
  };
  new Job(own, id, { component, containers: [container], user: 26, deadlineSeconds: 6 * 3600 });
  platform.network.connect(id, database, restPort);
}
