import { pause } from '../cluster/support';
import { table } from '../support/table';
import type { Agents } from './agents';
import { ask, fill } from './ballast';
import { restore } from './command-line';
import { silence } from './judge';
import { whole } from './members';
import { flowing, startWriting } from './strike';
import { seconds } from './table';

/** What the log of a restore says at the end of each of its parts. */
const parts: readonly { readonly end: string; readonly title: string }[] = [
  {
    end: 'the log of this minute is in the repository',
    title: 'the door closes, the log of this minute leaves the primary',
  },
  { end: 'stopping the members', title: 'a copy is made, its log replayed, every table read' },
  { end: 'the restored data serve, and', title: 'the members end, one starts with the copy, the door opens' },
  { end: 'every member has the restored data', title: 'the others are made anew from it' },
];

/**
 * What it takes to restore a database of a GiB over the live one, with three members that are written to all the time.
 *
 * @param repeat restores of the latest state, one after the other; one to a moment follows
 * @returns a table of the parts of each, in seconds, and how long nobody could write
 * @throws Error when a row is missing that must be there, or one is there that must not be
 */
export async function measureRestore(agents: Agents, repeat: number): Promise<string> {
  const { target } = agents;
  const size = await fill(target);
  const runs: number[][] = [];
  for (let run = 1; run <= repeat; run += 1) runs.push(await restored(agents, 'latest'));
  runs.push(await restored(agents, 'a moment'));
  const titles = [...parts.map(({ title }) => title), 'nobody writes', 'the same through PgBouncer'];
  return table(
    [`${size}, restored over the live database`, 'seconds, each run; the last to a moment'],
    titles.map((title, index) => [title, runs.map((times) => seconds(times[index] ?? NaN)).join(', ')]),
    true,
  );
}

/** Milliseconds of each part, then those without an acknowledged write through each door. */
async function restored(agents: Agents, to: 'latest' | 'a moment'): Promise<number[]> {
  const { target } = agents;
  await whole(target, 300);
  await startWriting(agents);
  const since = Date.now();
  await pause(after);
  const moment = Date.now();
  await pause(after);
  const TARGET = to === 'latest' ? to : new Date(moment).toISOString();
  const log = await restore(target, TARGET);
  await whole(target, 300);
  await flowing(agents, 60);
  const { acknowledged, lost } = await agents.written(since);
  const { direct, pooled } = target.doors;
  const missing = lost.filter(({ series, acked }) => (to === 'latest' ? series === pooled : acked < moment)).length;
  // Behind the latest state there is nothing.
  const wrong = { missing, ...(to !== 'latest' && { surplus: Number(await ask(target, laterThan(moment))) }) };
  process.stderr.write(`${to}: rows that are wrong: ${JSON.stringify(wrong)}\n`);
  if (Object.values(wrong).some((count) => count !== 0)) {
    throw new Error(`expected exactly the rows of ${TARGET}, got: ${JSON.stringify(wrong)}`);
  }
  const silences = [direct, pooled].map((door) => silence(acknowledged[door], since, Date.now()).longest);
  const ends = [log[0], ...parts.map(({ end }) => log.find(({ text }) => text.includes(end)))].map((line) => line?.at);
  if (ends.includes(undefined)) {
    throw new Error(`expected a restore to say all its parts, got:\n${log.map(({ text }) => text).join('\n')}`);
  }
  return [...parts.map((_, part) => (ends[part + 1] ?? NaN) - (ends[part] ?? NaN)), ...silences];
}

/** Seconds of writing before a moment, and behind it. */
const after = 5;

/** Rows that were written behind a moment, before the restore began. */
const laterThan = (moment: number): string =>
  `select count(*) from faults.rows where at > to_timestamp(${moment / 1000}) and at < to_timestamp(${moment / 1000 + after})`;
