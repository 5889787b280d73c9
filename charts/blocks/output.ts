import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ApiObject, App, Chart, YamlOutputType } from 'cdk8s';

/** What stands in the output folder: one environment at its top, where `kubectl apply -f dist` finds it. */
export const folderOf = (environment: string): string => (environment === 'production' ? '' : environment);

/**
 * Synthesises environments into one folder, all or nothing: everything is written beside it first, so a failure
 * leaves the former output as it was.
 *
 * @param outdir where the output goes; only folders that hold nothing but manifests are replaced
 * @param build adds the charts of one environment to its app
 * @throws Error with all that is wrong, before anything is replaced
 */
export function synthesise<T extends { readonly environment: string }>(
  outdir: string,
  environments: readonly T[],
  build: (app: App, settings: T) => void,
): void {
  const target = resolve(outdir);
  refuseForeignFiles(target);
  mkdirSync(dirname(target), { recursive: true });
  const stage = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    together(
      environments,
      ({ environment }) => environment,
      (settings) => {
        const folder = join(stage, folderOf(settings.environment));
        const app = new App({ outdir: folder, yamlOutputType: YamlOutputType.FILE_PER_CHART });
        build(app, settings);
        app.node.addValidation({ validate: () => conflicts(app) });
        app.synth();
      },
    );
    chmodSync(stage, 0o755);
    rmSync(target, { recursive: true, force: true });
    renameSync(stage, target);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * Does something with each of several, also after one that failed.
 *
 * @throws Error with all that is wrong, each line with the name of whose it is
 */
export function together<T>(all: readonly T[], nameOf: (one: T) => string, act: (one: T) => void): void {
  const problems = all.flatMap((one) => {
    try {
      act(one);
      return [];
    } catch (error) {
      const lines = (error instanceof Error ? error.message : String(error)).split('\n');
      return lines.map((line) => `${nameOf(one)}: ${line}`);
    }
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** Objects that would replace each other, and hosts that two platforms claim. */
export function conflicts(app: App): string[] {
  const objects = app.node.findAll().filter((node): node is ApiObject => ApiObject.isApiObject(node));
  const names = objects.map((object) => `${object.kind} ${object.metadata.namespace ?? ''}/${nameOf(object)}`);
  const claims = objects.filter(({ kind }) => kind === 'Ingress').flatMap(claimsOf);
  const claimants = (host: string) => claims.filter((claim) => claim.host === host).map(({ platform }) => platform);
  return [
    ...repeated(names).map((name) => `expected one object ${name}, got two`),
    ...repeated(claims.map(({ host }) => host)).map(
      (host) =>
        `expected host \`${host}\` to belong to one platform, got ${claimants(host).join(' and ')}: change a domain`,
    ),
  ];
}

/** A Job's name is known when all that it runs is declared. */
const nameOf = (object: ApiObject): string =>
  typeof object.name === 'string' ? object.name : (object.metadata.toJson() as { name: string }).name;

const repeated = (values: readonly string[]): string[] => [
  ...new Set(values.filter((value, index) => values.indexOf(value) !== index)),
];

/** The hosts of an Ingress, with the platform that it belongs to. */
function claimsOf(ingress: ApiObject): { host: string; platform: string }[] {
  const { spec } = ingress.toJson() as { spec?: { rules?: { host?: string }[] } };
  const platform = Chart.of(ingress).node.id;
  return (spec?.rules ?? []).flatMap(({ host }) => (host ? [{ host, platform }] : []));
}

/** The folder is replaced as a whole: nobody's own files may stand in it. */
function refuseForeignFiles(target: string): void {
  if (!existsSync(target)) return;
  const strangers = readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.k8s.yaml'))
    .map((entry) => join(entry.parentPath, entry.name));
  if (strangers.length > 0) {
    throw new Error(`expected ${target} to hold generated manifests only, got ${strangers.join(', ')}: move them away`);
  }
}
