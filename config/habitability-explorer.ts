import { z } from 'zod';
import { count, host, memory, name, nodeSelector, scaledSize, storedSize, tag, volume } from './figures';
import { platform } from './platform';

/** Settings of the NASA HWO Habitability Explorer. Its guide gives no limits: all figures are ours (ALL-06). */
export const habitabilityExplorer = platform.extend({
  images: z.strictObject({ frontend: tag, backend: tag }),
  frontend: scaledSize,
  backend: scaledSize.extend({
    models: volume,
    data: volume,
    /** Of a class in `cluster.gpuClasses` (HWO-10). */
    gpu: z.strictObject({ class: name, count }).optional(),
    /** Nodes with a feature of their processor, such as AVX2 (HWO-19). */
    nodeSelector: nodeSelector.optional(),
  }),
  gateway: scaledSize,
  postgres: storedSize,
  redis: storedSize,
  /** HWO-16, by the names of the guide. */
  workers: count,
  maxUploadSize: memory,
  /** Where the DSN of Sentry points to; absent: no errors are sent. */
  sentryHost: host.optional(),
});
