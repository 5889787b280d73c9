import { role } from './configuration';

/** The schema that holds what the role may call; the superuser's, so that no client can put its own in its place. */
const schema = 'slipway_backup';
/** A table of at most 256 MiB is counted, which takes a second; of a larger one the planner's estimate is noted. */
const countedPages = (256 * 1024 * 1024) / 8192;

/** Lines of pg_hba.conf and pg_ident.conf: inside a member pgBackRest is the role without a password. */
export const hbaLine = `local all ${role} peer map=pod`;
export const identLine = `pod /^.*$ ${role}`;

/** Rights on functions of the server belong to one database each. */
const functions = (...names: readonly string[]): string =>
  `select format('grant execute on function %s to ${role}', oid::regprocedure) from pg_proc
  where pronamespace = 'pg_catalog'::regnamespace and proname in (${names.map((name) => `'${name}'`).join(', ')}) \\gexec
`;
const markers = ['pg_create_restore_point', 'pg_switch_wal'];

/**
 * SQL for psql in the database `postgres`, run by the superuser as often as it likes: what pgBackRest calls, and no
 * table. The role itself is made with the others; it has a password for the Jobs, which take a lock and count rows.
 */
export const serverGrants = `grant pg_read_all_settings to ${role};
-- Before PostgreSQL 15 the functions that begin and end a backup have other names.
${functions('pg_backup_start', 'pg_backup_stop', 'pg_start_backup', 'pg_stop_backup', ...markers)}`;

/**
 * SQL for psql in the database whose rows are counted beside each backup; run by the superuser. Of PostgreSQL 14 it needs
 * 14.13 or newer, of 15 15.8, of 16 16.4: before them `restrict_nonsystem_relation_kind` is not known (CVE-2024-7348).
 */
export const databaseGrants = (database: string): string => `grant connect on database ${database} to ${role};
create schema if not exists ${schema};
-- Counts for a role that may read no row: policies of rows hold back nothing from the superuser who defines this.
create or replace function ${schema}.rows() returns jsonb
  language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s'
  -- Between its name and its count a table may become a view, whose functions would run as the superuser.
  set restrict_nonsystem_relation_kind = 'view, foreign-table' as $rows$
declare
  relation record;
  counted bigint;
  exact jsonb := '{}';
  estimated jsonb := '{}';
  changes jsonb := '{}';
begin
  for relation in
    select format('%I.%I', n.nspname, c.relname) as name, c.reltuples::bigint as tuples, c.relpages as pages,
      pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_deleted(c.oid) as changes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    -- The figures are an argument of a command: there is an end to its length.
    order by c.relpages desc, 1 limit 1000
  loop
    estimated := estimated || jsonb_build_object(relation.name, relation.tuples);
    continue when relation.pages > ${countedPages};
    begin
      execute 'select count(*) from only ' || relation.name into counted;
      exact := exact || jsonb_build_object(relation.name, counted);
      estimated := estimated - relation.name;
      changes := changes || jsonb_build_object(relation.name, relation.changes);
    exception
      when lock_not_available then null;
      when undefined_table or invalid_schema_name or object_not_in_prerequisite_state then estimated := estimated - relation.name;
    end;
  end loop;
  return jsonb_build_object('exact', exact, 'estimated', estimated, 'changes', changes);
end $rows$;
revoke all on schema ${schema} from public;
revoke all on function ${schema}.rows() from public;
${functions(...markers)}grant usage on schema ${schema} to ${role};
grant execute on function ${schema}.rows() to ${role};
`;
