# Shows what every repository holds and which moments can be restored; fails when one cannot be read.
set -u
. /scripts/common.sh
failed=0

for repository in $REPOSITORIES; do
  state=$(state "$repository")
  # Only the names of the newest log are asked for: a month of it is tens of thousands.
  folder=$(python3 -I /scripts/list.py newest "$repository" <<< "$state")
  log='{}'
  [ -z "$folder" ] || log=$(pgbackrest repo-ls --repo="$repository" --output=json --log-level-console=off "$folder")
  LOG=$log python3 -I /scripts/list.py table "$repository" <<< "$state" || failed=1
done
exit "$failed"
