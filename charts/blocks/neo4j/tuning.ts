import { limitsOf, type Resources } from '../quantity';

/**
 * What neo4j-admin's memory recommendation gives to the system and to the heap, in GiB by total memory; between the
 * rows it is linear, and what remains is the page cache (docs: neo4j-admin server memory-recommendation).
 */
const recommendation = [
  { total: 0, system: 0, heap: 0 },
  { total: 1, system: 0.5, heap: 0.25 },
  { total: 2, system: 1, heap: 0.5 },
  { total: 4, system: 1.5, heap: 2 },
  { total: 6, system: 2, heap: 3 },
  { total: 8, system: 2.5, heap: 3.5 },
  { total: 16, system: 4, heap: 5 },
  { total: 32, system: 8, heap: 12 },
  { total: 64, system: 12, heap: 24 },
  { total: 128, system: 16, heap: 31 },
] as const;

/** Below this the server does not start, or lives in garbage collection. */
const smallestMiB = 1024;

function interpolate(totalGiB: number, of: 'system' | 'heap'): number {
  const above = recommendation.findIndex(({ total }) => total >= totalGiB);
  const high = recommendation[above === -1 ? recommendation.length - 1 : above] ?? recommendation[0];
  const low = recommendation[Math.max(0, above - 1)] ?? recommendation[0];
  if (high.total === low.total || above === -1) return high[of];
  return low[of] + ((totalGiB - low.total) / (high.total - low.total)) * (high[of] - low[of]);
}

/**
 * Heap and page cache for a server of this size, as the image's variables (PHY-20).
 *
 * @throws Error below 1 GiB
 */
export function tuning(size: Resources): { readonly heapMiB: number; readonly pageCacheMiB: number } {
  const { memoryMiB } = limitsOf(size);
  if (memoryMiB < smallestMiB) {
    throw new Error(
      `expected \`memory\` of neo4j to be at least 1Gi, got ${size.memory}: the server needs it to start`,
    );
  }
  const heapMiB = Math.floor(interpolate(memoryMiB / 1024, 'heap') * 1024);
  const systemMiB = Math.floor(interpolate(memoryMiB / 1024, 'system') * 1024);
  return { heapMiB, pageCacheMiB: Math.max(100, memoryMiB - heapMiB - systemMiB) };
}
