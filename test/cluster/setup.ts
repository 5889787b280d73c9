import { randomUUID } from 'node:crypto';
import { openNodes } from './support';

/** Names this run of the tier: what an earlier one left is built anew. Set it yourself to keep the platforms standing. */
export default async function setup(): Promise<void> {
  process.env.SLIPWAY_RUN_KEPT = process.env.SLIPWAY_RUN ? 'yes' : '';
  process.env.SLIPWAY_RUN ??= randomUUID();
  // A run that was cut off may have left the nodes closed. Without a cluster every suite says so itself.
  if (process.env.KUBECONFIG) await openNodes(true).catch(() => undefined);
}
