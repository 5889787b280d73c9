import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { environments, folders, manifestsOf, ofKind, root } from './support/manifests';

const file = 'test/names.lock.yaml';

/** Every name whose change would leave data behind, by environment. */
const namesThatHoldData = () =>
  Object.fromEntries(
    environments.map((environment) => {
      const objects = manifestsOf(folders[environment]);
      const sets = ofKind(objects, 'StatefulSet').map(({ metadata, spec }) => ({
        namespace: metadata.namespace,
        statefulset: metadata.name,
        service: spec.serviceName,
        selector: spec.selector.matchLabels,
        claims: spec.volumeClaimTemplates.map((claim: { metadata: { name: string } }) => claim.metadata.name),
      }));
      const claims = ofKind(objects, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
      return [environment, { sets, claims }];
    }),
  );

test('PHY-18 ALL-49 names that hold data are those of the lock file', () => {
  expect(existsSync(join(root, file))).toBe(true);
  const locked = parse(readFileSync(join(root, file), 'utf8'));
  try {
    expect(namesThatHoldData()).toEqual(locked);
  } catch (difference) {
    throw new Error(
      `expected the names in ${file}: a new name is a new, empty volume and the old data stays behind. ` +
        'Move the data first (docs/runbooks/databases.md, «Renaming»), then change the lock.\n' +
        (difference as Error).message,
      { cause: difference },
    );
  }
});

test('PHY-18 the claims have the names of the guides', () => {
  const claims = ofKind(manifestsOf(folders.production), 'StatefulSet').flatMap(({ spec }) =>
    spec.volumeClaimTemplates.map((claim: { metadata: { name: string } }) => claim.metadata.name),
  );
  expect(claims.sort()).toEqual(['neo4j-data', 'postgres-data', 'redis-data']);
});
