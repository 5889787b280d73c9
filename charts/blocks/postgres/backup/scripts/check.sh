# Brings a new repository into being, log and first backup; from then on: write-ahead log arrives within a minute, and the
# newest backup of every repository is not older than it should be.
set -u
. /scripts/common.sh
failed=0

prepare || exit $?
run check --archive-timeout=60 --log-level-console=warn || failed=$?
for repository in $REPOSITORIES; do
  # Log without a backup restores nothing.
  state "$repository" | python3 -I /scripts/repository.py empty || continue
  bash /scripts/with-lock.sh backup "$LOCK_SECONDS" bash /scripts/backup.sh full || exit $?
done
for repository in $REPOSITORIES; do
  state "$repository" | python3 -I /scripts/repository.py age "$MAXIMUM_AGE_HOURS" || failed=$?
done
[ "$failed" = 0 ] && echo 'write-ahead log arrives, and every repository has a backup of late'
exit "$failed"
