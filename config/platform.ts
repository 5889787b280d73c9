import { z } from 'zod';
import { bucket, cidrs, count, host, name, origin, pooler, postgresVersions, schedule, storage } from './figures';

/** Where backups go: a volume of the cluster, or a bucket whose keys stand in the Secret `backup` (PHY-29). */
const destination = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('volume'), storage, storageClass: name.optional() }),
  bucket.extend({
    pathStyle: z.boolean().optional(),
    /** PEM of who signed the service's certificate; those that the world trusts when absent. */
    authority: z
      .string('to be a certificate in PEM')
      .startsWith('-----BEGIN CERTIFICATE-----', 'to be a certificate in PEM')
      .optional(),
  }),
]);

/** Each destination holds every backup: a volume is near, a bucket outlives the cluster (ALL-16). */
const backup = z.strictObject({
  /** Full backups. */
  schedule,
  /** What is taken between them. */
  incremental: schedule.optional(),
  retentionDays: count,
  destinations: z
    .array(destination, 'to be a list of destinations')
    .min(1, 'to have at least one destination')
    .refine(
      (all) => new Set(all.map(({ kind }) => kind)).size === all.length,
      'to have at most one volume and one bucket',
    ),
});

export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;

/** What every platform has: its public name, its images, its backups. */
export const platform = z.strictObject({
  domain: host,
  corsOrigins: z.array(origin, 'to be a list of origins').min(1, 'to have at least one origin'),
  registry: z
    .string('to be a registry path in quotes, such as `ghcr.io/school`')
    .regex(/^[a-z0-9.-]+\.[a-z]+(\/[a-z0-9._-]+)*$/, 'to be a registry path such as `ghcr.io/school`'),
  /** Major version of PostgreSQL; data of another are refused, an upgrade is a work of its own. */
  postgresVersion: z.enum(postgresVersions, `to be one of ${postgresVersions.join(', ')}, in quotes`),
  pooler,
  backup,
  /** Where a guide wants another level than the environment's (ALL-30). */
  logLevel: z.enum(logLevels).optional(),
  /** Address blocks of external services by the names on the page; without an entry, the Internet at their port. */
  externals: z.record(z.string(), cidrs).optional(),
});
