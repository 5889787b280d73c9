import type { Construct } from 'constructs';
import { prefix } from './labels';
import { Platform } from './platform';
import type { SecretKey } from './secrets';

/** Where backups go: a volume of the cluster, or a bucket of an S3 service (ALL-16, PHY-29). */
export type Destination =
  | {
      readonly kind: 'volume';
      /** `200Gi` */
      readonly storage: string;
      /** @default - the cluster's, as for databases */
      readonly storageClass?: string | undefined;
    }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** URL of the service. */
      readonly endpoint: string;
      readonly region: string;
      /** Its name stands in the path, for servers without a DNS name for each bucket. @default false */
      readonly pathStyle?: boolean | undefined;
      /** PEM of who signed the service's certificate. @default - those that the world trusts */
      readonly authority?: string | undefined;
    };

/** What the backup of data shall be. */
export interface BackupPlan {
  /** Cron schedule of full backups, UTC. */
  readonly schedule: string;
  /** Cron schedule of what is taken between them, UTC. @default - nothing */
  readonly incremental?: string | undefined;
  readonly retentionDays: number;
  /** Each holds all of it. */
  readonly destinations: readonly Destination[];
}

/** Cron schedules of all that the plan takes. */
export const everySchedule = ({ schedule, incremental }: BackupPlan): string[] => [
  schedule,
  ...(incremental ? [incremental] : []),
];

/** Written on the object that holds the data, for whoever takes the backup; a bucket asks for its keys (PHY-29). */
export function backupAnnotations(scope: Construct, plan: BackupPlan): Record<string, string> {
  const places = plan.destinations.map((place) => (place.kind === 's3' ? `s3://${place.bucket}` : 'volume'));
  if (plan.destinations.some(({ kind }) => kind === 's3')) bucketKeys(scope);
  return {
    [`${prefix}/backup-schedule`]: everySchedule(plan).join(', '),
    [`${prefix}/backup-retention-days`]: `${plan.retentionDays}`,
    [`${prefix}/backup-destination`]: places.join(', '),
  };
}

/** The keys of the platform's bucket. */
export function bucketKeys(scope: Construct): { readonly id: SecretKey; readonly secret: SecretKey } {
  const declare = (key: string) =>
    Platform.of(scope).secrets.declare('backup', key, { origin: 'provided', minimum: 16 });
  return { id: declare('S3_ACCESS_KEY_ID'), secret: declare('S3_SECRET_ACCESS_KEY') };
}
