import { Task, type TaskProps } from '../../charts/blocks/task';
import {
  environment,
  everyPropReachesTheOutput,
  labelsOf,
  object,
  platform,
  program,
  service,
} from '../support/testing';

/** What only a task on demand takes. */
type OnDemand = 'onDemand' | 'interactive';
/** What `rehearsalScript` replaces is seen in a rehearsal alone. */
type Rehearsed = 'rehearsalScript';

const container = 'spec.jobTemplate.spec.template.spec.containers.0';

describe('a task with every prop', () => {
  const build = (rehearsal = false) => {
    const tesla = { resource: 'nvidia.com/gpu', nodeSelector: { gpu: 'tesla' } };
    const school = platform({ rehearsal, cluster: { ...environment.cluster, gpuClasses: { tesla } } });
    const props: Required<Omit<TaskProps, OnDemand>> = {
      image: 'ghcr.io/school/reports:2.0.0',
      size: { cpu: '500m', memory: '512Mi' },
      component: 'batch',
      command: ['report', '--weekly'],
      variables: { RECIPIENT: 'teachers' },
      uses: { store: service(school, 'store', { port: 8200 }) },
      connections: 7,
      calls: [service(school, 'marks', { port: 8300 })],
      externals: [{ name: 'mail', port: 587 }],
      mounts: [{ path: '/cache', volume: { scratch: 'cache', sizeMiB: 32 } }],
      schedule: '0 6 * * 1',
      deadlineSeconds: 600,
      retries: 0,
      rehearsalScript: 'check.js',
      gpu: { class: 'tesla', count: 1 },
      nodeSelector: { avx2: 'true' },
    };
    new Task(school, 'reports', props);
    return school;
  };
  const env = `${container}.env`;
  everyPropReachesTheOutput<Omit<TaskProps, OnDemand | Rehearsed | 'connections'>>(build, {
    image: ['CronJob/reports', `${container}.image`, 'ghcr.io/school/reports:2.0.0'],
    size: [
      'CronJob/reports',
      `${container}.resources.limits`,
      expect.objectContaining({ cpu: '500m', memory: '512Mi' }),
    ],
    component: ['CronJob/reports', ['metadata', 'labels', 'app.kubernetes.io/component'], 'batch'],
    command: ['CronJob/reports', `${container}.command`, ['report', '--weekly']],
    variables: ['CronJob/reports', env, expect.arrayContaining([{ name: 'RECIPIENT', value: 'teachers' }])],
    uses: ['CronJob/reports', env, expect.arrayContaining([{ name: 'STORE_URL', value: 'http://store:8200' }])],
    calls: ['CronJob/reports', env, expect.arrayContaining([{ name: 'MARKS_URL', value: 'http://marks:8300' }])],
    externals: ['NetworkPolicy/reports', 'spec.egress.3.ports', [{ protocol: 'TCP', port: 587 }]],
    mounts: [
      'CronJob/reports',
      `${container}.volumeMounts`,
      expect.arrayContaining([{ name: 'cache', mountPath: '/cache' }]),
    ],
    schedule: ['CronJob/reports', 'spec.schedule', '0 6 * * 1'],
    deadlineSeconds: ['CronJob/reports', 'spec.jobTemplate.spec.activeDeadlineSeconds', 600],
    retries: ['CronJob/reports', 'spec.jobTemplate.spec.backoffLimit', 0],
    gpu: ['CronJob/reports', [...container.split('.'), 'resources', 'limits', 'nvidia.com/gpu'], '1'],
    nodeSelector: [
      'CronJob/reports',
      'spec.jobTemplate.spec.template.spec.nodeSelector',
      { gpu: 'tesla', avx2: 'true' },
    ],
  });
  everyPropReachesTheOutput<Pick<TaskProps, Rehearsed>>(() => build(true), {
    rehearsalScript: ['CronJob/reports', `${container}.command`, ['node', '/rehearsal/check.js']],
  });
});

describe('a task on demand', () => {
  const command = ['python', 'create.py'];
  const build = (rehearsal = false) => {
    const school = platform({ rehearsal });
    new Task(school, 'create', { ...program, command, onDemand: true, interactive: true });
    return school;
  };
  everyPropReachesTheOutput<Pick<TaskProps, OnDemand>>(build, {
    onDemand: ['CronJob/create', 'spec.suspend', true],
    interactive: ['CronJob/create', container, expect.objectContaining({ stdin: true, stdinOnce: true, tty: true })],
  });

  test('GOV-08 asks no question before a person is there', () => {
    expect(object(build(), 'CronJob/create')).toHaveProperty(`${container}.command`, [
      'sh',
      '-c',
      'echo "press Enter to start"; read -r enter && exec "$@"',
      'create',
      ...command,
    ]);
  });

  test('GOV-08 waits for a person in a rehearsal as well', () => {
    const { command: rehearsed } = object(build(true), 'CronJob/create').spec.jobTemplate.spec.template.spec
      .containers[0];
    expect(rehearsed.slice(-2)).toEqual(['node', '/rehearsal/once.js']);
    expect(rehearsed[0]).toBe('sh');
  });

  test('without questions it has no terminal and starts at once', () => {
    const school = platform();
    new Task(school, 'create', { ...program, command, onDemand: true });
    const [only] = object(school, 'CronJob/create').spec.jobTemplate.spec.template.spec.containers;
    expect(only.command).toEqual(command);
    expect(only).not.toHaveProperty('tty');
  });
});

test.each<[string, Partial<TaskProps>, string]>([
  [
    'questions that nobody is there to answer',
    { interactive: true, command: ['ask'] },
    'expected `interactive` of create to come with `onDemand`, got it alone: nobody is there to answer',
  ],
  [
    'questions of a program that it cannot hold back',
    { interactive: true, onDemand: true },
    'expected `command` of create to be given with `interactive`, got none: it waits for a person before it starts',
  ],
])('refuses %s', (_, props, message) => {
  expect(() => new Task(platform(), 'create', { ...program, ...props })).toThrow(new Error(message));
});

test('a task without schedule runs once', () => {
  const school = platform();
  new Task(school, 'seed', program);
  expect(object(school, 'Job/seed').spec).toMatchObject({ backoffLimit: 3, activeDeadlineSeconds: 1800 });
  expect(labelsOf(school)).not.toContain('CronJob/seed');
});

test('a task with the name of a service is refused', () => {
  const school = platform();
  service(school, 'seed');
  expect(() => new Task(school, 'seed', program)).toThrow(
    new Error('expected one workload with the name `seed`, got two'),
  );
});
