import { accountsSql } from '../../charts/blocks/postgres/accounts';

const grades = { database: 'grades', owner: 'teacher', extensions: [], users: {} };

test('PHY-10 PHY-22 the accounts of two services, without a password in the text', () => {
  expect(accountsSql(grades, { writing: ['agents-api', 'ml-engine'] }, 'monitor')).toMatchSnapshot();
});

test('PHY-22 without services there are the owner and those of the server itself', () => {
  const sql = accountsSql(grades, { writing: [] }, 'monitor');
  const made = [...sql.matchAll(/create role %I', '(\w+)'/g)].map(([, role]) => role);
  expect(made).toEqual(['replicator', 'rewind', 'pooler', 'pgbackrest', 'teacher', 'monitor', 'read_only']);
  expect(sql).toContain('grant connect on database grades to monitor, read_only;');
});

test('TDA-05 the accounts of a service with users of less right than the owner', () => {
  const users = { application: 'pupil', backup: 'keeper', replication: 'copyist' };
  expect(accountsSql({ ...grades, extensions: ['postgis'], users }, { writing: ['api'] }, 'monitor')).toMatchSnapshot();
});

test('GOV-04 who reads alone acts as `read_only`, whose name a document may choose', () => {
  const accounts = { writing: ['api'], reading: ['api-reads'] };
  expect(accountsSql(grades, accounts, 'monitor')).toMatchSnapshot();
  const renamed = accountsSql({ ...grades, users: { readOnly: 'visitor' } }, accounts, 'monitor');
  expect(renamed).toContain('grant visitor to api_reads;');
  expect(renamed).not.toMatch(/\bread_only\b/);
});
