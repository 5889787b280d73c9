'use strict';

/*
 * Prints what this pod's journal says since a time, and which acknowledged rows are not in the database.
 * Usage: report.js MILLISECONDS
 */

const journal = require('./journal.js');
const { Session } = require('./session.js');

/** @param {string[]} writers */
async function stored(writers) {
  const session = await Session.open('postgres-primary', 5000);
  const list = writers.map((writer) => `'${writer}'`).join(', ');
  const rows = await session.query(`select writer, series, n from faults.rows where writer in (${list})`, 60_000);
  session.drop();
  return new Set(rows.map((row) => row.join(' ')));
}

async function main() {
  const { entries, failures } = journal.read(Number(process.argv[2]));
  const rows = entries.length > 0 ? await stored([...new Set(entries.map(({ writer }) => writer))]) : new Set();
  const lost = entries.filter(({ writer, series, n }) => !rows.has(`${writer} ${series} ${n}`));
  /** @type {Record<string, number[][]>} */
  const acknowledged = {};
  for (const { series, sent, acked } of entries) (acknowledged[series] ??= []).push([sent, acked]);
  process.stdout.write(JSON.stringify({ acknowledged, lost, failures: summary(failures) }));
}

/**
 * How often each series failed how.
 * @param {ReturnType<typeof journal.read>['failures']} failures
 */
function summary(failures) {
  /** @type {Record<string, Record<string, number>>} */
  const counts = {};
  for (const { series, error } of failures) {
    const own = (counts[series] ??= {});
    own[error] = (own[error] ?? 0) + 1;
  }
  return counts;
}

main().catch((error) => {
  process.stderr.write(`expected a report of the journal, got ${error}\n`);
  process.exitCode = 1;
});
