import { containersOf, environments, folders, manifestsOf, podsOf } from '../support/manifests';
import type { ContainerManifest, Environment, Manifest } from '../support/manifests';
import { exceptions } from './exceptions';

export type Tool = 'kube-score' | 'checkov' | 'kubesec';

/** What a checker says about an object of an environment, or about one container of its pods. */
export interface Finding {
  readonly tool: Tool;
  readonly rule: string;
  readonly environment: Environment;
  /** `Deployment/agents-api`; Jobs without their fingerprint. */
  readonly object: string;
  readonly says: string;
  /** The pod of a workload, as the template has it. */
  readonly pod: Manifest['spec'];
  /** The containers that it is about. */
  readonly containers: readonly ContainerManifest[];
}

const nameless = (name: string): string => name.replace(/-[0-9a-f]{10}$/, '');

/** Pod templates by namespace, kind and name of what they stand in. */
export const templates = new Map(
  environments
    .flatMap((environment) => podsOf(manifestsOf(folders[environment])))
    .map(({ owner: { kind, metadata }, template }) => [`${metadata.namespace}/${kind}/${metadata.name}`, template]),
);

/** The environment that owns a namespace: its objects all carry it. */
const environmentOf = (namespace: string): Environment =>
  environments.find((environment) => namespace.endsWith(`-${environment}`)) ?? 'production';

/** Completes what a checker says with the manifest it speaks of. */
export function finding(
  tool: Tool,
  rule: string,
  at: { readonly namespace: string; readonly kind: string; readonly name: string; readonly container?: string },
  says: string,
): Finding {
  const template = templates.get(`${at.namespace}/${at.kind}/${at.name}`);
  const all = template ? containersOf(template) : [];
  return {
    tool,
    rule,
    environment: environmentOf(at.namespace),
    object: `${at.kind}/${nameless(at.name)}`,
    says: [at.container, says].filter(Boolean).join(': '),
    pod: template?.spec,
    containers: at.container ? all.filter(({ name }) => name === at.container) : all,
  };
}

/**
 * What is wrong with the findings of one checker: those that no exception covers, and exceptions that cover none, for
 * one that nobody needs would hide the next mistake.
 */
export function verdict(tool: Tool, findings: readonly Finding[], among = exceptions): string[] {
  const own = among.filter((exception) => exception.tool === tool);
  const covers = ({ rule, where }: (typeof own)[number], found: Finding) => rule === found.rule && where(found);
  return [
    ...findings
      .filter((found) => !own.some((exception) => covers(exception, found)))
      .map(({ rule, environment, object, says }) => `${rule}: ${object} in ${environment}: ${says}`),
    ...own
      .filter((exception) => !findings.some((found) => covers(exception, found)))
      .map(({ rule, reason }) => `${rule}: expected the exception to cover a finding, got none (${reason})`),
  ];
}
