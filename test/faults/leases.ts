import { pause } from '../cluster/support';
import type { Agents } from './agents';
import type { Fault } from './fault';
import { nodeFaults } from './faults-of-nodes';
import { patronictl, whole } from './members';
import { strike } from './strike';
import { table } from '../support/table';
import { seconds } from './table';

/** Seconds, as Patroni's settings `ttl`, `loop_wait` and `retry_timeout`. */
interface Lease {
  readonly ttl: number;
  readonly loop: number;
  readonly retry: number;
}

/** Patroni's own, and three ways to share out the 20 seconds that are the least it takes. */
const leases: readonly Lease[] = [
  { ttl: 30, loop: 10, retry: 10 },
  { ttl: 20, loop: 8, retry: 6 },
  { ttl: 20, loop: 4, retry: 8 },
  { ttl: 20, loop: 2, retry: 9 },
];

const [cut] = nodeFaults.filter(({ name }) => name === 'node-cut');
if (!cut) throw new Error('expected a fault `node-cut`, got none');

/** Nothing tells the others of it but the end of the lease. */
export const silence: Fault = cut;

/**
 * How long nobody writes when a primary falls silent, by the lease.
 *
 * @param repeat runs with each
 * @returns a table with all runs of each
 */
export async function compareLeases(agents: Agents, repeat: number): Promise<string> {
  const rows: string[][] = [];
  for (const lease of leases) {
    await agree(agents, lease);
    const silences: number[] = [];
    for (let run = 1; run <= repeat; run += 1) silences.push((await strike(silence, agents)).direct.longest);
    silences.sort((a, b) => a - b);
    const { ttl, loop, retry } = lease;
    rows.push([`${ttl}`, `${loop}`, `${retry}`, silences.map(seconds).join(', '), `${60 / loop}`]);
  }
  return table(
    ['`ttl`, s', '`loop_wait`, s', '`retry_timeout`, s', 'seconds without writes, each run', 'renewals a minute'],
    rows,
    true,
  );
}

async function agree({ target }: Agents, { ttl, loop, retry }: Lease): Promise<void> {
  await whole(target, 300);
  const settings = [`ttl=${ttl}`, `loop_wait=${loop}`, `retry_timeout=${retry}`];
  await patronictl(target, 'edit-config', '--force', ...settings.flatMap((setting) => ['--set', setting]));
  await pause(15);
}
