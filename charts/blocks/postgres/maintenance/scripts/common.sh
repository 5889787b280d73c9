# What vacuum.sh and reindex.sh share. Where the primary is, and as whom, psql takes from PG*. TABLE_LOCK_SECONDS: how long
# one statement waits for a lock that somebody else holds.
set -u
folder=${BASH_SOURCE[0]%/*}
export PGAPPNAME=maintenance
export PGOPTIONS="${PGOPTIONS:-} -c lock_timeout=${TABLE_LOCK_SECONDS}s -c statement_timeout=0 -c client_min_messages=warning"
failed=() locked=() total=0

ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }

# Answers of a query into an array; a name may hold whatever a name may hold.
list() {
  mapfile -d '' -t answer < <(ask --field-separator-zero --record-separator-zero --file "$folder/$1")
  wait $! || exit 1
}

size() { ask --set VERBOSITY=verbose --set name="$1" --set what="$what" <<< "select pg_size_pretty(:what(to_regclass(:'name')))" 2>&1; }

# Runs one statement; says how long it took and what it made of the size.
#   0: done, or nothing there any more   1: failed   75: somebody holds a lock
statement() {
  local name=$1 sql=$2 begin before said tenths
  begin=${EPOCHREALTIME/[.,]/}
  before=$(size "$name") || { failure "$name" "$before"; return; }
  [ -n "$before" ] || { echo "$name is gone by now"; return; }
  said=$(ask --set VERBOSITY=verbose --command "$sql" 2>&1) || { failure "$name" "$said"; return; }
  [ -z "$said" ] || echo "$said"
  tenths=$(((${EPOCHREALTIME/[.,]/} - begin) / 100000))
  echo "$name: $((tenths / 10)).$((tenths % 10)) s, $before before, $(size "$name") now"
}

failure() {
  local name=$1 said=$2
  # Codes, for the words are in the language of the server: a lock that is not free, a deadlock; no such table or schema.
  if [[ $said =~ (55P03|40P01): ]]; then return 75; fi
  if [[ $said =~ (42P01|42704|3F000): ]]; then echo "$name is gone by now"; return 0; fi
  echo "$name failed: $(sed -nE '/LOCATION:/d; s/^[A-Z]+: +[0-9A-Z]{5}: //; p' <<< "$said" | head -n 3)"
  return 1
}

# Runs pairs of name and statement, and those at the end once more that found a lock.
each() {
  local name sql again=()
  while [ $# -ge 2 ]; do
    name=$1 sql=$2
    shift 2
    total=$((total + 1))
    statement "$name" "$sql"
    case $? in
      75) echo "$name is locked: once more at the end"; again+=("$name" "$sql") ;;
      1) failed+=("$name") ;;
    esac
  done
  set -- ${again[@]+"${again[@]}"}
  while [ $# -ge 2 ]; do
    name=$1 sql=$2
    shift 2
    statement "$name" "$sql"
    case $? in
      75) locked+=("$name") ;;
      1) failed+=("$name") ;;
    esac
  done
}

joined() { local text; text=$(printf ', %s' "$@"); echo "${text:2}"; }

# The last words. One thing that failed fails the run.
finish() {
  local kind=$1 done=$2 status=0
  if [ ${#locked[@]} -gt 0 ]; then
    echo "expected every $kind to be $done, got a lock on $(joined "${locked[@]}") twice: see pg_stat_activity for a transaction that stays open" >&2
    status=1
  fi
  if [ ${#failed[@]} -gt 0 ]; then
    echo "expected every $kind to be $done, got a failure of $(joined "${failed[@]}"): its reason stands above" >&2
    status=1
  fi
  [ "$status" != 0 ] || echo "$done: all of $total"
  exit "$status"
}
