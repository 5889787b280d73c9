import { setTimeout as pause } from 'node:timers/promises';
import type { Jobs } from '../../cluster-jobs';
import { exit, Failure } from '../../errors';
import { stateOf, type State } from './state';

/** A command that was started, and what watches it. */
export interface Run {
  readonly jobs: Jobs;
  readonly note: (line: string) => void;
  /** Somebody wants to go. */
  readonly signal: AbortSignal;
  readonly namespace: string;
  readonly job: string;
  readonly container: string;
  readonly interactive: boolean;
  /** How often the program is tried again when it fails. */
  readonly retries: number;
}

const stepMillis = 500;
/** How long the status of a pod may lag behind the end of its output. */
const lagMillis = 30_000;

/**
 * Waits until there is something to join, and gives its pod.
 *
 * @param before pod of the try before this one
 * @throws Failure when it does not begin; of a first try no Job is left then
 */
export async function untilStarted(run: Run, timeoutSeconds: number, before?: string): Promise<string> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  let why = '';
  try {
    for (;;) {
      const { pod, state } = await look(run);
      if (pod && pod !== before && canBeJoined(state, run)) return pod;
      if (state.phase === 'ended') throw failed(run, state);
      if (state.phase === 'waiting' && state.why !== why) {
        ({ why } = state);
        run.note(`waiting for ${why}`);
      }
      if (run.signal.aborted) throw new Failure(exit.interrupted, ['interrupted']);
      if (Date.now() > deadline) {
        throw new Failure(exit.failed, [
          `expected the pod of job/${run.job} to run within ${timeoutSeconds} s, got one that waits for ${why}: ` +
            'mend this, or give it a longer --timeout',
        ]);
      }
      await rest(run.signal);
    }
  } catch (error) {
    if (!(error instanceof Failure) || error instanceof Ended) throw error;
    throw new Failure(error.exitCode, [...error.problems, before ? leftRunning(run) : await withdraw(run)]);
  }
}

/** A program that has ended has a log to show, but nothing to ask. */
const canBeJoined = (state: State, { interactive }: Run): boolean =>
  state.phase === 'running' || (state.phase === 'ended' && state.began && !interactive);

/** What has not begun must not begin later, when nobody expects it any more. */
const withdraw = ({ jobs, namespace, job }: Run): Promise<string> =>
  jobs.remove(namespace, job).then(
    () => `job/${job} was deleted before its program began`,
    () => `job/${job} may still begin: kubectl -n ${namespace} delete job ${job}`,
  );

/** What could not be joined: a program that asks waits for its Enter and is taken back, another one runs on. */
export async function notJoined(run: Run, error: unknown): Promise<unknown> {
  if (!(error instanceof Failure)) return error;
  return new Failure(error.exitCode, [...error.problems, run.interactive ? await withdraw(run) : leftRunning(run)]);
}

/** Waits until the program has ended; false when it is tried again. @throws Failure with its exit code, unless 0 */
export async function untilEnded(run: Run, joined: string): Promise<boolean> {
  const deadline = Date.now() + lagMillis;
  for (;;) {
    const { pod, state, again } = await look(run);
    if (again || (pod && pod !== joined)) return false;
    if (state.phase === 'ended') {
      if (state.exitCode === 0) return true;
      throw failed(run, state);
    }
    if (run.signal.aborted) throw new Failure(exit.interrupted, [`interrupted: ${leftRunning(run)}`]);
    if (Date.now() > deadline) {
      throw new Failure(exit.failed, [
        `expected to stay joined to job/${run.job} to its end, got cut off: ${leftRunning(run)}`,
      ]);
    }
    await rest(run.signal);
  }
}

/** Whether the program runs on a moment later: the status of a pod lags behind its output. */
export async function runsOn(run: Run, joined: string): Promise<boolean> {
  await rest(run.signal);
  if (run.signal.aborted) return false;
  const { pod, state } = await look(run);
  return pod === joined && state.phase === 'running';
}

interface Sight {
  readonly pod: string | undefined;
  readonly state: State;
  /** Whether it failed and is tried again. */
  readonly again?: boolean;
}

/** What the cluster says of it; a pod that is gone leaves its Job to ask. */
async function look({ jobs, namespace, job, container, retries }: Run): Promise<Sight> {
  const pods = await jobs.podsOf(namespace, job);
  const pod = pods.at(-1);
  const last = pod && { pod: pod.metadata?.name, state: stateOf(pod, container) };
  const lost = last?.state.phase === 'ended' && last.state.exitCode !== 0;
  if (last && !(lost && pods.length <= retries)) return last;
  const found = await jobs.read(namespace, job);
  const condition = found?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  const why = found ? condition && `${condition.reason}: ${condition.message}` : 'somebody deleted the Job';
  if (why) return last ?? { pod: undefined, state: { phase: 'ended', exitCode: 1, container, why, began: false } };
  if (last) {
    const next = `another try, the last one failed (${pods.length} of ${retries + 1})`;
    return { pod: undefined, state: { phase: 'waiting', why: next }, again: true };
  }
  const warning = await jobs.warning(namespace, job);
  return { pod: undefined, state: { phase: 'waiting', why: warning ?? 'its pod' } };
}

/** A program that came to its end, whatever that was. */
class Ended extends Failure {}

function failed({ namespace, job, container: main }: Run, state: State & { phase: 'ended' }): Failure {
  const { exitCode, container, why } = state;
  const got = why ? `${exitCode} (${why})` : `${exitCode}`;
  const who = container === main ? `job/${job}` : `container ${container} of job/${job}`;
  return new Ended(exitCode || exit.failed, [
    `expected ${who} to end with 0, got ${got}: its log is kubectl -n ${namespace} logs job/${job} -c ${container}`,
  ]);
}

function leftRunning({ namespace, job, container, interactive }: Run): string {
  const again = interactive ? `attach -it job/${job}` : `logs -f job/${job}`;
  return (
    `job/${job} runs on; back to it with kubectl -n ${namespace} ${again} -c ${container}, ` +
    `end it with kubectl -n ${namespace} delete job ${job}`
  );
}

const rest = (signal: AbortSignal) => pause(stepMillis, undefined, { signal }).catch(() => undefined);
