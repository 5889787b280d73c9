'use strict';

/* Makes the table that all rows go to, as the application's role. */

const { Session } = require('./session.js');

const sql = `
  create schema if not exists faults;
  create table if not exists faults.rows (
    writer text, series text, n bigint, at timestamptz not null default clock_timestamp(),
    primary key (writer, series, n)
  )`;

async function main() {
  const session = await Session.open('postgres-primary', 5000);
  await session.query(sql, 5000);
  session.drop();
}

main().catch((error) => {
  process.stderr.write(`expected the table faults.rows to be made, got ${error}\n`);
  process.exitCode = 1;
});
