# with-lock.sh NAME SECONDS COMMAND [ARGUMENT...]
# Runs a command while one session on the primary holds an advisory lock: what takes the same lock never runs at the
# same time, on whatever node. Waits for the lock at most SECONDS. The lock ends with this process, and the command ends
# with the lock. Where the primary is, and as whom, psql takes from PG*. An advisory lock belongs to a database: all who
# share it connect to the same one, and not through a pooler.
set -u
name=$1 seconds=$2
shift 2

# A node that died keeps its lock until the server misses it: after a minute. A run that gave up waiting: two seconds.
PGOPTIONS="${PGOPTIONS:-} -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
export PGOPTIONS="$PGOPTIONS -c client_connection_check_interval=2s"
export PGAPPNAME="lock $name" PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-10}"

network='keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=60000'
coproc SESSION { exec psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --set name="$name" "$network" 2>&1; }
session=$SESSION_PID
exec 3<&"${SESSION[0]}" 4>&"${SESSION[1]}"
trap 'kill "$session" 2> /dev/null' EXIT
trap 'exit 143' TERM INT
# psql sees that its session is lost when it is asked something, and is gone then.
trap '' PIPE

# Asks again and again: who waits inside the server holds a snapshot there, and REINDEX CONCURRENTLY of the run that has
# the lock would wait for it, each for the other.
said=''
try() {
  echo "select case when pg_try_advisory_lock(hashtextextended('slipway ' || :'name', 0)) then 'held' else 'taken' end;" >&4
  while IFS= read -r -u 3 line; do
    case $line in
      held) return 0 ;;
      taken) return 1 ;;
      *) said="$said $line" ;;
    esac
  done
  return 2
} 2> /dev/null

echo 'set idle_session_timeout = 0;' >&4 2> /dev/null
until try; do
  if [ "$?" = 2 ]; then
    echo "expected the primary at ${PGHOST:-the local socket} to answer, got:$said" >&2
    exit 1
  fi
  if [ "$SECONDS" -ge "$seconds" ]; then
    echo "expected the lock \"$name\" to be free within $seconds s, got a run that still holds it: see which Job is running" >&2
    exit 1
  fi
  sleep 1 > /dev/null 2>&1 &
  wait $!
done

# A process group of its own: a stop reaches the program that a script waits for.
trap - PIPE
set -m
"$@" <&0 3<&- 4>&- &
command=$!
set +m
trap 'kill -TERM -- "-$command" 2> /dev/null' TERM INT

trap '' PIPE
while kill -0 "$command" 2> /dev/null; do
  echo 'select 1 \g /dev/null' >&4 2> /dev/null
  if ! kill -0 "$session" 2> /dev/null; then
    echo "expected the lock \"$name\" to be held until the end, got the session lost: stopping what it protects" >&2
    kill -TERM -- "-$command" 2> /dev/null
    wait "$command"
    exit 1
  fi
  sleep 2 > /dev/null 2>&1 &
  wait -n "$command" "$session" $!
done
wait "$command"
status=$?
# The session says goodbye, or the server's log would tell of a client that was lost.
echo '\q' >&4 2> /dev/null
wait "$session"
exit "$status"
