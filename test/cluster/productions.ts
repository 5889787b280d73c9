import type { PlatformName } from '../../charts/platforms';
import { governanceFigures, type Settings } from '../../config';

/** Production of one platform in rehearsal, one after another: three small nodes hold one at a time. */
export interface Production {
  readonly platform: PlatformName;
  /** The least difference to the committed settings that fits the nodes. */
  readonly change: (settings: Settings) => Settings;
  /** Keys that others give us, with values that pass the check. */
  readonly provided: readonly string[];
  readonly host: string;
  /** Services whose health shows every connection, and a path of the gateway that reaches one of them. */
  readonly health: { readonly service: string; readonly port: number; readonly path: string };
  /** A service that loses a pod while it is asked, and a page of it. */
  readonly drained: { readonly service: string; readonly path: string };
  /** A page whose visitors stay with one pod. */
  readonly sticky?: string;
  /** A service that reads from the replicas, and the variable that leads there. */
  readonly reads?: { readonly service: string; readonly url: string };
}

const small = governanceFigures('small');

export const productions: readonly Production[] = [
  {
    platform: 'physics-assistant',
    // Its three members promise half of their CPU each: these nodes have six cores together.
    change: (settings) => ({
      ...settings,
      physicsAssistant: {
        ...settings.physicsAssistant,
        postgres: { ...settings.physicsAssistant.postgres, cpu: '500m' },
      },
    }),
    provided: ['SMTP_PASSWORD'],
    host: 'physics-assistant.example',
    health: { service: 'agents-api', port: 8000, path: '/api/agents/health' },
    drained: { service: 'react-dashboard', path: '/dashboard/' },
    sticky: '/',
  },
  {
    platform: 'ai-governance',
    // The smaller of the guide's two sizes; a bucket, for a volume that pods of several nodes share is not everywhere.
    change: (settings) => ({
      ...settings,
      aiGovernance: {
        ...settings.aiGovernance,
        size: { ...small, postgres: { ...small.postgres, cpu: '500m' } },
        documents: { kind: 's3', bucket: 'documents', endpoint: 'https://s3.ai-governance.example', region: 'east' },
      },
    }),
    provided: ['GROQ_API_KEY', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'],
    host: 'ai-governance.example',
    health: { service: 'backend', port: 8000, path: '/api/admin/health' },
    drained: { service: 'frontend', path: '/' },
    reads: { service: 'backend', url: 'DATABASE_REPLICA_URL' },
  },
];
