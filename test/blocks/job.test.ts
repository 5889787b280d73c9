import type { Container } from '../../charts/blocks/container';
import { Job, type JobProps } from '../../charts/blocks/job';
import { everyPropReachesTheOutput, manifests, object, platform } from '../support/testing';

const container: Container = {
  name: 'seed',
  image: 'ghcr.io/school/seed:1.0.0',
  command: ['seed'],
  resources: { cpu: '100m', memory: '64Mi' },
  share: { cpu: 1, memory: 1 },
};
const minimal: JobProps = { component: 'batch', containers: [container], user: 1001, deadlineSeconds: 60 };

describe('a job with every prop', () => {
  const build = () => {
    const school = platform();
    const props: Required<Omit<JobProps, 'onDemand'>> = {
      component: 'nightly',
      containers: [container],
      initContainers: [{ ...container, name: 'wait' }],
      user: 4321,
      deadlineSeconds: 90,
      retries: 7,
      priority: 'data',
      schedule: '0 3 * * *',
      gracePeriodSeconds: 11,
      restartOn: () => ['configuration'],
      beside: { pods: { app: 'store' }, always: false },
      annotations: { 'school.edu/owner': 'it' },
      labels: { 'school.edu/team': 'data' },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'disk', operator: 'Exists' }],
    };
    new Job(school, 'seed', props);
    return school;
  };
  const job = 'CronJob/seed';
  const template = 'spec.jobTemplate.spec.template';
  everyPropReachesTheOutput<Omit<JobProps, 'onDemand'>>(build, {
    component: [job, ['metadata', 'labels', 'app.kubernetes.io/component'], 'nightly'],
    containers: [job, `${template}.spec.containers.0.image`, 'ghcr.io/school/seed:1.0.0'],
    initContainers: [job, `${template}.spec.initContainers.0.name`, 'wait'],
    user: [job, `${template}.spec.securityContext.runAsUser`, 4321],
    deadlineSeconds: [job, 'spec.jobTemplate.spec.activeDeadlineSeconds', 90],
    priority: [job, `${template}.spec.priorityClassName`, 'school-data'],
    retries: [job, 'spec.jobTemplate.spec.backoffLimit', 7],
    schedule: [job, 'spec.schedule', '0 3 * * *'],
    gracePeriodSeconds: [job, `${template}.spec.terminationGracePeriodSeconds`, 11],
    restartOn: [job, [...template.split('.'), 'metadata', 'annotations', 'slipway.dev/configuration'], 'b7d64a9221'],
    beside: [
      job,
      `${template}.spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm.labelSelector`,
      { matchLabels: { app: 'store' } },
    ],
    annotations: [job, [...template.split('.'), 'metadata', 'annotations', 'school.edu/owner'], 'it'],
    labels: [job, [...template.split('.'), 'metadata', 'labels', 'school.edu/team'], 'data'],
    nodeSelector: [job, `${template}.spec.nodeSelector`, { disk: 'ssd' }],
    tolerations: [job, `${template}.spec.tolerations`, [{ key: 'disk', operator: 'Exists' }]],
  });
});

/** Name of the Job object that is made from these props. */
function nameOf(props: Partial<JobProps>): string | undefined {
  const school = platform();
  new Job(school, 'seed', { ...minimal, ...props });
  return manifests(school).find(({ kind }) => kind === 'Job')?.metadata.name;
}

test('ALL-27 the same job has the same name each time', () => {
  expect(nameOf({})).toMatch(/^seed-[0-9a-f]{10}$/);
  expect(nameOf({})).toBe(nameOf({}));
});

test.each<[string, Partial<JobProps>]>([
  ['command', { containers: [{ ...container, command: ['seed', '--all'] }] }],
  ['image', { containers: [{ ...container, image: 'ghcr.io/school/seed:1.0.1' }] }],
  ['variables', { containers: [{ ...container, variables: { YEAR: '2030' } }] }],
  ['configuration', { restartOn: () => ['new text'] }],
])('ALL-27 a change of the %s makes a new job', (_, props) => {
  expect(nameOf(props)).toMatch(/^seed-[0-9a-f]{10}$/);
  expect(nameOf(props)).not.toBe(nameOf({}));
});

test('ALL-27 a job that runs once is never cleaned away, or it would run again', () => {
  const school = platform();
  new Job(school, 'seed', minimal);
  expect(object(school, 'Job/seed').spec).not.toHaveProperty('ttlSecondsAfterFinished');
});

test('ALL-16 a schedule is in UTC, wherever the cluster stands', () => {
  const school = platform();
  new Job(school, 'seed', { ...minimal, schedule: '0 3 * * *' });
  expect(object(school, 'CronJob/seed').spec.timeZone).toBe('Etc/UTC');
  const another = platform();
  new Job(another, 'by-hand', { ...minimal, onDemand: true });
  expect(object(another, 'CronJob/by-hand').spec).not.toHaveProperty('timeZone');
});

test('ALL-14 runs of a schedule never overlap', () => {
  const school = platform();
  new Job(school, 'seed', { ...minimal, schedule: '0 3 * * *' });
  expect(object(school, 'CronJob/seed').spec.concurrencyPolicy).toBe('Forbid');
});

test('a job of low priority gives way to what serves', () => {
  const school = platform();
  new Job(school, 'seed', minimal);
  expect(object(school, 'Job/seed').spec.template.spec).toMatchObject({
    priorityClassName: 'school-batch',
    restartPolicy: 'Never',
  });
});

describe('a job on demand', () => {
  const build = () => {
    const school = platform();
    new Job(school, 'seed', { ...minimal, onDemand: true });
    return school;
  };
  const cron = () => object(build(), 'CronJob/seed');
  everyPropReachesTheOutput<Pick<JobProps, 'onDemand'>>(build, {
    onDemand: ['CronJob/seed', ['metadata', 'labels', 'slipway.dev/on-demand'], 'true'],
  });

  test('GOV-08 never starts by itself, not even when somebody lifts the suspension', () => {
    expect(cron().spec).toMatchObject({ suspend: true, schedule: '0 0 30 2 *' });
  });

  test('GOV-08 is not tried again when it failed', () => {
    expect(cron().spec.jobTemplate.spec.backoffLimit).toBe(0);
  });

  test('GOV-08 leaves its runs for a day, under its own name', () => {
    const { metadata, spec } = cron().spec.jobTemplate;
    expect(spec.ttlSecondsAfterFinished).toBe(86_400);
    expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'seed', 'app.kubernetes.io/part-of': 'school' });
  });

  test('a job on a schedule carries no mark of one on demand', () => {
    const school = platform();
    new Job(school, 'seed', { ...minimal, schedule: '0 3 * * *' });
    expect(object(school, 'CronJob/seed').metadata.labels).not.toHaveProperty(['slipway.dev/on-demand']);
  });

  test.each<[Partial<JobProps>, string]>([
    [
      { schedule: '0 3 * * *' },
      'expected `schedule` of seed to be left out with `onDemand`, got "0 3 * * *": make it two tasks if it needs both',
    ],
    [{ retries: 0 }, 'expected `retries` of seed to be left out with `onDemand`, got 0: whoever started it decides'],
  ])('refuses %j', (props, message) => {
    expect(() => new Job(platform(), 'seed', { ...minimal, onDemand: true, ...props })).toThrow(new Error(message));
  });
});
