import { z } from 'zod';
import { count, host, origin, schedule, storage } from './figures';

/** Where backups go: a volume of the cluster, or a bucket whose keys stand in the Secret `backup` (PHY-29). */
const destination = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('volume'), storage }),
  z.strictObject({
    kind: z.literal('s3'),
    bucket: z.string('to be the name of a bucket').min(3, 'to be the name of a bucket'),
    endpoint: z.url('to be the URL of an S3 service'),
    region: z.string('to be the name of a region').min(1, 'to be the name of a region'),
  }),
]);

/** What every platform has: its public name, its images, its backups. */
export const platform = z.strictObject({
  domain: host,
  corsOrigins: z.array(origin, 'to be a list of origins').min(1, 'to have at least one origin'),
  registry: z
    .string('to be a registry path in quotes, such as `ghcr.io/school`')
    .regex(/^[a-z0-9.-]+\.[a-z]+(\/[a-z0-9._-]+)*$/, 'to be a registry path such as `ghcr.io/school`'),
  backup: z.strictObject({ schedule, retentionDays: count, destination }),
});
