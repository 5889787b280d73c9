import { join } from 'node:path';
import { environments, filesOf, folders } from '../support/manifests';
import { finding, templates, verdict } from './findings';
import { answerOf, need, newest } from './tools';

need({ 'kube-score': 'kube-score 1.20: github.com/zegl/kube-score' });

type Answer = readonly {
  readonly type_meta: { readonly kind: string };
  readonly object_meta: { readonly name: string; readonly namespace?: string };
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly path: string; readonly summary: string }[] | null;
  }[];
}[];

/** The grade of a check that has nothing to say. */
const allOk = 10;

const files = environments.flatMap((environment) =>
  filesOf(folders[environment]).map((name) => join(folders[environment], name)),
);
const options = ['score', '-o', 'json', '--all-default-optional', '--kubernetes-version', `v${newest}`];
const answer = answerOf<Answer>('kube-score', [...options, ...files]);
const identity = ({ type_meta: { kind }, object_meta: { namespace = '', name } }: Answer[number]) => ({
  namespace,
  kind,
  name,
});

test('kube-score looks at every workload', () => {
  const seen = answer.map(identity).map(({ namespace, kind, name }) => `${namespace}/${kind}/${name}`);
  expect(seen).toEqual(expect.arrayContaining([...templates.keys()]));
});

test('kube-score finds nothing with all optional checks, exceptions aside', () => {
  const findings = answer.flatMap((object) =>
    object.checks
      .filter(({ skipped, grade }) => !skipped && grade < allOk)
      .flatMap(({ check, comments }) =>
        (comments?.length ? comments : [{ path: '', summary: check.id }]).map(({ path, summary }) =>
          finding('kube-score', check.id, { ...identity(object), container: path }, summary),
        ),
      ),
  );
  expect(verdict('kube-score', findings)).toEqual([]);
});
