import type { V1CronJob, V1Job, V1JobSpec } from '../../cluster-jobs';

/** Where the chart says which of a pod's containers it is about. */
const mainContainer = 'kubectl.kubernetes.io/default-container';
/** A Job's name becomes a label of its pods. */
const nameLimit = 63;

/** What Kubernetes takes for a Job that does not say it. */
const usualRetries = 6;

/**
 * A Job from a CronJob's template, as `kubectl create job --from` makes it, and what there is to know of it.
 *
 * @param variables of its main container, in place of the template's of the same name
 */
export function jobFrom({ metadata, spec }: V1CronJob, now: Date, variables: Readonly<Record<string, string>> = {}) {
  const { jobTemplate } = spec ?? {};
  const { template, ttlSecondsAfterFinished: keptSeconds } = jobTemplate?.spec ?? {};
  const containers = template?.spec?.containers ?? [];
  const main = template?.metadata?.annotations?.[mainContainer];
  const container = containers.find(({ name }) => name === main) ?? containers[0];
  const [name = '', uid = ''] = [metadata?.name, metadata?.uid];
  const time = now
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .replace('T', '-');
  const job: V1Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name.slice(0, nameLimit - time.length - 1)}-${time}`,
      ...(jobTemplate?.metadata?.labels && { labels: jobTemplate.metadata.labels }),
      annotations: { ...jobTemplate?.metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      // The CronJob takes its runs along when it goes.
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }],
    },
    ...(jobTemplate?.spec && { spec: withVariables(jobTemplate.spec, container?.name, variables) }),
  };
  return {
    ...{ job, container: container?.name ?? name, interactive: container?.stdin === true, keptSeconds },
    retries: jobTemplate?.spec?.backoffLimit ?? usualRetries,
  };
}

function withVariables(spec: V1JobSpec, container: string | undefined, variables: Readonly<Record<string, string>>) {
  const added = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const pod = spec.template.spec;
  if (added.length === 0 || !pod) return spec;
  const containers = pod.containers.map((each) =>
    each.name === container
      ? { ...each, env: [...(each.env ?? []).filter(({ name }) => !Object.hasOwn(variables, name)), ...added] }
      : each,
  );
  return { ...spec, template: { ...spec.template, spec: { ...pod, containers } } };
}
