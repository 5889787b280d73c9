import { InvalidArgumentError, type Command } from 'commander';
import type { V1CronJob } from '../cluster-jobs';
import { missingNamespace } from '../cluster-errors';
import { exit, Failure } from '../errors';
import { environmentFolder, shown } from '../manifests';
import { withTargetOptions, type Surroundings, type TargetOptions } from '../options';
import type { Cluster } from '../cluster';
import { findCommand, type OneOff } from './run/find';
import { jobFrom } from './run/job';
import { notJoined, untilEnded, untilStarted, type Run } from './run/progress';
import { join } from './run/join';

/** Options of `slipway run`. */
export interface RunOptions extends TargetOptions {
  readonly timeout: number;
}

/** `slipway run`: programs that the platforms hold ready and that somebody starts. */
export function runCommand(program: Command, surroundings: Surroundings): void {
  withTargetOptions(program.command('run'))
    .description('run a one-off command of a platform in the cluster; ends with the exit code of its program')
    .argument('[name]', 'the command; without it the known ones are listed')
    .option('--timeout <seconds>', 'how long its pod may take to start', seconds, 300)
    .action((name, options) => run(name, options, surroundings));
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`expected whole seconds, got ${text}`);
}

/** Starts the command, joins it, and waits for its end. @throws Failure with the exit code of its program, unless 0 */
async function run(name: string | undefined, options: RunOptions, surroundings: Surroundings): Promise<void> {
  const { terminal, connect } = surroundings;
  const command = findCommand(name, options);
  const cluster = connect(options.context);
  const template = await templateOf(command, cluster, options);
  terminal.note(`${options.env} at ${cluster.endpoint.server} (context ${cluster.endpoint.context})`);

  const { job, container, interactive, keptSeconds } = jobFrom(template, new Date());
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach((signal) => process.on(signal, interrupt));
  try {
    const { namespace } = command;
    await cluster.jobs.create(namespace, job);
    const started: Run = {
      ...{ jobs: cluster.jobs, note: terminal.note, signal: interrupted.signal },
      ...{ namespace, job: job.metadata?.name ?? command.name, container, interactive },
    };
    terminal.note(`started job/${started.job} in ${namespace}`);
    const pod = await untilStarted(started, options.timeout);
    const streams = surroundings.streams ?? { stdin: process.stdin, stdout: process.stdout };
    await join(started, pod, streams).catch(async (error: unknown) => {
      throw await notJoined(started, error);
    });
    await untilEnded(started);
    const kept = keptSeconds ? `; it and its log stay for ${keptSeconds / 3600} h` : '';
    terminal.note(`job/${started.job} ended with 0${kept}`);
  } finally {
    signals.forEach((signal) => process.removeListener(signal, interrupt));
  }
}

/** The command as the cluster has it. @throws Failure when it is not there */
async function templateOf({ namespace, name }: OneOff, cluster: Cluster, options: TargetOptions): Promise<V1CronJob> {
  const apply = `kubectl apply -f ${shown(environmentFolder(options.dist, options.env))}`;
  const found = await cluster.jobs.readCronJob(namespace, name);
  if (found) return found;
  if (!(await cluster.hasNamespace(namespace))) throw missingNamespace(namespace, apply);
  throw new Failure(exit.failed, [
    `expected cronjob/${name} in namespace ${namespace}, got none: apply dist first (${apply})`,
  ]);
}
