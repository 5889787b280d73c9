import { clientFolder } from '../../charts/blocks/authority';
import { Maintenance, weekly, type MaintenanceProps } from '../../charts/blocks/postgres/maintenance/maintenance';
import { psqlProgram, type Login } from '../../charts/blocks/postgres/login';
import { Service } from '../../charts/blocks/service';
import { everyPropReachesTheOutput, object, platform, program } from '../support/testing';

const login: Login = {
  host: 'postgres-primary',
  role: 'teacher',
  password: { secret: 'postgres', key: 'DB_PASSWORD' },
  database: 'grades',
};
const image = 'docker.io/percona/postgresql:17.9';

function school() {
  const scope = platform();
  new Service(scope, 'postgres', { ...program, port: 5432 });
  const props: Required<MaintenanceProps> = {
    schedules: { vacuum: '1 3 * * 6', reindex: '1 3 * * 0' },
    program: (workload, name, command, more) => psqlProgram(scope, workload, name, { image, command, login }, more),
    server: 'postgres',
    port: 5433,
    user: 26,
    lockSeconds: 7200,
    deadlineSeconds: 20_000,
  };
  new Maintenance(scope, 'maintenance', props);
  return scope;
}

const job = 'spec.jobTemplate.spec';
const pod = (kind: string) => object(school(), `CronJob/postgres-${kind}`).spec.jobTemplate.spec.template.spec;

describe('maintenance of a database with every prop', () => {
  everyPropReachesTheOutput<MaintenanceProps>(school, {
    schedules: ['CronJob/postgres-reindex', 'spec.schedule', '1 3 * * 0'],
    program: ['CronJob/postgres-vacuum', `${job}.template.spec.containers.0.image`, image],
    server: [
      'NetworkPolicy/postgres-vacuum',
      'spec.egress.1.to.0.podSelector.matchLabels',
      { 'app.kubernetes.io/name': 'postgres' },
    ],
    port: ['NetworkPolicy/postgres-reindex', 'spec.egress.1.ports', [{ protocol: 'TCP', port: 5433 }]],
    user: ['CronJob/postgres-vacuum', `${job}.template.spec.securityContext.runAsUser`, 26],
    lockSeconds: ['CronJob/postgres-vacuum', `${job}.template.spec.containers.0.command.3`, '7200'],
    deadlineSeconds: ['CronJob/postgres-reindex', `${job}.activeDeadlineSeconds`, 20_000],
  });
});

describe.each(['vacuum', 'reindex'])('ALL-14 the Job of %s', (kind) => {
  test('takes the lock of the backups around its script', () => {
    const [{ command }] = pod(kind).containers;
    expect(command).toEqual(['bash', '/scripts/with-lock.sh', 'backup', '7200', 'bash', `/scripts/${kind}.sh`]);
  });

  test('logs in to the primary as the owner, and shows a certificate of its own', () => {
    const [{ env, volumeMounts }] = pod(kind).containers;
    expect(env).toEqual(
      expect.arrayContaining([
        { name: 'PGHOST', value: 'postgres-primary' },
        { name: 'PGUSER', value: 'teacher' },
        { name: 'PGSSLMODE', value: 'verify-full' },
        { name: 'PGTARGETSESSIONATTRS', value: 'read-write' },
      ]),
    );
    expect(volumeMounts).toContainEqual({
      name: `postgres-${kind}-client-tls`,
      mountPath: clientFolder,
      readOnly: true,
    });
  });

  test('has every file that its script reads', () => {
    const { data } = object(school(), 'ConfigMap/postgres-maintenance');
    const text = `${data?.[`${kind}.sh`]}${data?.['common.sh']}`;
    const read = [...text.matchAll(/[\w-]+\.(?:sql|sh)\b/g)].map(([name]) => name);
    expect(read).toEqual(expect.arrayContaining(['common.sh', 'strangers.sql']));
    expect(read.filter((name) => !data?.[name])).toEqual([]);
    expect(pod(kind).containers[0].volumeMounts).toContainEqual(
      expect.objectContaining({ name: 'postgres-maintenance', mountPath: '/scripts' }),
    );
  });
});

test('TDA-17 GOV-05 both run once a week, on another day each, when the full backup of two o’clock has begun', () => {
  expect(Object.values(weekly)).toEqual(['0 3 * * 6', '0 3 * * 0']);
});
