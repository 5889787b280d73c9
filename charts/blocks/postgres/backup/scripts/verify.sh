# Reads every file of every repository back. pgBackRest ends with 0 whatever it finds, so its report is read; and it sees
# no gap in the write-ahead log, so the names are counted.
set -u
. /scripts/common.sh
failed=0

gaps() {
  local log
  log=$(pgbackrest repo-ls --repo="$repository" --recurse --output=json --log-level-console=off "archive/$PGBACKREST_STANZA")
  STATE=$state python3 -I /scripts/repository.py gaps <<< "$log"
}

for repository in $REPOSITORIES; do
  state=$(state "$repository")
  python3 -I /scripts/repository.py label <<< "$state" > /dev/null || { failed=1; continue; }
  said=$(run verify --repo="$repository" --output=text --verbose --log-level-console=info) || failed=$?
  # Messages name files, some a hundred times; the report stands among them once more.
  grep -vE '^ {30}|INFO: ' <<< "$said"
  broken=''
  if ! grep -qx 'status: ok' <<< "$said"; then
    broken=$(sed -nE "s/.*INFO: ((invalid|file missing|unable) .*)/\\1/p; s/^ +(backup: .*, status: invalid).*/\\1/p" <<< "$said")
    broken=$(sort -u <<< "$broken" | cut -c 1-200 | head -n 20 | paste -sd ';' | sed 's/;/, /g')
    echo "expected repository $repository to be whole, got ${broken:=no report}: take a full backup now, and see whose disk it was" >&2
  fi
  # Segments travel side by side: the newest may be there a moment before the one in front of it.
  gaps 2> /dev/null || { sleep 30; gaps; } || broken='write-ahead log'
  [ -z "$broken" ] || { failed=1; continue; }
  label=$(python3 -I /scripts/repository.py label <<< "$state")
  run annotate --repo="$repository" --set="$label" --annotation="verified=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --log-level-console=warn || failed=$?
done
[ "$failed" = 0 ] && echo 'every repository is whole'
exit "$failed"
