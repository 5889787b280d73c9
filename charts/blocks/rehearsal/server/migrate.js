'use strict';

/*
 * Plays the schema migration of a release, so that the order of things (migration first, then the rollout) and a failure in the
 * middle can be rehearsed. DATABASE_URL, RELEASE; REHEARSAL_MIGRATION_SQL is run as well, inside the same transaction.
 */

const { refuse } = require('./config.js');
const { describe, log, redact } = require('./log.js');
const { Postgres } = require('./postgres.js');

/** @param {string} text */
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

/**
 * @param {string} url
 * @param {string} release
 * @param {string | undefined} sql
 */
async function migrate(url, release, sql) {
  const postgres = await Postgres.connect({ url }, AbortSignal.timeout(60_000));
  try {
    await postgres.query('begin');
    // Two migrations at once would both find no table, and one would fail: the second waits here instead.
    await postgres.query(`select pg_advisory_xact_lock(hashtext('rehearsal_migrations'))`);
    await postgres.query(
      'create table if not exists rehearsal_migrations' +
        ' (release text primary key, applied_at timestamptz not null default now())',
    );
    const inserted = await postgres.query(
      `insert into rehearsal_migrations (release) values (${literal(release)}) on conflict do nothing returning release`,
    );
    if (sql) await postgres.query(sql);
    await postgres.query('commit');
    log('migrated', { release, new: inserted.length === 1 });
  } catch (error) {
    // If the connection itself is gone, the server rolls back on its own.
    await postgres.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    postgres.close();
  }
}

const { DATABASE_URL = '', RELEASE = '', REHEARSAL_MIGRATION_SQL } = process.env;
refuse([
  ...(DATABASE_URL ? [] : ['expected DATABASE_URL to be set, got nothing']),
  ...(RELEASE ? [] : ['expected RELEASE to be set, got nothing']),
]);
migrate(DATABASE_URL, RELEASE, REHEARSAL_MIGRATION_SQL).catch((error) => {
  const password = URL.canParse(DATABASE_URL) ? new URL(DATABASE_URL).password : '';
  process.stderr.write(`release ${RELEASE} was rolled back: ${redact(describe(error), [password])}\n`);
  process.exitCode = 1;
});
