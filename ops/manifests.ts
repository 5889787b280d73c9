import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { exit, Failure } from './errors';

/** A manifest, as far as every object has one shape. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** A manifest and the file it came from, relative to where the command runs. */
export interface Found {
  readonly manifest: Manifest;
  readonly file: string;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.k8s.yaml'))
    .sort()
    .map((name) => join(folder, name));

/** The folder of each environment in `dist`: production lies flat at the top, the others in folders of their own. */
function environmentsIn(dist: string): Map<string, string> {
  const folders = readdirSync(dist, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const candidates: [string, string][] = [
    ['production', dist],
    ...folders.map(({ name }): [string, string] => [name, join(dist, name)]),
  ];
  return new Map(candidates.filter(([, folder]) => filesIn(folder).length > 0));
}

/** The folder to apply for an environment. @throws Failure that lists the environments that exist */
export function environmentFolder(dist: string, environment: string): string {
  const known = existsSync(dist) ? environmentsIn(dist) : new Map<string, string>();
  if (known.size === 0) {
    throw new Failure(exit.usage, [`expected manifests (*.k8s.yaml) in ${shown(dist)}, got none: run npm run synth`]);
  }
  const folder = known.get(environment);
  if (folder) return folder;
  const names = [...known.keys()].join(', ');
  throw new Failure(exit.usage, [`expected \`--env\` to be one of ${names}, got ${environment} (${shown(dist)})`]);
}

/** The manifests of an environment that carry `label: value`. */
export function readLabelled(dist: string, environment: string, label: string, value: string): Found[] {
  return filesIn(environmentFolder(dist, environment)).flatMap((path) =>
    documentsIn(path)
      // Most of a platform is none of our business here, and parsing it all takes seconds.
      .filter((text) => text.includes(label))
      .map((text) => ({ manifest: parseDocument(text, path), file: shown(path) }))
      .filter(({ manifest }) => manifest.metadata.labels?.[label] === value),
  );
}

/** Splitting by lines is safe: inside a document no content starts at the left margin with `---`. */
const documentsIn = (path: string): string[] => readFileSync(path, 'utf8').split(/^---[ \t]*$/m);

function parseDocument(text: string, path: string): Manifest {
  try {
    const manifest = parse(text) as Manifest;
    if (manifest.metadata.name) return manifest;
  } catch {
    // The parser's own message quotes the file; the remedy is the same for all of them.
  }
  throw new Failure(exit.usage, [
    `expected Kubernetes manifests in ${shown(path)}, got something else: run npm run synth`,
  ]);
}

/** A path as a person would type it from here. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' ? '.' : near.startsWith('..') ? path : near;
}
