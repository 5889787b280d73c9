-- What is committed around the restore point is in it or not, whatever a snapshot shows. So it is counted before and after:
-- a table that has as many rows both times had them at the point, of another the figure says what is about right.
select slipway_backup.rows() as before \gset
select pg_create_restore_point(:'point') as lsn, now() as at \gset
-- A commit that waits for its replica is in the log, and not yet to be seen.
select pg_sleep(2) \gset
with counted as (select slipway_backup.rows() as rows),
  compared as (
    select key, after.value, after.value is not distinct from before.value as still
    from counted cross join jsonb_each(rows -> 'exact') as after (key, value)
      left join jsonb_each(:'before'::jsonb -> 'exact') as before (key, value) using (key))
select jsonb_build_object(
    'point', :'point', 'lsn', :'lsn', 'at', :'at', 'database', current_database(),
    'exact', (select coalesce(jsonb_object_agg(key, value), '{}') from compared where still),
    'estimated', rows -> 'estimated' || (select coalesce(jsonb_object_agg(key, value), '{}') from compared where not still))
  from counted;
-- It travels now, not when its segment is full.
select pg_switch_wal() as lsn \gset
