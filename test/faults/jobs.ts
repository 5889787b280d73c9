import { kubectl, pause } from '../cluster/support';
import { ofKind, type Manifest } from '../support/manifests';

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
