import { spawnSync } from 'node:child_process';
import { root } from '../support/manifests';

export interface Run {
  /** From the start of the process to its end. */
  readonly milliseconds: number;
  readonly peakMiB: number;
  readonly stdout: string;
}

/** Runs in the child before anything else; the parent reads what it writes at the end. */
const report = `data:text/javascript,import { writeSync } from 'node:fs';
process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));`;

/**
 * A whole Node process in the repository's folder.
 *
 * @throws Error with what the process says when it fails
 */
export function measure(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const began = performance.now();
  const { status, output } = spawnSync(process.execPath, ['--import', report, ...args], {
    cwd: root,
    env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const milliseconds = performance.now() - began;
  const [, stdout = '', stderr = '', kibibytes = ''] = output.map((text) => text ?? '');
  if (status !== 0) throw new Error(`expected ${args.join(' ')} to succeed, got ${status}: ${stderr}${stdout}`);
  return { milliseconds, peakMiB: Number(kibibytes) / 1024, stdout };
}

export const median = (figures: readonly number[]): number => {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

/** Runs each of these in turn, again and again, so that a busy moment of the machine meets all of them. */
export function inTurn<Name extends string>(
  times: number,
  runs: Readonly<Record<Name, () => Run>>,
): Record<Name, Run[]> {
  const names = Object.keys(runs) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as Run[]])) as Record<Name, Run[]>;
  for (let time = 0; time < times; time++) for (const name of names) measured[name].push(runs[name]());
  return measured;
}
