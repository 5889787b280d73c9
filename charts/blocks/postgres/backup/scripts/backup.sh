# backup.sh full|incr
# Takes a backup into every repository, tries all of them, and fails when one fails: what passes is tried again here, for
# a Job that began anew would take one more where there is one already. Each backup carries how many rows
# the tables had at a restore point that is named in it, so that a drill can restore to that very moment and compare.
set -u
. /scripts/common.sh
failed=0

thrice() {
  local tries status
  for tries in 2 1 0; do
    "$@" && return
    status=$?
    [ "$tries" = 0 ] || sleep "${PAUSE:-20}"
  done
  return "$status"
}

prepare || failed=$?
taken=''
for repository in $REPOSITORIES; do
  if thrice run backup --type="$1" --repo="$repository"; then taken="$taken $repository"; else failed=$?; fi
done
[ -n "$taken" ] || exit "$failed"

point="slipway-$(date -u +%Y%m%dT%H%M%SZ)"
rows=$(thrice psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --set point="$point" --file /scripts/rows.sql) || exit 1
for repository in $taken; do
  label=$(state "$repository" | python3 -I /scripts/repository.py label) || exit 1
  run annotate --repo="$repository" --set="$label" --annotation="rows=$rows" --log-level-console=warn || failed=$?
  echo "repository $repository holds $label, and it says how many rows there were at $point"
done
exit "$failed"
