# push.sh SEGMENT
# PostgreSQL's archive_command: brings a segment of write-ahead log to every repository, to each by a configuration of its
# own. One configuration for all would stop at the first failure (pgBackRest from 2.60), and PostgreSQL asks for
# the oldest segment again until it succeeds: a bucket that is away would keep all later log from the volume. So those
# that have the segment are asked for the newest that waits, and take what lies between with it.
set -u

# push REPOSITORY SEGMENT, without the passphrases of the others: they would count as repositories
push() (
  for name in "${!PGBACKREST_REPO@}"; do
    [[ $name == "PGBACKREST_REPO$1_"* ]] || unset "$name"
  done
  PGBACKREST_CONFIG="/etc/pgbackrest/push-$1.conf" exec pgbackrest --stanza=db archive-push "$2"
)

failed=0
reached=''
for configuration in /etc/pgbackrest/push-*.conf; do
  number=${configuration##*push-}
  number=${number%.conf}
  if push "$number" "$1"; then reached="$reached $number"; else failed=$?; fi
done
[ "$failed" != 0 ] || exit 0

waiting=(pg_wal/archive_status/*.ready)
newest=$(basename "${waiting[-1]}" .ready)
for number in $reached; do push "$number" "pg_wal/$newest"; done
exit "$failed"
