import type { Cluster, Values } from '../../cluster';
import { missingNamespace } from '../../cluster-errors';
import { settle } from '../../errors';
import { environmentFolder, shown } from '../../manifests';
import type { CommonOptions, Surroundings } from '../../options';
import type { Inventory, SecretKey } from './inventory';

/** A Secret that a platform needs, beside what the cluster holds of it. */
export interface Surveyed extends Pick<Inventory, 'platform' | 'namespace' | 'backend'> {
  readonly name: string;
  readonly keys: readonly SecretKey[];
  /** Nothing when the Secret does not exist. */
  readonly values: Values | undefined;
}

/** Connects and reads all Secrets of the inventories. @throws Failure that names every namespace that is missing */
export async function survey(
  inventories: readonly Inventory[],
  { dist, env, context }: CommonOptions,
  { terminal, connect }: Surroundings,
): Promise<{ cluster: Cluster; secrets: Surveyed[] }> {
  const cluster = connect(context);
  const namespaces = await settle(
    inventories.map(async ({ namespace }) => {
      if (await cluster.hasNamespace(namespace)) return;
      throw missingNamespace(namespace, `kubectl apply -f ${shown(environmentFolder(dist, env))}`);
    }),
  );
  if (namespaces.failure) throw namespaces.failure;
  const secrets = await settle(
    inventories.flatMap(({ platform, namespace, backend, secrets }) =>
      secrets.map(async ({ name, keys }) => ({
        ...{ platform, namespace, backend, name, keys },
        values: await cluster.readSecret(namespace, name),
      })),
    ),
  );
  if (secrets.failure) throw secrets.failure;
  // The wrong cluster is the costliest mistake there is.
  terminal.note(`${env} at ${cluster.endpoint.server} (context ${cluster.endpoint.context})`);
  return { cluster, secrets: secrets.values };
}
