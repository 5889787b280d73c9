import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresVersion } from '../../charts/blocks/platform';
import { governanceFigures } from '../../config';
import { productions } from '../cluster/productions';
import { slipway, variant } from '../cluster/support';
import { find, manifestsOf, ofKind, type Manifest } from '../support/manifests';
import { certificates } from './authority';
import { completed } from './jobs';
import { apply } from './kube';
import { whole } from './members';

/** A PostgreSQL cluster to be hurt. */
export interface Target {
  readonly namespace: string;
  /** Name of its StatefulSet, which is its name for Patroni too. */
  readonly name: string;
  readonly members: readonly string[];
  readonly database: string;
  /** The role of an application, its Secret and that of its certificate: as whom the writer comes. */
  readonly client: { readonly role: string; readonly secret: string; readonly certificate: string };
  /** The Certificate of the servers, and the Secret of the authority that signs it. */
  readonly issued: { readonly certificate: Manifest; readonly authority: string };
  /** The Service that finds the primary, and the one that applications use. */
  readonly doors: { readonly direct: string; readonly pooled: string };
  /** Its manifests, for the command line of the project. */
  readonly folder: string;
  /** What was applied. */
  readonly objects: readonly Manifest[];
}

const environment = 'faults';

/** A namespace of its own, beside a production that may stand in the same cluster. */
export const namespace = `ai-governance-${environment}`;

/** The production of AI Governance in rehearsal, with a database that leaves room on small nodes. */
function synthesised(postgresVersion?: PostgresVersion): { folder: string; provided: readonly string[] } {
  const production = productions.find(({ platform }) => platform === 'ai-governance');
  if (!production) throw new Error('expected ai-governance among the productions of the cluster tier');
  const folder = variant(
    'production',
    (settings) => {
      const changed = production.change(settings);
      const size = { ...governanceFigures('small'), postgres: { cpu: '1', memory: '1Gi', storage: '5Gi' } };
      return {
        ...changed,
        // Another name makes another namespace and nothing else: what differs between environments stands in settings.
        environment: environment as 'production',
        rehearsal: true,
        aiGovernance: { ...changed.aiGovernance, size, ...(postgresVersion && { postgresVersion }) },
      };
    },
    ['ai-governance'],
  );
  return { folder: join(folder, environment), provided: production.provided };
}

/** What the database needs, and the applications' Secrets; the quota has no room for what watches. */
const needed = ({ kind, metadata }: Manifest): boolean =>
  ['Namespace', 'PriorityClass'].includes(kind) ||
  ['default-deny', 'secret-inventory'].includes(metadata.name) ||
  (metadata.name.startsWith('postgres') && !['Certificate', 'Issuer'].includes(kind));

/** Nothing runs by itself beside a fault. */
const asleep = (manifest: Manifest): Manifest =>
  manifest.kind === 'CronJob' ? { ...manifest, spec: { ...manifest.spec, suspend: true } } : manifest;

/** Raises a production database of three members, whole; by default of the major version that production has. */
export async function raise(version?: PostgresVersion): Promise<Target> {
  const { folder, provided } = synthesised(version);
  const all = manifestsOf(folder);
  const objects = all.filter(needed).map(asleep);
  const [first, ...rest] = objects;
  await apply([first as Manifest]);
  // cert-manager's part is played here, so that renewal can be.
  await apply(await certificates(namespace, ofKind(all, 'Certificate')));
  await generateSecrets(folder, provided);
  await apply(rest);
  const set = objects.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'postgres');
  const target: Target = {
    namespace,
    name: 'postgres',
    members: Array.from({ length: set?.spec.replicas as number }, (_, index) => `postgres-${index}`),
    database: 'aigov',
    client: { role: 'backend', secret: 'postgres-backend', certificate: 'backend-client-tls' },
    folder,
    issued: { certificate: find(all, 'Certificate', 'postgres-tls'), authority: 'authority' },
    doors: { direct: 'postgres-primary', pooled: 'postgres' },
    objects,
  };
  await whole(target, 600);
  await completed(namespace, objects, 600);
  return target;
}

async function generateSecrets(folder: string, provided: readonly string[]): Promise<void> {
  const keys = mkdtempSync(join(tmpdir(), 'slipway-keys-'));
  try {
    const file = join(keys, 'keys.env');
    const lines = provided.map((name) => `${name}=${randomBytes(16).toString('hex')}\n`);
    writeFileSync(file, lines.join(''), { mode: 0o600 });
    await slipway('secrets', 'generate', '--env', 'production', '--dist', folder, '--from-env-file', file);
  } finally {
    rmSync(keys, { recursive: true, force: true });
  }
}
