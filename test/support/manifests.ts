import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { PlatformName } from '../../charts/platforms';

/** A manifest as it stands in the output. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- manifests of every kind, read as they are
  readonly spec?: any;
  readonly data?: Record<string, string>;
  readonly [key: string]: unknown;
}

export const root = join(__dirname, '..', '..');

/** The committed output: each environment's folder by its name. */
export const folders = {
  production: join(root, 'dist'),
  staging: join(root, 'dist', 'staging'),
  development: join(root, 'dist', 'development'),
};

export type Environment = keyof typeof folders;
export const environments = Object.keys(folders) as Environment[];

/** The files of one folder, by name. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

/** All objects of a file, in order. */
export const manifestsIn = (file: string): Manifest[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Manifest);

/** All objects of a folder, in order; not of folders below it, as kubectl and Argo CD read it. */
export const manifestsOf = (folder: string): Manifest[] =>
  filesOf(folder).flatMap((name) => manifestsIn(join(folder, name)));

/** All objects of one platform in one environment, in order. @throws Error when it has no file */
export function manifestsOfPlatform(environment: Environment, platform: PlatformName): Manifest[] {
  const file = join(folders[environment], `${platform}.k8s.yaml`);
  if (!existsSync(file)) throw new Error(`expected ${file}, got no such file: run \`npm run synth\``);
  return manifestsIn(file);
}

export const label = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.name}`;

/** A name without the fingerprint that Jobs carry. */
export const withoutFingerprint = (name: string): string => name.replace(/-[0-9a-f]{10}$/, '');

export const ofKind = (objects: readonly Manifest[], ...kinds: string[]): Manifest[] =>
  objects.filter(({ kind }) => kinds.includes(kind));

/** The object of this kind and name; Jobs may be named without their fingerprint. */
export function find(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const found = objects.find(
    (object) =>
      object.kind === kind && (object.metadata.name === name || withoutFingerprint(object.metadata.name) === name),
  );
  if (!found) throw new Error(`expected ${kind}/${name} in the output`);
  return found;
}

/** Pod templates with the object they stand in. */
export const podsOf = (objects: readonly Manifest[]): { owner: Manifest; template: Manifest }[] =>
  objects.flatMap((owner) => {
    const template = owner.spec?.template ?? owner.spec?.jobTemplate?.spec?.template;
    return template?.spec?.containers ? [{ owner, template }] : [];
  });

export interface ContainerManifest {
  readonly name: string;
  readonly image: string;
  readonly env?: { name: string; value?: string; valueFrom?: Record<string, { name: string; key: string }> }[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly [key: string]: any;
}

/** Every container, also those that run before the others. */
export const containersOf = (template: Manifest): ContainerManifest[] => [
  ...template.spec.containers,
  ...(template.spec.initContainers ?? []),
];

/** `250m` → 250, `1.5` → 1500. */
export const milliCpu = (text: string): number =>
  text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1000;

/** `512Mi`, `2Gi` → MiB. */
export const mebibytes = (text: string): number => Number(text.slice(0, -2)) * (text.endsWith('Gi') ? 1024 : 1);

/** Pods of a workload when the platform is quiet: its replicas, or the autoscaler's minimum. */
export const quietPods = (objects: readonly Manifest[], owner: Manifest): number =>
  owner.spec.replicas ??
  ofKind(objects, 'HorizontalPodAutoscaler').find(({ metadata }) => metadata.name === owner.metadata.name)?.spec
    .minReplicas ??
  1;
