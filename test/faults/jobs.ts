import { kubectl, pause, startJob } from '../cluster/support';
import { ofKind, type Manifest } from '../support/manifests';

/** Runs a Job on demand to its good end; gives the lines of its log with their times. */
export async function runJob(
  namespace: string,
  name: string,
  given: Readonly<Record<string, string>>,
): Promise<string[]> {
  const run = `${name}-measured`;
  await kubectl('delete', 'job', run, '-n', namespace, '--ignore-not-found');
  await startJob(namespace, name, run, given);
  await kubectl('wait', `job/${run}`, '-n', namespace, '--for=condition=Complete', '--timeout=900s');
  return (await kubectl('logs', `job/${run}`, '-n', namespace, '--timestamps')).split('\n');
}

/** Waits for the Jobs that make accounts and bring settings: a member that they restart is no fault. */
export async function completed(namespace: string, objects: readonly Manifest[], seconds: number): Promise<void> {
  const jobs = ofKind(objects, 'Job').filter(({ spec }) => spec.suspend !== true);
  for (const { metadata } of jobs) {
    await kubectl(
      ...['wait', '--for=condition=Complete', `job/${metadata.name}`, '-n', namespace, `--timeout=${seconds}s`],
    );
  }
  await pause(1);
}
