import { folders } from '../support/manifests';
import { finding, templates, verdict } from './findings';
import { answerOf, need } from './tools';

need({ checkov: 'checkov 3.3: pip install checkov' });

interface Check {
  readonly check_id: string;
  readonly check_name: string;
  /** `Deployment.physics-assistant.agents-api` */
  readonly resource: string;
}
interface Answer {
  readonly results: { readonly passed_checks?: readonly Check[]; readonly failed_checks: readonly Check[] };
  readonly summary: { readonly parsing_errors: number; readonly passed: number; readonly resource_count: number };
}

const options = ['--framework', 'kubernetes', '-o', 'json', '--compact', '--skip-download', '--soft-fail'];
const answer = answerOf<Answer>('checkov', ['-d', folders.production, ...options]);

test('checkov looks at every workload and understands every file', () => {
  const { passed_checks = [], failed_checks } = answer.results;
  const seen = new Set([...passed_checks, ...failed_checks].map(({ resource }) => resource));
  expect(answer.summary.parsing_errors).toBe(0);
  const workloads = [...templates.keys()].map((path) => path.split('/'));
  expect(workloads.filter(([namespace, kind, name]) => !seen.has([kind, namespace, name].join('.')))).toEqual([]);
});

test('checkov finds nothing, exceptions aside', () => {
  const findings = answer.results.failed_checks.map(({ check_id, check_name, resource }) => {
    const [kind = '', namespace = '', ...name] = resource.split('.');
    return finding('checkov', check_id, { namespace, kind, name: name.join('.') }, check_name);
  });
  expect(verdict('checkov', findings)).toEqual([]);
});
