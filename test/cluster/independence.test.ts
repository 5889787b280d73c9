import { join } from 'node:path';
import { folders, type Manifest } from '../support/manifests';
import { startAsking } from './client';
import { developmentUp, keep, placeOf, places, sql } from './development';
import { platforms } from './platforms';
import { releaseOf } from './releases';
import { fileOf, json, kubectl, list, pause, podsNamed, ready } from './support';

jest.setTimeout(900_000);

/** The one that is upgraded, removed and applied again, and all others, which shall not notice. */
const one = placeOf('personal-assistant');
const others = places.filter((place) => place !== one);
const file = join(folders.development, `${one.platform}.k8s.yaml`);
const pages = others.map(({ platform, namespace }) => ({ namespace, ...platforms[platform].release.page }));

interface Live extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly uid: string; readonly generation?: number };
  readonly status?: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
}

/** Who the pods and objects of the others are: a new pod, a restart or a change of any object would show. */
async function identities(): Promise<string[]> {
  const kinds = 'pods,deployments,statefulsets,services,persistentvolumeclaims,networkpolicies,resourcequotas';
  const inside = await Promise.all(others.map(({ namespace }) => list(kinds, namespace) as Promise<Live[]>));
  // Programs that end come and go by their schedule.
  const lasting = inside.flat().filter(({ metadata }) => !metadata.labels?.['batch.kubernetes.io/job-name']);
  const wide = await json<{ items: Live[] }>('get', 'namespaces,priorityclasses');
  const ofOthers = wide.items.filter(({ metadata }) =>
    others.some(({ objects }) => objects.some((object) => object.metadata.name === metadata.name)),
  );
  return [...lasting, ...ofOthers]
    .map(({ kind, metadata, status }) => {
      const restarts = (status?.containerStatuses ?? []).map(({ restartCount }) => restartCount);
      const { namespace = '', name, uid, generation = 0 } = metadata;
      return `${kind} ${namespace}/${name} ${uid} generation ${generation} restarts ${restarts.join(' ')}`;
    })
    .sort();
}

let before: string[];
beforeAll(async () => {
  await developmentUp();
  before = await identities();
});

/** Does something to the one platform while all others are asked; they must answer, and be who they were. */
async function unnoticed(work: () => Promise<unknown>): Promise<void> {
  const stop = startAsking(pages);
  await work().finally(() => pause(2));
  const seen = await stop();
  expect(seen.map((statuses) => Object.keys(statuses))).toEqual(pages.map(() => ['200']));
  expect(await identities()).toEqual(before);
}

test('ALL-43 one platform is upgraded, the others do not notice', async () => {
  const [old] = await podsNamed('api', one.namespace);
  const upgraded = releaseOf('1.1.0', [one.platform]);
  await unnoticed(async () => {
    // By the client, as a user does who applies again.
    await kubectl('apply', '-f', fileOf(upgraded));
    await ready(one.namespace, 240);
  });
  const [pod] = await podsNamed('api', one.namespace);
  expect(pod?.metadata.name).not.toBe(old?.metadata.name);
  expect(await sql(one.platform, "select string_agg(release, ' ' order by release) from rehearsal_migrations")).toBe(
    '1.0.0 1.1.0',
  );
});

test('one platform is removed with all that it has in the cluster, the others do not notice', async () => {
  await unnoticed(() => kubectl('delete', '-f', file, '--timeout=240s'));
  const { items } = await json<{ items: Manifest[] }>('get', 'namespaces,priorityclasses');
  expect(items.filter(({ metadata }) => metadata.name.startsWith(one.namespace))).toEqual([]);
});

test('ALL-01 it comes back with one apply, the others do not notice', async () => {
  await unnoticed(async () => {
    await kubectl('apply', '-f', file);
    await ready(one.namespace, 400);
  });
  await keep(one);
});
