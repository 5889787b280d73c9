import { accountsSql } from '../../charts/blocks/postgres/accounts';

const grades = { database: 'grades', owner: 'teacher', extensions: [], users: {} };

test('PHY-10 PHY-22 the accounts of two services, without a password in the text', () => {
  expect(accountsSql(grades, ['agents-api', 'ml-engine'], 'monitor')).toMatchSnapshot();
});

test('PHY-22 without services there are the owner and those of the server itself', () => {
  const sql = accountsSql(grades, [], 'monitor');
  const made = [...sql.matchAll(/create role %I', '(\w+)'/g)].map(([, role]) => role);
  expect(made).toEqual(['replicator', 'rewind', 'pooler', 'pgbackrest', 'teacher', 'monitor']);
  expect(sql).toContain('grant connect on database grades to monitor;');
});

test('TDA-05 the accounts of a service with users of less right than the owner', () => {
  const users = { application: 'pupil', backup: 'keeper', replication: 'copyist' };
  expect(accountsSql({ ...grades, extensions: ['postgis'], users }, ['api'], 'monitor')).toMatchSnapshot();
});
