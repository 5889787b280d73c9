import { z } from 'zod';
import { bucket, cidrs, count, host, origin, pooler, postgresVersions, schedule, storage } from './figures';

/** Where backups go: a volume of the cluster, or a bucket whose keys stand in the Secret `backup` (PHY-29). */
const destination = z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('volume'), storage }), bucket]);

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
  backup: z.strictObject({ schedule, retentionDays: count, destination }),
  /** Where a guide wants another level than the environment's (ALL-30). */
  logLevel: z.enum(logLevels).optional(),
  /** Address blocks of external services by the names on the page; without an entry, the Internet at their port. */
  externals: z.record(z.string(), cidrs).optional(),
});
