# Reads every file of every repository back. pgBackRest ends with 0 whatever it finds, so its report is read; and it sees
# no gap in the write-ahead log, so the names are counted.
set -u
. /scripts/common.sh
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

from() { pgbackrest "$1" --repo="$repository" --log-level-console=off "${@:2}"; }

# Of every timeline: when it began, in the words of its history.
histories() {
  local name archive=archive/$PGBACKREST_STANZA
  grep -oE '[0-9]+-[0-9]+/[0-9A-F]{8}\.history' "$work/log" | sort -u | while read -r name; do
    echo "$name $(from repo-get "$archive/$name" < /dev/null | grep -E '^[0-9]+' | tail -1)"
  done
}

# In files, for a command takes no argument and no variable of more than 128 KiB.
gaps() {
  from repo-ls --recurse --output=json "archive/$PGBACKREST_STANZA" > "$work/log"
  histories > "$work/histories"
  python3 -I /scripts/repository.py gaps "$work/log" "$work/histories" < "$work/state"
}

for repository in $REPOSITORIES; do
  state "$repository" > "$work/state"
  label=$(python3 -I /scripts/repository.py label < "$work/state") || { failed=1; continue; }
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
  run annotate --repo="$repository" --set="$label" --annotation="verified=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --log-level-console=warn || failed=$?
done
[ "$failed" = 0 ] && echo 'every repository is whole'
exit "$failed"
