import { z } from 'zod';
import { count, memory, scaledSize, storedSize, tag } from './figures';
import { platform } from './platform';

/** Settings of the Personal Assistant TDAH. The table of its guide gives the production figures (TDA-01 … 06, 28). */
export const personalAssistant = platform.extend({
  images: z.strictObject({ frontend: tag, api: tag }),
  frontend: scaledSize,
  api: scaledSize,
  /** The guide's load balancers. */
  gateway: scaledSize,
  postgres: storedSize,
  redis: storedSize,
  /** TDA-21, by the name of the guide. */
  workers: count,
  maxUploadSize: memory,
  /** Where the API exposes metrics; at the guide's path others read JSON (TDA-14). */
  metricsPath: z.string('to be a path').startsWith('/', 'to be a path such as `/metrics`'),
});
