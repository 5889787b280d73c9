import { z } from 'zod';

/** CPU in Kubernetes' notation: cores such as `1` or `1.5`, or thousandths such as `250m`. */
export const cpu = z
  .string('to be a CPU figure in quotes, such as `250m` or `1.5`')
  .regex(/^([1-9]\d*m|(0|[1-9]\d*)(\.\d{1,3})?)$/, 'to be a CPU figure such as `250m` or `1.5`');

/** Memory with its binary unit: `512Mi`, `2Gi`. */
export const memory = z
  .string('to be a memory size in quotes, such as `512Mi` or `2Gi`')
  .regex(/^[1-9]\d*(Mi|Gi)$/, 'to be a memory size with its unit, such as `512Mi` or `2Gi`');

/** Storage with its binary unit: `10Gi`, `2Ti`. */
export const storage = z
  .string('to be a volume size in quotes, such as `10Gi`')
  .regex(/^[1-9]\d*(Gi|Ti)$/, 'to be a volume size with its unit, such as `10Gi` or `2Ti`');

/** A host name without scheme, port or path. */
export const host = z
  .string('to be a host name')
  .regex(
    /^([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    'to be a host name such as `physics.school.edu`, without scheme, port or path',
  );

/** An address block: `10.0.0.0/8`. */
export const cidr = z.cidrv4('to be an address block such as `10.0.0.0/8`');

/** An image tag or a digest; `latest` is neither a version nor repeatable. */
export const tag = z
  .string('to be an image tag')
  .regex(
    /^(?!latest$)([\w][\w.-]{0,127})(@sha256:[0-9a-f]{64})?$/,
    'to be an exact image tag such as `1.4.2`, never `latest`',
  );

/** A third-party image with registry and exact tag; a digest may follow. */
export const image = z
  .string('to be an image')
  .regex(
    /^[a-z0-9.-]+\.[a-z]+\/[a-z0-9./_-]+:(?!latest($|@))[\w][\w.-]*(@sha256:[0-9a-f]{64})?$/,
    'to be an image with registry and exact tag, such as `docker.io/library/redis:8.2.9`',
  );

/** Five fields of cron, as a CronJob takes them. */
export const schedule = z
  .string('to be a cron schedule')
  .regex(/^(\S+ ){4}\S+$/, 'to be a cron schedule of five fields, such as `0 2 * * *`');

/** What one container may use. Requests follow from it, so there is one figure a service (ALL-06). */
export const size = z.strictObject({ cpu, memory });

/** How many pods: equal bounds mean a fixed number, different ones an autoscaler (ALL-08). */
export const replicas = z
  .strictObject({
    min: z.int('to be a whole number').min(1, 'to be at least 1'),
    max: z.int('to be a whole number').min(1, 'to be at least 1').max(50, 'to be at most 50'),
  })
  .refine(({ min, max }) => min <= max, { error: 'to have min not above max', when: () => true });

export const scaledSize = z.strictObject({ cpu, memory, replicas });

export const storedSize = z.strictObject({ cpu, memory, storage });

export type Size = z.infer<typeof size>;
export type Replicas = z.infer<typeof replicas>;
export type ScaledSize = z.infer<typeof scaledSize>;
export type StoredSize = z.infer<typeof storedSize>;
