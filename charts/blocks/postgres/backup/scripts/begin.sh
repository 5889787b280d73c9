# begin.sh [SECONDS]
# Brings a new repository into being, log and first backup. Where all is there, it shows that write-ahead log arrives.
# Waits for the primary, and for the role to have its rights, at most SECONDS: a new cluster has them after a while.
set -u
. /scripts/common.sh

ready="select has_function_privilege('slipway_backup.rows()', 'execute')"
deadline=$((SECONDS + ${1:-300}))
until [ "$(psql --no-psqlrc -Atqc "$ready" 2> /tmp/problem)" = t ]; do
  if [ "$SECONDS" -gt "$deadline" ]; then
    echo "expected the primary at $PGHOST to know $PGUSER, got: $(cat /tmp/problem): see the Job of the accounts" >&2
    exit 1
  fi
  sleep 2
done

prepare || exit $?
failed=0
run check --archive-timeout=60 --log-level-console=warn || failed=$?
for repository in $REPOSITORIES; do
  # Log without a backup restores nothing.
  state "$repository" | python3 -I /scripts/repository.py empty || continue
  bash /scripts/with-lock.sh "$LOCK" "$LOCK_SECONDS" bash /scripts/backup.sh full || exit $?
done
exit "$failed"
