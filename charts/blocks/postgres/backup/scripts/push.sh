# push.sh SEGMENT
# PostgreSQL's archive_command: brings a segment of write-ahead log to every repository, to each by a configuration of its
# own. One configuration for all would stop at the first failure (pgBackRest from 2.60), and PostgreSQL asks for
# the oldest segment again until it succeeds: a bucket that is away would keep all later log from the volume. So those
# that have the segment are asked for the newest that waits, and take what lies between with it.
set -u
# PostgreSQL names it from its folder, Patroni, before a rewind, from the root.
wal=${1%/*}
waiting=("$wal"/archive_status/*.ready)
# One that waits alone is brought at once: a primary that hands over waits for its last one. Where more wait, a process
# of pgBackRest's takes them together, whose start costs as much again.
together=--archive-async
[ ${#waiting[@]} -gt 1 ] || together=--no-archive-async

# Whether that process still works on what waited a moment ago: it holds a lock that one beside it would not get.
works() { compgen -G "$(sed -n 's/^lock-path=//p' "/etc/pgbackrest/push-$1.conf")/*archive*.lock" > /dev/null; }

# Without the passphrases of the others, which would count as repositories.
push() ( # REPOSITORY SEGMENT
  for name in "${!PGBACKREST_REPO@}"; do
    [[ $name == "PGBACKREST_REPO$1_"* ]] || unset "$name"
  done
  ! works "$1" || together=--archive-async
  PGBACKREST_CONFIG="/etc/pgbackrest/push-$1.conf" exec pgbackrest "$together" archive-push "$2"
)

# A member that was the primary has the end of its timeline as it wrote it; another one may have gone on before that end,
# and the repository has its segment. Nobody needs the former's: the new timeline begins before it.
left() { # SEGMENT
  local own=${1##*/} newest
  newest=$(ls "$wal" | grep -E '^[0-9A-F]{24}$' | sort | tail -1)
  [[ ${own:0:8} < ${newest:0:8} ]]
}

failed=0
reached=''
for configuration in /etc/pgbackrest/push-*.conf; do
  number=${configuration##*push-}
  number=${number%.conf}
  push "$number" "$1"
  status=$?
  if [ "$status" = 45 ] && left "$1"; then
    echo "$1 is of a timeline that was left, and repository $number has another one of it: kept that"
    status=0
  fi
  if [ "$status" = 0 ]; then reached="$reached $number"; else failed=$status; fi
done
[ "$failed" != 0 ] || exit 0

waiting=("$wal"/archive_status/*.ready)
together=--archive-async
newest=$(basename "${waiting[-1]}" .ready)
for number in $reached; do push "$number" "$wal/$newest"; done
exit "$failed"
