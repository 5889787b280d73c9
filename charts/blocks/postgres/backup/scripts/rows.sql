-- One snapshot: the restore point is written the moment it is taken, however long the counting lasts.
begin isolation level repeatable read;
select pg_create_restore_point(:'point') as lsn \gset
select jsonb_build_object('point', :'point', 'lsn', :'lsn', 'at', now(), 'database', current_database())
  || slipway_backup.rows();
commit;
-- It travels now, not when its segment is full.
select pg_switch_wal() as lsn \gset
