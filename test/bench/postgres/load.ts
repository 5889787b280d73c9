import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { median } from '../measure';

/** What one run of pgbench showed. */
export interface Load {
  /** Transactions a second, without the time that connecting took. */
  readonly tps: number;
  /** 95 of 100 transactions took at most this long. */
  readonly p95: number;
  /** Transactions that failed, and clients that gave up or were never let in. */
  readonly failures: number;
  /** How long all clients took to connect. */
  readonly connectSeconds: number;
}

/** What is compared: a side reads and writes in each of its runs. */
export type Both<What> = Readonly<Record<'reading' | 'writing', What>>;

export interface Demand {
  readonly clients: number;
  readonly seconds: number;
  /** What each transaction does. */
  readonly script: 'select-only' | 'simple-update' | 'tpcb-like';
}

/** Arguments of pgbench; of every tenth transaction it writes down how long it took, in files that begin so. */
export const pgbench = ({ clients, seconds, script }: Demand, prefix: string): string[] => [
  // Not `prepared`: pgbench prepares without looking after its other clients, who hold the server it waits for.
  ...['--no-vacuum', '--protocol=extended', `--builtin=${script}`],
  ...[`--client=${clients}`, '--jobs=2', `--time=${seconds}`],
  ...['--log', '--sampling-rate=0.1', `--log-prefix=${prefix}`],
];

/**
 * Reads what pgbench said, and its files, which are gone then.
 *
 * @throws Error with its words when no transaction was done
 */
export function loadOf(clients: number, said: string, prefix: string): Load {
  const figure = (pattern: RegExp): number | undefined => {
    const [, found] = pattern.exec(said) ?? [];
    return found === undefined ? undefined : Number(found);
  };
  const tps = figure(/^tps = ([\d.]+)/m);
  const latencies = latenciesOf(prefix);
  if (tps === undefined || latencies.length === 0) {
    throw new Error(`expected pgbench to do transactions for ${clients} clients, got: ${said.slice(0, 2000)}`);
  }
  const lost = new Set([...said.matchAll(/client (\d+) aborted/g)].map(([, client]) => client)).size;
  return {
    tps,
    p95: (latencies[Math.floor(latencies.length * 0.95)] ?? 0) / 1000,
    failures: (figure(/^number of failed transactions: (\d+)/m) ?? 0) + lost,
    connectSeconds: (figure(/^initial connection time = ([\d.]+) ms/m) ?? 0) / 1000,
  };
}

/** In microseconds, the shortest first. */
function latenciesOf(prefix: string): number[] {
  const names = readdirSync(dirname(prefix)).filter((name) => name.startsWith(`${basename(prefix)}.`));
  const all = names.flatMap((name) => {
    const path = join(dirname(prefix), name);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    rmSync(path);
    return lines.filter(Boolean).map((line) => Number(line.split(' ')[2]));
  });
  return all.sort((a, b) => a - b);
}

/** The median of figures, with the smallest and the greatest. */
export function spread(figures: readonly number[], digits: number): string {
  const [least = 0, most = 0] = [Math.min(...figures), Math.max(...figures)];
  const text = (value: number) => value.toFixed(digits);
  return figures.length > 1 ? `${text(median(figures))} (${text(least)}–${text(most)})` : text(median(figures));
}

/** The ratio of each round: what a busy minute of the machine did to one side, it did to the other. */
export const ratios = (ours: readonly number[], theirs: readonly number[]): number[] =>
  ours.map((figure, round) => figure / (theirs[round] ?? NaN));
