import { pause } from '../cluster/support';
import type { Agents, Report } from './agents';
import type { Fault, Scene } from './fault';
import { silence, twoPrimaries } from './judge';
import { membersOf, servedAsPrimary, whole } from './members';
import type { Outcome } from './table';
import type { Target } from './target';
import { heal, undo } from './undo';

/** Patroni's view of a member that has vanished is as old as its lease, 20 seconds. */
const steadySeconds = 25;

const say = (text: string): void => void process.stderr.write(`${new Date().toISOString()} ${text}\n`);

/** Strikes once and says what came of it. @throws Error when it cannot tell */
export async function strike(fault: Fault, agents: Agents): Promise<Outcome> {
  const { target } = agents;
  await whole(target, 300);
  if (fault.prepare) {
    await fault.prepare(await scene(agents));
    await whole(target, 300, steadySeconds);
  }
  const found = await scene(agents);
  await startWriting(agents, found.primary.node);
  const looking = look(agents);
  const since = Date.now();
  say(`${fault.name}: striking ${found.primary.pod} on ${found.primary.node}`);
  const { healed, recovered } = await hit(fault, found, since).finally(looking);
  const served = await looking();
  const until = Date.now();
  const written = await agents.written(since);
  const watched = await agents.watched(since);
  const { primary } = await scene(agents);
  const another = primary.pod !== found.primary.pod;
  heal({ late: true });
  const outcome = judged(fault, target, { written, watched, since, healed, until, served, recovered, another });
  say(`${fault.name}: ${JSON.stringify({ ...outcome, failures: written.failures })}`);
  return outcome;
}

/** Injects, holds, heals and waits for a whole cluster. */
async function hit(
  fault: Fault,
  found: Scene,
  since: number,
): Promise<{ healed: number; recovered?: number | undefined }> {
  await fault.inject(found);
  await pause(fault.holdSeconds ?? 0);
  heal({ late: false });
  const healed = Date.now();
  say(`${fault.name}: over after ${((healed - since) / 1000).toFixed(1)} s, waiting for a whole cluster`);
  return { healed, recovered: await recovery(fault, found.agents) };
}

async function scene(agents: Agents): Promise<Scene> {
  const [primary, first, ...others] = await membersOf(agents.target);
  if (!primary || !first) throw new Error('expected a primary and a replica, got less');
  return { target: agents.target, agents, primary, replicas: [first, ...others], undo };
}

/** When the cluster was whole, in milliseconds since 1970; it takes writes through both doors then or soon after. */
async function recovery(fault: Fault, agents: Agents): Promise<number | undefined> {
  try {
    const at = await whole(agents.target, fault.recoverySeconds ?? 300, steadySeconds);
    await flowing(agents, 60);
    return at;
  } catch (error) {
    say(`${fault.name}: ${String(error)}`);
    return undefined;
  }
}

/** A new writer on another node than this one, once both doors take what it writes. */
export async function startWriting(agents: Agents, avoid = ''): Promise<void> {
  await agents.startWriter(avoid);
  await flowing(agents, 60);
}

/** Waits until both doors take writes. @throws Error when they do not in time */
export async function flowing(agents: Agents, seconds: number): Promise<void> {
  const { direct, pooled } = agents.target.doors;
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const { acknowledged } = await agents.written(Date.now() - 3000);
    if ([direct, pooled].every((door) => (acknowledged[door]?.length ?? 0) > 10)) return;
    if (Date.now() > deadline) throw new Error(`expected writes through ${direct} and ${pooled} within ${seconds} s`);
    await pause(1);
  }
}

/**
 * Keeps the watchers' addresses up to date, and looks how many pods the Service of the primary leads to.
 *
 * @returns what ends it, and then gives the most that were seen
 */
function look(agents: Agents): () => Promise<number> {
  let on = true;
  let most = 0;
  const looking = (async () => {
    while (on) {
      // While the API server is away nothing can be asked, and no address changes.
      await agents.follow().catch(() => undefined);
      const seen = await servedAsPrimary(agents.target).catch(() => []);
      most = Math.max(most, seen.length);
      await pause(0.5);
    }
  })();
  return async () => {
    on = false;
    await looking;
    return most;
  };
}

function judged(
  { name, title, aim, handsOver = false }: Fault,
  { doors }: Target,
  seen: {
    readonly written: Report;
    readonly watched: readonly Report[];
    readonly since: number;
    readonly healed: number;
    readonly until: number;
    readonly served: number;
    readonly recovered: number | undefined;
    readonly another: boolean;
  },
): Outcome {
  const { written, watched, since, healed, until, served, recovered, another } = seen;
  const reports = [written, ...watched];
  const { acknowledged } = written;
  const direct = silence(acknowledged[doors.direct], since, until);
  const pooled = silence(acknowledged[doors.pooled], since, until);
  return {
    name,
    title,
    aim,
    acknowledged: reports.flatMap((report) => Object.values(report.acknowledged).flat()).length,
    lost: reports.flatMap(({ lost }) => lost).length,
    direct,
    pooled,
    twoPrimaries: twoPrimaries(watched),
    served,
    another,
    failed: handsOver && !another,
    recovered: recovered && Math.max(recovered, healed, direct.end, pooled.end) - healed,
  };
}
