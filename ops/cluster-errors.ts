import { exit, Failure } from './errors';

/** Which API server, and how we came to it. */
export interface Endpoint {
  readonly server: string;
  readonly context: string;
}

/** What was tried, in the words of RBAC. */
export interface Attempt {
  readonly verb: 'get' | 'list' | 'create' | 'patch' | 'delete';
  /** A subresource stands behind a slash. */
  readonly resource: 'namespaces' | 'secrets' | 'cronjobs' | 'jobs' | 'events' | 'pods' | 'pods/log' | 'pods/attach';
  readonly namespace: string;
}

/** The HTTP status of an answer, or nothing when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'number' ? code : undefined;
}

/** Makes a request; gives its answer, or its status when that is one of `expected`. @throws Failure for the rest */
export type Send = <T>(attempt: Attempt, expected: readonly number[], request: () => Promise<T>) => Promise<T | number>;

/** A `Send` whose failures name this API server. */
export const sender =
  (endpoint: Endpoint): Send =>
  async (attempt, expected, request) => {
    try {
      return await request();
    } catch (error) {
      const status = statusOf(error);
      if (status !== undefined && expected.includes(status)) return status;
      throw explain(error, attempt, endpoint);
    }
  };

/** Says what went wrong between us and the API server, without headers, bodies or stacks. */
export function explain(error: unknown, attempt: Attempt, { server, context }: Endpoint): Failure {
  const { verb, resource, namespace } = attempt;
  const status = statusOf(error);
  const message = messageOf(error);
  const action = `to ${verb} ${resource} in namespace ${namespace}`;
  if (status === undefined) {
    return new Failure(exit.unreachable, [
      `expected a cluster at ${server} (context ${context}), got ${reasonOf(error)}: check KUBECONFIG and --context`,
    ]);
  }
  if (status === 401) {
    return new Failure(exit.forbidden, [
      `expected credentials that ${server} accepts (context ${context}), got 401 Unauthorized: log in again`,
    ]);
  }
  // Quotas, admission and a namespace on its way out answer 403 as well; only the authorizer says "cannot".
  if (status === 403 && / cannot \w+ /.test(message)) {
    return new Failure(exit.forbidden, [
      `expected permission ${action} (context ${context}), got 403 Forbidden: ` +
        `ask for a role that allows it, then see kubectl auth can-i ${verb} ${asked(resource)} -n ${namespace}`,
    ]);
  }
  if (status === 404 && verb === 'create') return missingNamespace(namespace, 'kubectl apply -f dist');
  return new Failure(exit.failed, [`expected ${server} ${action}, got ${status}: ${message || 'no reason'}`]);
}

/** A resource in the words of `kubectl auth can-i`. */
const asked = (resource: string): string => resource.replace('/', ' --subresource=');

/** Namespaces come with quota, policies and Pod Security from the manifests, so no command ever makes one. */
export const missingNamespace = (namespace: string, remedy: string): Failure =>
  new Failure(exit.failed, [`expected namespace ${namespace}, got none: apply dist first (${remedy})`]);

/** The `message` of the API server's Status object. It names objects and fields, not the data of a Secret. */
function messageOf(error: unknown): string {
  const body = (error as { body?: unknown }).body;
  try {
    const answer = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: string } | undefined;
    return answer?.message ?? '';
  } catch {
    return '';
  }
}

function reasonOf(error: unknown): string {
  const { code, type, message } = error as { code?: string; type?: string; message?: string };
  return type === 'aborted' ? 'no answer in time' : (code ?? message ?? 'an unknown error');
}
