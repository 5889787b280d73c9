import { placesOf, type Place } from '../support/everywhere';
import { folders, label, type Manifest } from '../support/manifests';
import { startClient } from './client';
import { platforms } from './platforms';
import { applyAgain, json, kubectl, list, query, ready, remove, requireCluster } from './support';

/** On a namespace that this run of the tier has raised from nothing. */
const mark = 'slipway.test/run';
const run = (): string => process.env.SLIPWAY_RUN ?? 'alone';

export const places = placesOf('development');

/** The place of one platform. */
export function placeOf(platform: Place['platform']): Place {
  const place = places.find((candidate) => candidate.platform === platform);
  if (!place) throw new Error(`expected platform ${platform} in dist/development`);
  return place;
}

/**
 * All platforms of development, committed state, ready. The first call of a run raises them together from nothing with
 * one apply, as a user does; later ones bring back what a suite has changed and are quick. Data stays: a suite deletes
 * the rows it wrote.
 */
export async function developmentUp(): Promise<void> {
  await requireCluster();
  const standing = await Promise.all(places.map(isOfThisRun));
  await Promise.all(places.filter((_, index) => !standing[index]).map(({ namespace }) => remove(namespace)));
  await Promise.all(places.filter((_, index) => standing[index]).map(prune));
  if (standing.every(Boolean)) await applyAgain(folders.development);
  else await kubectl('apply', '-f', folders.development);
  await Promise.all(places.map(({ namespace }) => ready(namespace, 600)));
  await Promise.all(places.map(keep));
  await startClient();
}

/** Takes all of them away: for suites that need the room, or their namespaces. */
export const developmentDown = async (): Promise<void> => {
  await Promise.all(places.map(({ namespace }) => remove(namespace)));
};

/** Says that a platform was raised from nothing, so that later suites may share it. */
export const keep = ({ namespace }: Place): Promise<string> =>
  kubectl('annotate', 'namespace', namespace, '--overwrite', `${mark}=${run()}`);

async function isOfThisRun({ namespace }: Place): Promise<boolean> {
  const found = await json<{ items: Manifest[] }>(
    ...['get', 'namespaces', '--field-selector', `metadata.name=${namespace}`],
  );
  return found.items[0]?.metadata.annotations?.[mark] === run();
}

/** What an apply leaves behind: objects of another version, such as its Jobs. */
async function prune({ namespace, objects }: Place): Promise<void> {
  const committed = new Set(objects.map(label));
  const kinds = 'jobs,cronjobs,deployments,statefulsets,services,configmaps,networkpolicies';
  const found = (await list(kinds, namespace)).filter(
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by'] === 'slipway',
  );
  const strangers = found.map(label).filter((name) => !committed.has(name));
  if (strangers.length > 0) await kubectl('delete', '-n', namespace, ...strangers);
}

/** Asks a platform's database as its superuser, from inside its pod. */
export const sql = (platform: Place['platform'], text: string): Promise<string> =>
  query(placeOf(platform).namespace, 'postgres-0', platforms[platform].database, text);
