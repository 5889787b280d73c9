import { quiet } from '../../docs/sizes';
import type { Manifest } from './manifests';

/** What a quiet platform reserves: CPU in thousandths, memory in MiB; summed up as the README shows it. */
export function requests(objects: readonly Manifest[]): { readonly cpu: number; readonly memory: number } {
  const { milliCpu, memoryMiB } = quiet(objects).requests;
  return { cpu: milliCpu, memory: memoryMiB };
}
