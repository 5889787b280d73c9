import { z } from 'zod';
import { host, schedule, storage } from './figures';

/** What every platform has: its public name, its images, its backups. */
export const platform = z.strictObject({
  domain: host,
  corsOrigins: z.array(z.url('to be an origin such as `https://physics.school.edu`')).min(1),
  registry: z
    .string()
    .regex(/^[a-z0-9.-]+\.[a-z]+(\/[a-z0-9._-]+)*$/, 'to be a registry path such as `ghcr.io/school`'),
  backup: z.strictObject({
    schedule,
    retentionDays: z.int().min(1, 'to be at least 1 day'),
    storage,
  }),
});
