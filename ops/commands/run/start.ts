import type { V1CronJob } from '../../cluster-jobs';
import type { Cluster } from '../../cluster';
import { missingNamespace } from '../../cluster-errors';
import { exit, Failure } from '../../errors';
import { environmentFolder, shown } from '../../manifests';
import type { RunOptions, Surroundings, TargetOptions } from '../../options';
import type { Streams } from '../../output';
import type { OneOff } from './find';
import { jobFrom } from './job';
import { join } from './join';
import { notJoined, untilEnded, untilStarted, type Run } from './progress';

/** What one run is given. */
export interface Launch {
  /** Environment of its program, beside what the template says. @default - none */
  readonly variables?: Readonly<Record<string, string>>;
  /** What it is joined to. @default - the streams of the command line */
  readonly streams?: Streams;
}

/** Starts one of the programs, shows its log and waits for its end. @throws Failure with its exit code, unless 0 */
export type Start = (program: OneOff, launch?: Launch) => Promise<void>;

/**
 * Starts programs one after the other, in one cluster and until somebody interrupts. All are looked for before the first
 * one begins.
 */
export async function withPrograms(
  programs: readonly OneOff[],
  options: RunOptions,
  surroundings: Surroundings,
  work: (start: Start) => Promise<void>,
): Promise<void> {
  const { terminal, connect } = surroundings;
  const cluster = connect(options.context);
  const templates = new Map<OneOff, V1CronJob>();
  for (const program of programs) templates.set(program, await templateOf(program, cluster, options));
  // The wrong cluster is the costliest mistake there is.
  terminal.note(`${options.env} at ${cluster.endpoint.server} (context ${cluster.endpoint.context})`);

  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach((signal) => process.on(signal, interrupt));
  try {
    await work(async (program, { variables, streams = surroundings.streams ?? process } = {}) => {
      const { job, container, interactive, keptSeconds, retries } = jobFrom(
        templates.get(program) ?? {},
        new Date(),
        variables,
      );
      const { namespace } = program;
      await cluster.jobs.create(namespace, job);
      const run: Run = {
        ...{ jobs: cluster.jobs, note: terminal.note, signal: interrupted.signal },
        ...{ namespace, job: job.metadata?.name ?? program.name, container, interactive, retries },
      };
      terminal.note(`started job/${run.job} in ${namespace}`);
      await follow(run, streams, options.timeout);
      const kept = keptSeconds ? `; it and its log stay for ${keptSeconds / 3600} h` : '';
      terminal.note(`job/${run.job} ended with 0${kept}`);
    });
  } finally {
    signals.forEach((signal) => process.removeListener(signal, interrupt));
  }
}

/** Joins each try of a run until one ends well. @throws Failure with the exit code of the last one */
async function follow(run: Run, streams: Streams, timeoutSeconds: number): Promise<void> {
  let pod: string | undefined;
  do {
    pod = await untilStarted(run, timeoutSeconds, pod);
    await join(run, pod, streams).catch(async (error: unknown) => {
      throw await notJoined(run, error);
    });
  } while (!(await untilEnded(run, pod)));
}

/** The program as the cluster has it. @throws Failure when it is not there */
async function templateOf({ namespace, name }: OneOff, cluster: Cluster, options: TargetOptions): Promise<V1CronJob> {
  const apply = `kubectl apply -f ${shown(environmentFolder(options.dist, options.env))}`;
  const found = await cluster.jobs.readCronJob(namespace, name);
  if (found) return found;
  if (!(await cluster.hasNamespace(namespace))) throw missingNamespace(namespace, apply);
  throw new Failure(exit.failed, [
    `expected cronjob/${name} in namespace ${namespace}, got none: apply dist first (${apply})`,
  ]);
}
