# Write-ahead log arrives within a minute, and the newest backup of every repository is not older than it should be.
set -u
. /scripts/common.sh
failed=0

# A transaction every quarter of an hour: a restore to a moment ends at the first one behind it, even of an idle database.
psql --no-psqlrc --quiet --output /dev/null --command 'select pg_current_xact_id()' || failed=$?
bash /scripts/begin.sh 20 || failed=$?
for repository in $REPOSITORIES; do
  state "$repository" | python3 -I /scripts/repository.py age "$MAXIMUM_AGE_HOURS" || failed=$?
done
# What a restore or a failover brought about has no backup of its own: to all that is written from then on, log leads from
# another past.
timeline=$(psql --no-psqlrc -Atqc 'select left(pg_walfile_name(pg_current_wal_lsn()), 8)') || failed=$?
for repository in $REPOSITORIES; do
  [ -n "$timeline" ] && state "$repository" | python3 -I /scripts/repository.py before "$timeline" || continue
  echo "the primary is on timeline $timeline, the newest backup on another: taking one"
  bash /scripts/with-lock.sh "$LOCK" "$LOCK_SECONDS" bash /scripts/backup.sh incr || failed=$?
  break
done
[ "$failed" = 0 ] && echo 'write-ahead log arrives, and every repository has a backup of late'
exit "$failed"
