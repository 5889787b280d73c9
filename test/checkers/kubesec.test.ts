import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { everywhere } from '../support/everywhere';
import { podsOf } from '../support/manifests';
import { finding, verdict } from './findings';
import { answerOf, need, newest, schemas } from './tools';

need({ kubesec: 'kubesec 2.14: github.com/controlplaneio/kubesec' });
const location = schemas();

interface Advice {
  readonly id: string;
  readonly reason: string;
  readonly points: number;
}
type Answer = readonly {
  /** `Deployment/agents-api.physics-assistant` */
  readonly object: string;
  readonly valid: boolean;
  readonly score: number;
  readonly scoring: { readonly critical?: readonly Advice[]; readonly advise?: readonly Advice[] };
}[];

/** kubesec does not know Jobs: their pods are shown to it as Pods, and its words are given back to the Job. */
const unknown = ['Job', 'CronJob'];
const workloads = everywhere
  .flatMap(({ objects }) => podsOf(objects))
  .map(({ owner, template }) => ({
    owner,
    shown: unknown.includes(owner.kind)
      ? { apiVersion: 'v1', kind: 'Pod', metadata: owner.metadata, spec: template.spec }
      : owner,
  }));

function scan(): Answer {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-kubesec-'));
  try {
    const file = join(folder, 'workloads.yaml');
    writeFileSync(file, workloads.map(({ shown }) => JSON.stringify(shown)).join('\n---\n'));
    const options = ['scan', '--schema-location', location, '--kubernetes-version', `${newest}.0`];
    return answerOf<Answer>('kubesec', [...options, file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const answers = scan().map((answer, index) => ({ ...answer, owner: workloads[index]?.owner }));
const about = (kind: 'critical' | 'advise') =>
  answers.flatMap(({ owner, scoring }) =>
    (scoring[kind] ?? []).map(({ id, reason }) => {
      const { name = '', namespace = '' } = owner?.metadata ?? {};
      return finding('kubesec', id, { namespace, kind: owner?.kind ?? '', name }, reason);
    }),
  );

test('kubesec looks at every workload', () => {
  const expected = workloads.map(
    ({ shown: { kind, metadata } }) => `${kind}/${metadata.name}.${metadata.namespace} true`,
  );
  expect(answers.map(({ object, valid }) => `${object} ${valid}`)).toEqual(expected);
});

test('ALL-11 kubesec finds nothing critical in any workload', () => {
  const critical = about('critical').map(
    ({ rule, environment, platform, object }) => `${rule}: ${object} of ${platform} in ${environment}`,
  );
  expect(critical).toEqual([]);
});

test('ALL-11 kubesec has no advice left, exceptions aside', () => {
  expect(verdict('kubesec', about('advise'))).toEqual([]);
});

/** As they are; more is welcome, less is a step back. */
const minimum: Readonly<Record<string, number>> = { Deployment: 12, StatefulSet: 14, Job: 12, CronJob: 12 };

test.each(Object.entries(minimum))('ALL-11 kubesec gives each %s at least %i points', (kind, points) => {
  const lower = answers.filter(({ owner, score }) => owner?.kind === kind && score < points);
  expect(lower.map(({ object, score }) => `${object}: ${score}`)).toEqual([]);
});
