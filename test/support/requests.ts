import { mebibytes, milliCpu, podsOf, quietPods, type Manifest } from './manifests';

/** What a quiet platform reserves: CPU in thousandths, memory in MiB. Jobs come and go and are not counted. */
export function requests(objects: readonly Manifest[]): { readonly cpu: number; readonly memory: number } {
  const asked = podsOf(objects)
    .filter(({ owner }) => owner.kind === 'Deployment' || owner.kind === 'StatefulSet')
    .flatMap(({ owner, template }) =>
      template.spec.containers.map(({ resources }: { resources: { requests: Record<string, string> } }) => ({
        cpu: quietPods(objects, owner) * milliCpu(resources.requests.cpu ?? ''),
        memory: quietPods(objects, owner) * mebibytes(resources.requests.memory ?? ''),
      })),
    ) as { cpu: number; memory: number }[];
  return asked.reduce((sum, { cpu, memory }) => ({ cpu: sum.cpu + cpu, memory: sum.memory + memory }), {
    cpu: 0,
    memory: 0,
  });
}
