import { accountsSql } from '../../charts/blocks/postgres/accounts';

test('PHY-10 PHY-22 the accounts of two services, without a password in the text', () => {
  expect(
    accountsSql({ database: 'grades', owner: 'teacher' }, ['agents-api', 'ml-engine'], 'monitor'),
  ).toMatchSnapshot();
});

test('PHY-22 without services there are the owner and the monitor', () => {
  const sql = accountsSql({ database: 'grades', owner: 'teacher' }, [], 'monitor');
  expect(sql.match(/create role %I', '\w+'/g)).toEqual(["create role %I', 'teacher'", "create role %I', 'monitor'"]);
  expect(sql).toContain('grant connect on database grades to monitor;');
});
