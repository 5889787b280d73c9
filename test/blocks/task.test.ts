import { Task, type TaskProps } from '../../charts/blocks/task';
import { everyPropReachesTheOutput, labelsOf, object, platform, program, service } from '../support/testing';

const container = 'spec.jobTemplate.spec.template.spec.containers.0';

describe('a task with every prop', () => {
  const build = (rehearsal = false) => {
    const school = platform({ rehearsal });
    const props: Required<TaskProps> = {
      image: 'ghcr.io/school/reports:2.0.0',
      size: { cpu: '500m', memory: '512Mi' },
      component: 'batch',
      command: ['report', '--weekly'],
      variables: { RECIPIENT: 'teachers' },
      uses: { store: service(school, 'store', { port: 8200 }) },
      calls: [service(school, 'marks', { port: 8300 })],
      externals: [{ name: 'mail', port: 587 }],
      mounts: [{ path: '/cache', volume: { scratch: 'cache', sizeMiB: 32 } }],
      schedule: '0 6 * * 1',
      deadlineSeconds: 600,
      retries: 0,
      rehearsalScript: 'check.js',
    };
    new Task(school, 'reports', props);
    return school;
  };
  const env = `${container}.env`;
  everyPropReachesTheOutput<Omit<TaskProps, 'rehearsalScript'>>(build, {
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
  });
  everyPropReachesTheOutput<Pick<TaskProps, 'rehearsalScript'>>(() => build(true), {
    rehearsalScript: ['CronJob/reports', `${container}.command`, ['node', '/rehearsal/check.js']],
  });
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
