import { quiet } from '../../docs/sizes';
import type { Manifest } from './manifests';

/** Members that never stand on one node: a machine holds one of them, and that alone when the others are gone. */
const onOneNode = (object: Manifest): Manifest =>
  object.spec?.template?.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ? { ...object, spec: { ...object.spec, replicas: 1 } }
    : object;

/** What a quiet platform reserves on one machine: CPU in thousandths, memory in MiB; summed up as the README shows it. */
export function requests(objects: readonly Manifest[]): { readonly cpu: number; readonly memory: number } {
  const { milliCpu, memoryMiB } = quiet(objects.map(onOneNode)).requests;
  return { cpu: milliCpu, memory: memoryMiB };
}
