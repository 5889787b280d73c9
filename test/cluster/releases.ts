import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import type { PlatformName } from '../../charts/platforms';
import { placesOf } from '../support/everywhere';
import { manifestsOf, type Manifest } from '../support/manifests';
import { platforms } from './platforms';
import { variant } from './support';

const id = 'database-migration';
const isMigration = ({ kind, metadata }: Manifest) => kind === 'Job' && metadata.name.startsWith(`${id}-`);
const isSchema = ({ kind, metadata }: Manifest) => kind === 'ConfigMap' && metadata.name === id;

/** The name of the Job that migrates a platform. @throws Error when there is none */
export function migrationOf(objects: readonly Manifest[], namespace: string): string {
  const job = objects.find((object) => isMigration(object) && object.metadata.namespace === namespace);
  if (!job) throw new Error(`expected a migration in ${namespace}, got none`);
  return job.metadata.name;
}

export const fingerprintOf = (job: string): string => job.slice(id.length + 1);

/** Development with another version of whatever migrates: an image, or where that is none, the schema. */
export function releaseOf(version: string, names?: readonly PlatformName[]): Manifest[] {
  const all = Object.values(platforms);
  const objects = manifestsOf(
    variant(
      'development',
      (settings) => all.reduce((changed, { release }) => release.settings?.(changed, version) ?? changed, settings),
      names,
    ),
  );
  return placesOf('development')
    .filter(({ platform }) => (names ?? [platform]).includes(platform) && !platforms[platform].release.settings)
    .reduce((changed, { namespace }) => withSchema(changed, namespace, version), objects);
}

/** What a synth writes for another schema: its text, and another fingerprint wherever the old one stood. */
function withSchema(objects: readonly Manifest[], namespace: string, version: string): Manifest[] {
  const old = fingerprintOf(migrationOf(objects, namespace));
  const other = createHash('sha256').update(`${old} ${version}`).digest('hex').slice(0, 10);
  return objects.map((object) => {
    if (object.metadata.namespace !== namespace) return object;
    const changed = parse(stringify(object).replaceAll(old, other)) as Manifest;
    return isSchema(changed) ? beforeCommit(changed, `-- release ${version}`) : changed;
  });
}

/** Adds a line to the transaction of a schema. */
function beforeCommit(object: Manifest, line: string): Manifest {
  const text = object.data?.['schema.sql'] ?? '';
  const at = text.lastIndexOf('commit;');
  if (at < 0) throw new Error(`expected the schema of ${object.metadata.namespace} to end with \`commit;\``);
  return { ...object, data: { ...object.data, 'schema.sql': `${text.slice(0, at)}${line}\n${text.slice(at)}` } };
}

const half = 'create table half (id int); select 1 / 0;';

/** The same release with migrations that fail after half of their work. */
export function failing(objects: readonly Manifest[]): Manifest[] {
  const programmed = objects.filter((object) => isMigration(object) && programOf(object));
  const spaces = new Set(programmed.map(({ metadata }) => metadata.namespace));
  return objects.map((object) => {
    if (isMigration(object)) return failingJob(object);
    return isSchema(object) && !spaces.has(object.metadata.namespace) ? beforeCommit(object, half) : object;
  });
}

function failingJob(job: Manifest): Manifest {
  const copy = structuredClone(job);
  copy.spec.backoffLimit = 0;
  const program = programOf(copy);
  if (!program) return copy;
  const name = 'REHEARSAL_MIGRATION_SQL';
  const present = program.env.find((variable) => variable.name === name);
  program.env = program.env.filter((variable) => variable !== present);
  program.env.push({ name, value: `${present?.value ?? ''} ${half}` });
  return copy;
}

/** The application's own migration, if it has one. */
const programOf = (job: Manifest): { env: { name: string; value?: string }[] } | undefined =>
  job.spec.template.spec.initContainers.find(({ name }: { name: string }) => name === 'migrate');
