import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './measure';
import { writeMeasurements } from './document';
import type { Parameters } from '../../charts/blocks/postgres/tuning';
import { clients, Crowd, ways, type Taken, type Way } from './postgres/pooled';
import { ratios, spread, type Load } from './postgres/load';
import { generated, scale, Tuned } from './postgres/tuned';
import { table } from '../support/table';

/**
 * What the generated configuration of PostgreSQL is worth, with the real programs: its parameters against those of
 * initdb, and PgBouncer against a thousand connections. Sides run in turn, so that a busy minute meets both.
 *
 * `--write` puts the tables into docs/measurements.md, `--quick` shows in a minute that it works, and `--set NAME=VALUE`
 * compares the generated parameters with the same where one is another, and nothing else.
 */
const { write, quick, set } = parseArgs({
  options: { write: { type: 'boolean' }, quick: { type: 'boolean' }, set: { type: 'string' } },
}).values;
const rounds = quick ? 1 : 3;
const seconds = quick ? 3 : 10;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

type Runs<Name extends string> = Readonly<Record<Name, Load[]>>;
const none = <Name extends string>(names: readonly Name[]): Runs<Name> =>
  Object.fromEntries(names.map((name) => [name, [] as Load[]])) as Record<Name, Load[]>;

/** One row for each side, and the ratio of the first to the second, round by round. */
function rows<Name extends string>(what: string, [ours, theirs]: readonly [Name, Name], runs: Runs<Name>): string[][] {
  const figures = (name: Name, figure: keyof Load) => runs[name].map((run) => run[figure]);
  const row = (name: Name) => [
    `${what}: ${name}`,
    spread(figures(name, 'tps'), 0),
    spread(figures(name, 'p95'), 1),
    `${figures(name, 'failures').reduce((total, each) => total + each, 0)}`,
    median(figures(name, 'connectSeconds')).toFixed(1),
  ];
  const ratio = (figure: 'tps' | 'p95') => spread(ratios(figures(ours, figure), figures(theirs, figure)), 2);
  return [row(ours), row(theirs), [`${what}: ratio`, ratio('tps'), ratio('p95'), '', '']];
}
const head = (title: string) => [title, 'transactions a second', 'p95, ms', 'failures', 'to connect, s'];

/** What the generated parameters are compared with, and its name. */
function other(): readonly [string, Parameters] {
  if (set === undefined) return ['defaults', {}];
  const [, name, value] = /^(\w+)=(.+)$/.exec(set) ?? [];
  if (!name || !value) throw new Error(`expected --set NAME=VALUE, a parameter of PostgreSQL, got ${set}`);
  if (write) throw new Error('expected --set or --write: what is written is the comparison with the defaults');
  return [set, { ...generated, [name]: value }];
}

async function tunedTable(): Promise<string> {
  const [name, parameters] = other();
  const sides = ['generated', name] as const;
  const tuned = new Tuned();
  const runs = { reading: none(sides), writing: none(sides) };
  try {
    await tuned.prepare();
    for (let round = 0; round < rounds; round++) {
      // Who is the first has what the other left in the cache: so each is the first in turn.
      for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
        const { reading, writing } = await tuned.run(side === name ? parameters : generated, seconds);
        runs.reading[side]?.push(reading);
        runs.writing[side]?.push(writing);
        say(`round ${round + 1}, ${side}: ${reading.tps.toFixed(0)} reading, ${writing.tps.toFixed(0)} writing`);
      }
    }
  } finally {
    tuned.remove();
  }
  const limited = tuned.limitedBy === 'nothing' ? 'without a limit of memory' : 'in 2 GiB';
  return table(
    head(`16 clients, scale ${scale}, ${limited}`),
    [...rows('reading', sides, runs.reading), ...rows('writing', sides, runs.writing)],
    true,
  );
}

async function pooledTables(): Promise<string> {
  const crowd = new Crowd();
  const runs = { reading: none<Way>(ways), writing: none<Way>(ways) };
  const memory: Partial<Record<Way, Taken>> = {};
  try {
    await crowd.prepare();
    for (const way of ways) {
      memory[way] = await crowd.memory(way, 30);
      say(`${way}: ${memory[way]?.processes} processes, connected in ${memory[way]?.connectSeconds.toFixed(1)} s`);
    }
    for (let round = 0; round < rounds; round++) {
      for (const way of round % 2 === 0 ? ways : [...ways].reverse()) {
        const reading = await crowd.run(way, seconds, 'select-only');
        const writing = await crowd.run(way, seconds, 'simple-update');
        runs.reading[way].push(reading);
        runs.writing[way].push(writing);
        say(`round ${round + 1}, ${way}: ${reading.tps.toFixed(0)} reading, ${writing.tps.toFixed(0)} writing`);
      }
    }
  } finally {
    await crowd.stop();
  }
  const speed = table(
    head(`${clients} clients, TLS`),
    [...rows('reading', ways, runs.reading), ...rows('writing', ways, runs.writing)],
    true,
  );
  const taken = ways.map((way) => {
    const { processes = 0, serverMiB = 0, poolerMiB = 0 } = memory[way] ?? {};
    return [way, `${processes}`, serverMiB.toFixed(0), way === 'pooler' ? poolerMiB.toFixed(0) : ''];
  });
  const title = `memory with ${clients} clients`;
  return `${speed}\n\n${table([title, 'processes of the server', 'server, MiB', 'PgBouncer, MiB'], taken, true)}`;
}

async function main(): Promise<void> {
  const [load = 0] = loadavg();
  const tables = set === undefined ? `${await tunedTable()}\n\n${await pooledTables()}` : await tunedTable();
  process.stdout.write(`${tables}\n`);
  say(`load of the machine before: ${load.toFixed(1)}`);
  if (write) writeMeasurements('npm run bench:postgres', tables);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
