import { z } from 'zod';

/** CPU in Kubernetes' notation: cores such as `1` or `1.5`, or thousandths such as `250m`. */
export const cpu = z
  .string('to be a CPU figure in quotes, such as `250m` or `1.5`')
  .regex(/^([1-9]\d*m|(?![0.]+$)(0|[1-9]\d*)(\.\d{1,3})?)$/, 'to be a CPU figure such as `250m` or `1.5`');

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

/** What a browser calls an origin: scheme and host, a port where it is not the usual one (ALL-29). */
export const origin = z
  .string('to be an origin in quotes, such as `https://physics.school.edu`')
  .regex(
    /^https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?$/,
    'to be an origin such as `https://physics.school.edu`, without path or wildcard',
  );

/** An address block: `10.0.0.0/8`. */
export const cidr = z.cidrv4('to be an address block such as `10.0.0.0/8`');

export const cidrs = z.array(cidr, 'to be a list of address blocks').min(1, 'to have at least one address block');

/** Labels of nodes. */
export const nodeSelector = z.record(z.string(), z.string('to be the value of a label, in quotes'));

/** An image tag, a digest may follow; `latest` is neither a version nor repeatable. */
export const tag = z
  .string('to be an image tag')
  .regex(
    /^(?!latest($|@))([\w][\w.-]{0,127})(@sha256:[0-9a-f]{64})?$/,
    'to be an exact image tag such as `1.4.2`, never `latest`',
  );

/** A third-party image with registry and exact tag; a digest may follow. */
export const image = z
  .string('to be an image')
  .regex(
    /^[a-z0-9.-]+\.[a-z]+\/[a-z0-9./_-]+:(?!latest($|@))[\w][\w.-]*(@sha256:[0-9a-f]{64})?$/,
    'to be an image with registry and exact tag, such as `docker.io/library/redis:8.2.9`',
  );

/** Lowest and highest value of minute, hour, day of the month, month and day of the week. */
const cronFields = ['0-59', '0-23', '1-31', '1-12', '0-6'].map((range) => range.split('-').map(Number));

/** `*`, `5`, `1-5`, each with a step `/2`, and lists of them; names of days and months are not used here. */
const isCron = (schedule: string): boolean => {
  const fields = schedule.split(' ');
  const fits = (field: string, [low = 0, high = 0]: readonly number[]) =>
    field.split(',').every((part) => {
      const [, from, to, step] = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? ['', '-1'];
      const first = Number(from ?? low);
      const last = Number(to ?? from ?? high);
      return low <= first && first <= last && last <= high && Number(step ?? 1) > 0;
    });
  return fields.length === 5 && cronFields.every((range, index) => fits(fields[index] ?? '', range));
};

/** Five fields of cron, as a CronJob takes them. */
export const schedule = z
  .string('to be a cron schedule in quotes, such as `0 2 * * *`')
  .refine(isCron, 'to be a cron schedule of five fields, such as `0 2 * * *`');

/** A whole number, one or more. */
export const count = z.int('to be a whole number').min(1, 'to be at least 1');

export const port = count.max(65535, 'to be at most 65535');

/** A name that is not empty. */
export const name = z.string('to be a name').min(1, 'not to be empty');

/** What one container may use. Requests follow from it, so there is one figure a service (ALL-06). */
export const size = z.strictObject({ cpu, memory });

/** How many pods: equal bounds mean a fixed number, different ones an autoscaler (ALL-08). */
export const replicas = z
  .strictObject({ min: count, max: count.max(50, 'to be at most 50') })
  .refine(({ min, max }) => min <= max, 'to have min not above max');

/** Major versions of PostgreSQL that the blocks know. */
export const postgresVersions = ['14', '15', '16', '17', '18'] as const;

export const scaledSize = z.strictObject({ cpu, memory, replicas });

/** PgBouncer: most connections that one pod of it opens, beside its pods (ALL-12). */
export const pooler = scaledSize.extend({ poolSize: count });

/** The same where somebody reads from the replicas, and most connections that one pod opens to them (GOV-04). */
export const readingPooler = pooler.extend({ readPoolSize: count });

export const storedSize = z.strictObject({ cpu, memory, storage });

/** A volume of a service; with ReadWriteOnce one pod at most can use it (GOV-16). */
export const volume = z.strictObject({
  storage,
  accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']),
  /** Shared volumes often come from another class than those of databases. */
  storageClass: name.optional(),
});

/** A bucket of an S3 service; its keys are secrets. */
export const bucket = z.strictObject({
  kind: z.literal('s3'),
  bucket: z.string('to be the name of a bucket').min(3, 'to be the name of a bucket'),
  endpoint: z.url({ protocol: /^https$/, error: 'to be the URL of an S3 service, such as `https://s3.school.edu`' }),
  region: name,
});

export type Size = z.infer<typeof size>;
export type Replicas = z.infer<typeof replicas>;
export type ScaledSize = z.infer<typeof scaledSize>;
export type StoredSize = z.infer<typeof storedSize>;
