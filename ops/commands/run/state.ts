import type { V1Pod } from '../../cluster-jobs';

/** How far the program of a pod has come. */
export type State =
  | { readonly phase: 'waiting'; readonly why: string }
  | { readonly phase: 'running' }
  | {
      readonly phase: 'ended';
      readonly exitCode: number;
      readonly container: string;
      readonly why?: string;
      /** Whether it was the program itself, so that there is a log of it. */
      readonly began: boolean;
    };

/** What the status of a pod says about one of its containers, or about what keeps that from starting. */
export function stateOf({ status }: V1Pod, container: string): State {
  const states = status?.containerStatuses ?? [];
  const main = states.find(({ name }) => name === container)?.state;
  if (main?.terminated) return { ...ended(container, main.terminated), began: true };
  if (main?.running) return { phase: 'running' };

  const before = status?.initContainerStatuses ?? [];
  if (status?.phase === 'Failed') {
    const broken = before.find(({ state }) => state?.terminated && state.terminated.exitCode !== 0);
    if (broken?.state?.terminated) return ended(broken.name, broken.state.terminated);
    const why = sentence(status.reason, status.message) ?? 'no reason';
    return { phase: 'ended', exitCode: 1, container, why, began: false };
  }
  const unscheduled = status?.conditions?.find(({ type, status: met }) => type === 'PodScheduled' && met === 'False');
  if (unscheduled) return { phase: 'waiting', why: sentence(unscheduled.reason, unscheduled.message) ?? 'no node' };
  const running = before.find(({ state }) => state?.running);
  if (running) return { phase: 'waiting', why: `its container ${running.name} to end` };
  // The first that has more to say than that it takes a moment.
  const telling = [...before, ...states]
    .map(({ state }) => state?.waiting)
    .find((waiting) => waiting && !['PodInitializing', 'ContainerCreating'].includes(waiting.reason ?? ''));
  return { phase: 'waiting', why: sentence(telling?.reason, telling?.message) ?? 'its containers' };
}

const ended = (
  container: string,
  { exitCode, reason, message }: { exitCode: number; reason?: string; message?: string },
) => ({
  ...{ phase: 'ended' as const, exitCode, container, began: false },
  // `Error` and `Completed` say no more than the exit code.
  ...(reason && !['Error', 'Completed'].includes(reason) && { why: sentence(reason, message) ?? reason }),
});

const sentence = (reason?: string, message?: string): string | undefined =>
  reason && message ? `${reason}: ${message}` : (reason ?? message);
