import { join } from 'node:path';
import { environments, folders, manifestsOf } from '../support/manifests';
import { answerOf, need, schemas } from './tools';

need({ kubeconform: 'kubeconform 0.7 or newer: github.com/yannh/kubeconform' });
const location = schemas();

interface Answer {
  readonly resources: readonly { kind: string; name: string; filename: string; status: string; msg: string }[];
  readonly summary: { readonly valid: number };
}

const objects = environments.flatMap((environment) => manifestsOf(folders[environment])).length;
const versions = Array.from({ length: 11 }, (_, index) => `1.${27 + index}`);

test.each(versions)('every object is what Kubernetes %s takes, custom resources too', (version) => {
  const crds = join(location, 'crd', '{{.Group}}', '{{.ResourceKind}}_{{.ResourceAPIVersion}}.json');
  const { resources, summary } = answerOf<Answer>('kubeconform', [
    ...['-strict', '-summary', '-output', 'json', '-kubernetes-version', `${version}.0`],
    ...['-schema-location', location, '-schema-location', crds, folders.production],
  ]);
  expect(resources.map(({ kind, name, filename, msg }) => `${kind}/${name} in ${filename}: ${msg}`)).toEqual([]);
  expect(summary).toEqual({ valid: objects, invalid: 0, errors: 0, skipped: 0 });
});
