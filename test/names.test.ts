import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { PlatformName } from '../charts/platforms';
import { everywhere, placesOf } from './support/everywhere';
import { environments, ofKind, root, type Manifest } from './support/manifests';

const file = 'test/names.lock.yaml';

const claimsOf = ({ spec }: Manifest): string[] =>
  spec.volumeClaimTemplates.map((claim: { metadata: { name: string } }) => claim.metadata.name);

/** Every name whose change would leave data behind, of one platform in one environment. */
const namesThatHoldData = (objects: readonly Manifest[]) => ({
  sets: ofKind(objects, 'StatefulSet').map((set) => ({
    namespace: set.metadata.namespace,
    statefulset: set.metadata.name,
    service: set.spec.serviceName,
    selector: set.spec.selector.matchLabels,
    claims: claimsOf(set),
  })),
  claims: ofKind(objects, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name),
});

test('PHY-18 ALL-49 names that hold data are those of the lock file', () => {
  expect(existsSync(join(root, file))).toBe(true);
  const locked = parse(readFileSync(join(root, file), 'utf8'));
  const names = environments.map((environment) => [
    environment,
    Object.fromEntries(placesOf(environment).map(({ platform, objects }) => [platform, namesThatHoldData(objects)])),
  ]);
  try {
    expect(Object.fromEntries(names)).toEqual(locked);
  } catch (difference) {
    throw new Error(
      `expected the names in ${file}: a new name is a new, empty volume and the old data stays behind. ` +
        'Move the data first (docs/runbooks/databases.md, «Renaming»), then change the lock.\n' +
        (difference as Error).message,
      { cause: difference },
    );
  }
});

/** Volumes that the guides name, in kebab case. That of the Personal Assistant names none. */
const named: Readonly<Partial<Record<PlatformName, readonly string[]>>> = {
  'physics-assistant': ['neo4j-data', 'postgres-data', 'redis-data'],
  'ai-governance': ['postgres-data'],
  'habitability-explorer': ['postgres-data', 'redis-data'],
};
const guides = everywhere.filter(({ platform }) => named[platform]);

test.each(guides)(
  'PHY-18 ALL-49 the claims of $platform in $environment have the names of the guide',
  ({ platform, objects }) => {
    const claims = ofKind(objects, 'StatefulSet').flatMap(claimsOf);
    expect(claims).toEqual(expect.arrayContaining([...(named[platform] ?? [])]));
  },
);
