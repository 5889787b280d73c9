-- What is committed around the restore point is in it or not, whatever a snapshot shows. So it is counted before and after:
-- a table that has as many rows both times, and was not written to, had them at the point; of another the figure says what
-- is about right.
select slipway_backup.rows() as before \gset
select pg_create_restore_point(:'point') as lsn, now() as at \gset
-- A commit that waits for its replica is in the log, and not yet to be seen.
select pg_sleep(2) \gset
with counted as (select slipway_backup.rows() as after, :'before'::jsonb as before),
  compared as (
    select key, now.value, exact and (before -> 'exact' -> key) is not distinct from now.value
      and (before -> 'changes' -> key) is not distinct from after -> 'changes' -> key as still
    from counted cross join (values (true, 'exact'), (false, 'estimated')) kind (exact, name)
      cross join jsonb_each(after -> name) as now (key, value)
    -- A table that was made meanwhile may not be there at the point.
    where before -> 'exact' ? key or before -> 'estimated' ? key)
select jsonb_build_object(
    'point', :'point', 'lsn', :'lsn', 'at', :'at', 'database', current_database(),
    'exact', coalesce(jsonb_object_agg(key, value) filter (where still), '{}'),
    'estimated', coalesce(jsonb_object_agg(key, value) filter (where not still), '{}'))
  from compared;
-- It travels now, not when its segment is full.
select pg_switch_wal() as lsn \gset
