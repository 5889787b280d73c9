import { inside, kubectl, pause } from '../cluster/support';
import type { Manifest } from '../support/manifests';
import { table } from '../support/table';
import type { Agents } from './agents';
import { fill } from './ballast';
import { restore } from './command-line';
import { completed } from './jobs';
import { silence } from './judge';
import { apply } from './kube';
import { whole } from './members';
import { flowing, startWriting } from './strike';
import { seconds } from './table';
import type { Target } from './target';

/** The most that a repository may be behind, in milliseconds (ALL-16). */
const most = 60_000;

/** What one loss of everything but the repository took; milliseconds. */
interface Loss {
  /** Between the first and the last acknowledged row that did not come back. */
  readonly rows: number;
  /** Until an empty cluster stands in its place, then until the restore has ended. */
  readonly anew: number;
  readonly restore: number;
  /** Without an acknowledged write through the pooler, all in all. */
  readonly silent: number;
}

/**
 * What is lost with all members and their volumes at once, and how long it takes to come back from the repository, while
 * rows are written all the time.
 *
 * @throws Error when a row is gone that was acknowledged more than a minute before
 */
export async function measureLoss(agents: Agents, repeat: number): Promise<string> {
  const size = await fill(agents.target);
  const runs: Loss[] = [];
  // Log leaves a member as often as a minute has ended: when it is struck in that minute is left to chance, and rows that
  // are too old to be gone must have been written.
  for (let run = 1; run <= repeat; run += 1) runs.push(await lose(agents, 90 + 60 * Math.random()));
  const figures: readonly (readonly [string, (loss: Loss) => number])[] = [
    ['acknowledged rows that are gone, by their age', ({ rows }) => rows],
    ['an empty cluster of three stands, accounts made', ({ anew }) => anew],
    ['the newest backup and its log are restored into it', ({ restore }) => restore],
    ['nobody writes, through PgBouncer', ({ silent }) => silent],
  ];
  return table(
    [`${size}, all members lost with their volumes`, 'seconds, each run'],
    figures.map(([title, figure]) => [title, runs.map((run) => seconds(figure(run))).join(', ')]),
    true,
  );
}

async function lose(agents: Agents, wait: number): Promise<Loss> {
  const { target } = agents;
  await whole(target, 300);
  await startWriting(agents);
  const since = Date.now();
  await pause(wait);
  const struck = Date.now();
  await destroy(target);
  await replace(target);
  const replaced = Date.now();
  const restored = (await restore(target, 'latest')).at(-1)?.at ?? NaN;
  await whole(target, 300);
  await flowing(agents, 60);
  const { acknowledged, lost } = await agents.written(since);
  const first = Math.min(...lost.map(({ acked }) => acked));
  const last = Math.max(...lost.map(({ acked }) => acked));
  const loss: Loss = {
    rows: lost.length > 0 ? last - first : 0,
    anew: replaced - struck,
    restore: restored - replaced,
    silent: silence(acknowledged[target.doors.pooled], since, Date.now()).longest,
  };
  process.stderr.write(`lost ${lost.length} rows: ${JSON.stringify(loss)}\n`);
  if (loss.rows > most)
    throw new Error(`expected at most ${most / 1000} s of rows to be gone, got ${seconds(loss.rows)} s`);
  return loss;
}

/** Ends all members without a word, for who is frozen sends nothing, and takes their volumes and what they agreed on. */
async function destroy({ namespace, name, members }: Target): Promise<void> {
  await Promise.all(members.map((pod) => inside(namespace, pod, 'server', 'bash', '-c', 'kill -STOP -1')));
  const remove = (...what: string[]) => kubectl('delete', ...what, '-n', namespace, '--ignore-not-found');
  // A claim is there as long as a pod names it, even one that has ended.
  await remove('jobs', '-l', `app.kubernetes.io/name=${name}-restore`);
  await remove('statefulset', name, '--cascade=orphan');
  await remove('pods', ...members, '--grace-period=0', '--force');
  await remove('persistentvolumeclaims', ...members.map((member) => `${name}-data-${member}`), '--timeout=120s');
  await remove('configmaps', ...['config', 'leader', 'sync', 'failover'].map((state) => `${name}-${state}`));
}

/** Applies everything again, as one does who has lost the members alone; Jobs that are complete stay, but the accounts'. */
async function replace(target: Target): Promise<void> {
  const { namespace, name, objects } = target;
  await kubectl('delete', 'jobs', '-n', namespace, '-l', `app.kubernetes.io/name=${name}-accounts`);
  await apply(objects);
  await whole(target, 600);
  await completed(namespace, objects.filter(makesAccounts), 300);
}

const makesAccounts = ({ metadata }: Manifest): boolean => metadata.name.includes('-accounts-');
