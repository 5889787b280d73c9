import { eventually } from '../../rehearsal/support';
import { ask, type Client } from './client';
import type { Edge } from './edge';

/** What else a browser says. */
export type More = Omit<Client, 'port'>;

export const monitoring = { host: 'monitoring.physics-assistant.example' };

/** A browser at this address, behind the ingress controller. */
export const browserAt = ({ port }: Pick<Edge, 'port'>, address: string, more: More = {}): Client => ({
  port,
  ...more,
  headers: { 'x-forwarded-for': address, ...more.headers },
});

let last = 0;
/** A browser at another address each time, so that no test uses up another's requests. */
export const anyBrowser = (edge: Pick<Edge, 'port'>, more?: More): Client =>
  browserAt(edge, `198.51.100.${++last}`, more);

/** Waits until every route answers: nginx starts before it knows an address. An edge that never does is closed. */
export async function ready(edge: Edge): Promise<Edge> {
  try {
    for (const path of ['/', '/dashboard', '/api/agents/', '/api/database/', '/api/dashboard/']) {
      await eventually(async () => (await ask(anyBrowser(edge), path)).status === 200, 15_000);
    }
    const administrator = browserAt(edge, '10.8.0.3', monitoring);
    await eventually(async () => (await ask(administrator, '/flower')).status === 200, 15_000);
  } catch (error) {
    await edge.close();
    throw error;
  }
  return edge;
}
