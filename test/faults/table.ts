import { between } from '../../docs/between';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/manifests';
import { table } from '../support/table';

/** What one run of one fault showed; times in milliseconds. */
export interface Outcome {
  readonly name: string;
  readonly title: string;
  /** Seconds without writes that were aimed at. */
  readonly aim: number | undefined;
  /** Acknowledged rows, and those of them that are not there. */
  readonly acknowledged: number;
  readonly lost: number;
  /** The longest time without an acknowledged write, and all such times together, through each door. */
  readonly direct: { readonly longest: number; readonly total: number };
  readonly pooled: { readonly longest: number; readonly total: number };
  /** How long two members took writes. */
  readonly twoPrimaries: number;
  /** The most pods that the Service of the primary led to at once. */
  readonly served: number;
  /** Another member is the primary afterwards. */
  readonly another: boolean;
  /** The fault did not do what it is for. */
  readonly failed: boolean;
  /** From the end of the fault to a whole cluster; nothing when it was not whole in time. */
  readonly recovered: number | undefined;
}

export const measurements = join(root, 'docs', 'measurements.md');

export const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);

/** The longest time; all of them together where there were several. */
const silent = (runs: readonly { longest: number; total: number }[]): string => {
  const longest = Math.max(...runs.map((run) => run.longest));
  const total = Math.max(...runs.map((run) => run.total));
  return total > longest + 500 ? `${seconds(longest)} (${seconds(total)})` : seconds(longest);
};

/** A row for each fault, with the worst of its runs. */
export function outcomesTable(outcomes: readonly Outcome[]): string {
  const titles = ['fault', 'runs', 'acknowledged rows', 'lost', 'seconds without writes', 'aimed at'];
  titles.push(
    'the same through PgBouncer',
    'another primary',
    'two primaries',
    'Service led to at most',
    'whole again after, s',
  );
  const rows = [...new Set(outcomes.map(({ name }) => name))].map((name) => {
    const runs = outcomes.filter((outcome) => outcome.name === name);
    const sum = (figure: (run: Outcome) => number) => runs.reduce((total, run) => total + figure(run), 0);
    const overlap = Math.max(...runs.map(({ twoPrimaries }) => twoPrimaries));
    const recovered = runs.map((run) => run.recovered ?? Infinity);
    return [
      runs[0]?.title ?? name,
      `${runs.length}`,
      `${sum((run) => run.acknowledged)}`,
      `${sum((run) => run.lost)}`,
      silent(runs.map(({ direct }) => direct)),
      `${runs[0]?.aim ?? ''}`,
      silent(runs.map(({ pooled }) => pooled)),
      `${runs.filter(({ another }) => another).length}`,
      overlap > 0 ? `${seconds(overlap)} s` : 'never',
      `${Math.max(...runs.map(({ served }) => served))}`,
      recovered.includes(Infinity) ? 'not in time' : seconds(Math.max(...recovered)),
    ];
  });
  return table(titles, rows, true);
}

/** The document with another table between the marks of the command. @throws Error when it has no place for one */
export const withOutcomes = (text: string, rows: string, command = 'npm run faults:postgres'): string =>
  between('docs/measurements.md', text, command, rows);

/** Writes the table into docs/measurements.md. */
export const writeOutcomes = (rows: string, command?: string): void =>
  writeFileSync(measurements, withOutcomes(readFileSync(measurements, 'utf8'), rows, command));

/** Whether a run shows what is promised: nothing lost, never two primaries, as quick as was aimed at, whole again by itself. */
export const isFine = ({ lost, twoPrimaries, aim = Infinity, direct, recovered, failed }: Outcome): boolean =>
  lost === 0 && twoPrimaries === 0 && Number(seconds(direct.longest)) <= aim && recovered !== undefined && !failed;
