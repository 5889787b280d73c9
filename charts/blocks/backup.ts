import type { Construct } from 'constructs';
import { prefix } from './labels';
import { Platform } from './platform';

/** What the backup of data shall be. */
export interface BackupPlan {
  /** Cron schedule, UTC. */
  readonly schedule: string;
  readonly retentionDays: number;
  readonly destination: { readonly kind: 'volume' } | { readonly kind: 's3'; readonly bucket: string };
}

/** Written on the object that holds the data, for whoever takes the backup; a bucket asks for its keys (PHY-29). */
export function backupAnnotations(scope: Construct, plan: BackupPlan): Record<string, string> {
  const { secrets } = Platform.of(scope);
  const { destination } = plan;
  if (destination.kind === 's3') {
    for (const key of ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY']) {
      secrets.declare('backup', key, { origin: 'provided', minimum: 16 });
    }
  }
  return {
    [`${prefix}/backup-schedule`]: plan.schedule,
    [`${prefix}/backup-retention-days`]: `${plan.retentionDays}`,
    [`${prefix}/backup-destination`]: destination.kind === 's3' ? `s3://${destination.bucket}` : 'volume',
  };
}
