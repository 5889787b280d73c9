import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './measure';
import { writeMeasurements } from './document';
import type { Parameters } from '../../charts/blocks/postgres/tuning';
import { clients, Crowd, type Way } from './postgres/pooled';
import { ratios, spread, type Both, type Load } from './postgres/load';
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

/** One of two that are compared, and what each of its runs showed. */
type Side<Name extends string = string> = Both<Load[]> & { readonly name: Name };
const sideOf = <Name extends string>(name: Name): Side<Name> => ({ name, reading: [], writing: [] });

/** Each side is the first in turn: who is has what the other left in the cache. */
async function inTurn<One extends Side>(sides: readonly One[], run: (side: One) => Promise<Both<Load>>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
      const { reading, writing } = await run(side);
      side.reading.push(reading);
      side.writing.push(writing);
      say(`round ${round + 1}, ${side.name}: ${reading.tps.toFixed(0)} reading, ${writing.tps.toFixed(0)} writing`);
    }
  }
}

/** One row for each side, and the ratio of the first to the second, round by round. */
function rows(what: 'reading' | 'writing', [ours, theirs]: readonly [Side, Side]): string[][] {
  const figures = (side: Side, figure: keyof Load) => side[what].map((run) => run[figure]);
  const row = (side: Side) => [
    `${what}: ${side.name}`,
    spread(figures(side, 'tps'), 0),
    spread(figures(side, 'p95'), 1),
    `${figures(side, 'failures').reduce((total, each) => total + each, 0)}`,
    median(figures(side, 'connectSeconds')).toFixed(1),
  ];
  const ratio = (figure: 'tps' | 'p95') => spread(ratios(figures(ours, figure), figures(theirs, figure)), 2);
  return [row(ours), row(theirs), [`${what}: ratio`, ratio('tps'), ratio('p95'), '', '']];
}

function compared(title: string, sides: readonly [Side, Side]): string {
  const head = [title, 'transactions a second', 'p95, ms', 'failures', 'to connect, s'];
  return table(head, [...rows('reading', sides), ...rows('writing', sides)], true);
}

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
  const sides = [
    { ...sideOf('generated'), parameters: generated },
    { ...sideOf(name), parameters },
  ] as const;
  const tuned = new Tuned();
  try {
    await tuned.prepare();
    await inTurn(sides, (side) => tuned.run(side.parameters, seconds));
  } finally {
    tuned.remove();
  }
  const limited = tuned.limitedBy === 'nothing' ? 'without a limit of memory' : 'in 2 GiB';
  return compared(`16 clients, scale ${scale}, ${limited}`, sides);
}

async function pooledTables(): Promise<string> {
  const crowd = new Crowd();
  const sides = [sideOf<Way>('pooler'), sideOf<Way>('direct')] as const;
  const memory: string[][] = [];
  try {
    await crowd.prepare();
    for (const { name } of sides) {
      const { processes, serverMiB, poolerMiB, connectSeconds } = await crowd.memory(name, 30);
      say(`${name}: ${processes} processes, connected in ${connectSeconds.toFixed(1)} s`);
      memory.push([name, `${processes}`, serverMiB.toFixed(0), name === 'pooler' ? poolerMiB.toFixed(0) : '']);
    }
    await inTurn(sides, async ({ name }) => ({
      reading: await crowd.run(name, seconds, 'select-only'),
      writing: await crowd.run(name, seconds, 'simple-update'),
    }));
  } finally {
    await crowd.stop();
  }
  const head = [`memory with ${clients} clients`, 'processes of the server', 'server, MiB', 'PgBouncer, MiB'];
  return `${compared(`${clients} clients, TLS`, sides)}\n\n${table(head, memory, true)}`;
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
