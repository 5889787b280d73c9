import { clientNamespace } from './client';
import { developmentDown } from './development';
import { remove } from './support';

/** The suites share what they started; the last one out turns off the light. */
export default async function teardown(): Promise<void> {
  // Without a cluster every suite has said so.
  if (!process.env.KUBECONFIG || process.env.SLIPWAY_RUN_KEPT) return;
  await Promise.all([developmentDown(), remove(clientNamespace)]);
}
