import { stringify } from 'yaml';
import { role } from '../backup/configuration';

/** The superuser's, in the database that every server has: no restore of an application's database is needed to read it. */
const schema = 'slipway_backup';
const record = `${schema}.record_drill(int, text, boolean, int, bigint, bigint, bigint, text)`;

/**
 * SQL for psql in the database `postgres`, run by the superuser as often as it likes: what became of each backup that was
 * restored for proof. The Jobs add to it and cannot change it, the exporter's role reads it (ALL-18).
 */
export const drillsSql = (monitor: string): string => `create schema if not exists ${schema};
create table if not exists ${schema}.drills (
  finished_at timestamptz not null default now(),
  repository int not null,
  label text,
  succeeded boolean not null,
  seconds int not null,
  bytes bigint,
  state_age_seconds bigint,
  newest_row_age_seconds bigint,
  problem text
);
-- As it was before the age of the newest row was noted.
alter table ${schema}.drills
  add column if not exists state_age_seconds bigint, add column if not exists newest_row_age_seconds bigint;
drop function if exists ${schema}.record_drill(int, text, boolean, int, bigint, bigint, text);
create or replace function ${schema}.record_drill(
  repository int, label text, succeeded boolean, seconds int, bytes bigint, state_age bigint, row_age bigint, problem text
) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $drill$
  insert into ${schema}.drills (repository, label, succeeded, seconds, bytes, state_age_seconds, newest_row_age_seconds, problem)
    values (repository, label, succeeded, seconds, bytes, state_age, row_age, problem)
$drill$;
revoke all on schema ${schema} from public;
revoke all on function ${record} from public;
grant usage on schema ${schema} to ${role}, ${monitor};
grant execute on function ${record} to ${role};
grant select on ${schema}.drills to ${monitor};
`;

const gauge = (description: string) => ({ usage: 'GAUGE', description });

/**
 * queries.yaml of the exporter: the last drill of each repository as metrics `slipway_backup_drill_…{repository="1"}`.
 *
 * Source: postgres_exporter's documentation, "extend.query-path": deprecated since 0.13, there in 0.20.
 */
export const drillQueries = stringify({
  slipway_backup_drill: {
    query:
      'select distinct on (repository) repository::text, succeeded::int as success, ' +
      'extract(epoch from finished_at)::bigint as finished_timestamp_seconds, seconds as duration_seconds, ' +
      'coalesce(bytes, 0) as restored_bytes, coalesce(state_age_seconds, 0) as data_age_seconds, ' +
      'newest_row_age_seconds ' +
      `from ${schema}.drills order by repository, finished_at desc`,
    // A replica says the same a moment later.
    master: true,
    metrics: [
      { repository: { usage: 'LABEL', description: 'Number of the repository' } },
      { success: gauge('1 when the newest backup was restored and whole') },
      { finished_timestamp_seconds: gauge('When the last drill ended') },
      { duration_seconds: gauge('How long it took') },
      { restored_bytes: gauge('Size of the databases that it restored') },
      { data_age_seconds: gauge('Age of the restored state when it could be read') },
      { newest_row_age_seconds: gauge('Age of the newest time in a table then; NaN where no table has one') },
    ],
  },
});
