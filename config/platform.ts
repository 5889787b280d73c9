import { z } from 'zod';
import { count, host, origin, schedule, storage } from './figures';

/** What every platform has: its public name, its images, its backups. */
export const platform = z.strictObject({
  domain: host,
  corsOrigins: z.array(origin, 'to be a list of origins').min(1, 'to have at least one origin'),
  registry: z
    .string('to be a registry path in quotes, such as `ghcr.io/school`')
    .regex(/^[a-z0-9.-]+\.[a-z]+(\/[a-z0-9._-]+)*$/, 'to be a registry path such as `ghcr.io/school`'),
  backup: z.strictObject({
    schedule,
    retentionDays: count,
    storage,
  }),
});
