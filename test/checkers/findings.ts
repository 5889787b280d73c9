import type { PlatformName } from '../../charts/platforms';
import { everywhere } from '../support/everywhere';
import { containersOf, podsOf, withoutFingerprint } from '../support/manifests';
import type { ContainerManifest, Environment, Manifest } from '../support/manifests';
import { exceptions } from './exceptions';

export type Tool = 'kube-score' | 'checkov' | 'kubesec';

/** What a checker says about an object of a platform in an environment, or about one container of its pods. */
export interface Finding {
  readonly tool: Tool;
  readonly rule: string;
  readonly environment: Environment;
  readonly platform: PlatformName;
  /** `Deployment/agents-api`; Jobs without their fingerprint. */
  readonly object: string;
  readonly says: string;
  /** The pod of a workload, as the template has it. */
  readonly pod: Manifest['spec'];
  /** The containers that it is about. */
  readonly containers: readonly ContainerManifest[];
}

/** Pod templates by namespace, kind and name of what they stand in. */
export const templates = new Map(
  everywhere
    .flatMap(({ objects }) => podsOf(objects))
    .map(({ owner: { kind, metadata }, template }) => [`${metadata.namespace}/${kind}/${metadata.name}`, template]),
);

/** Completes what a checker says with the manifest it speaks of. @throws Error when that is nobody's */
export function finding(
  tool: Tool,
  rule: string,
  at: { readonly namespace: string; readonly kind: string; readonly name: string; readonly container?: string },
  says: string,
): Finding {
  const place = everywhere.find(({ namespace }) => namespace === at.namespace);
  if (!place) throw new Error(`expected ${tool} to speak of a platform's namespace, got "${at.namespace}": ${says}`);
  const template = templates.get(`${at.namespace}/${at.kind}/${at.name}`);
  const all = template ? containersOf(template) : [];
  return {
    tool,
    rule,
    environment: place.environment,
    platform: place.platform,
    object: `${at.kind}/${withoutFingerprint(at.name)}`,
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
      .map(
        ({ rule, environment, platform, object, says }) =>
          `${rule}: ${object} of ${platform} in ${environment}: ${says}`,
      ),
    ...own
      .filter((exception) => !findings.some((found) => covers(exception, found)))
      .map(({ rule, reason }) => `${rule}: expected the exception to cover a finding, got none (${reason})`),
  ];
}
