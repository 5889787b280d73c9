import { Postgres } from '../../charts/blocks/postgres/postgres';
import { DatabaseTask, type DatabaseTaskProps } from '../../charts/blocks/postgres/task';
import { Release } from '../../charts/blocks/release';
import { database, everyPropReachesTheOutput, object, platform } from '../support/testing';

function school() {
  const scope = platform();
  const postgres = new Postgres(scope, 'postgres', database);
  new Release(scope, 'migration', { database: postgres, sql: 'select 1;' });
  const props: Required<DatabaseTaskProps> = {
    database: postgres,
    schedule: '17 * * * *',
    sql: 'delete from sessions where expired;',
    deadlineSeconds: 600,
  };
  new DatabaseTask(scope, 'cleanup', props);
  return scope;
}

const job = 'spec.jobTemplate.spec';
const pod = () => object(school(), 'CronJob/cleanup').spec.jobTemplate.spec.template.spec;

describe('a task of a database with every prop', () => {
  everyPropReachesTheOutput<DatabaseTaskProps>(school, {
    database: ['NetworkPolicy/cleanup', 'spec.egress.1.ports', [{ protocol: 'TCP', port: 6432 }]],
    schedule: ['CronJob/cleanup', 'spec.schedule', '17 * * * *'],
    sql: ['ConfigMap/cleanup', ['data', 'task.sql'], 'delete from sessions where expired;'],
    deadlineSeconds: ['CronJob/cleanup', `${job}.activeDeadlineSeconds`, 600],
  });
});

test('HWO-03 it runs its file under a role of its own and ends at the first mistake', () => {
  const [{ command, env, volumeMounts }] = pod().containers;
  expect(command).toEqual(expect.arrayContaining(['psql', 'ON_ERROR_STOP=1', '/sql/task.sql']));
  expect(env).toContainEqual({ name: 'PGUSER', value: 'cleanup' });
  expect(volumeMounts).toContainEqual({ name: 'cleanup', mountPath: '/sql', readOnly: true });
});

test('ALL-27 it waits for the release, like every client', () => {
  expect(pod().initContainers.map(({ name }: { name: string }) => name)).toEqual(['await-release']);
});
