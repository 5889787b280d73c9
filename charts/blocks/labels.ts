import type { ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';

/** Annotations and labels of our own. */
export const prefix = 'slipway.dev';

export interface Identity {
  /** What part it plays: frontend, api, database, … */
  readonly component: string;
  /** Version of the program, where there is one. */
  readonly version?: string;
}

/** The one label that selectors use. Selectors are immutable, so it is the id alone and never changes. */
export const selector = (id: string): Record<string, string> => ({ 'app.kubernetes.io/name': id });

export const labels = (id: string, { component, version }: Identity): Record<string, string> => ({
  ...selector(id),
  'app.kubernetes.io/instance': id,
  'app.kubernetes.io/component': component,
  ...(version && { 'app.kubernetes.io/version': version }),
});

/** Metadata of an object: its name is its id, without hash or prefix. */
export const metadata = (
  name: string,
  extra: Identity & { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> },
): ApiObjectMetadata => ({
  name,
  labels: { ...labels(name, extra), ...extra.labels },
  ...(extra.annotations && { annotations: extra.annotations }),
});

/**
 * The id, if it is free: constructs would refuse a second one in words of its own.
 *
 * @throws Error when the scope holds another of this name
 */
export function unclaimed(scope: Construct, id: string): string {
  if (scope.node.tryFindChild(id)) throw new Error(`expected one workload with the name \`${id}\`, got two`);
  return id;
}

/** The version that an image reference promises; digests and characters that labels refuse are cut. */
export const versionOf = (image: string): string =>
  (image.split('@')[0] ?? '')
    .split(':')
    .at(-1)
    ?.replace(/[^\w.-]/g, '-')
    .slice(0, 63) ?? '';
