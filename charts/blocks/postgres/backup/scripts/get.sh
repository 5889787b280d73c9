# get.sh FILE PATH
# PostgreSQL's restore_command in a member. A promotion asks for several files of log, one after the other, and must not
# wait for a repository that is away, perhaps on the node that took the primary with it. So a repository has three
# seconds, and when none answered they are left alone for a while: what a replica lacks comes from the primary meanwhile.
set -u
away=${TMPDIR:-/tmp}/repository-away
printf -v now '%(%s)T' -1

listens() { timeout 1 bash -c ": < /dev/tcp/$1/$2" 2> /dev/null; }

# Whether a repository takes connections: one that does not would be tried again for all of the three seconds.
reachable() {
  local name value host
  while IFS='=' read -r name value; do
    case $name in
      repo*-host) host=$value ;;
      repo*-host-port) listens "$host" "$value" && return ;;
      repo*-s3-endpoint)
        [[ $value == *:* ]] || value=$value:443
        listens "${value%:*}" "${value##*:}" && return ;;
    esac
  done < /etc/pgbackrest/pgbackrest.conf
  return 1
}

alone() {
  echo "$now" > "$away"
  echo "expected a repository to answer for $file within 3 s, got none: the next 15 s do without" >&2
}

file=$1
[ ! -s "$away" ] || [ $((now - $(cat "$away"))) -ge 15 ] || exit 1
reachable || { alone; exit 1; }
timeout 3 pgbackrest archive-get "$1" "$2"
status=$?
# 1 is an answer: there is no such file.
[ "$status" -le 1 ] || alone
exit "$status"
