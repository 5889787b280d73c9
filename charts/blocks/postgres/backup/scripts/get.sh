# get.sh FILE PATH
# PostgreSQL's restore_command in a member. A promotion asks for several files of log, one after the other, and must not
# wait: not for what the member has, and not for a repository that is away, perhaps on the node that took the primary
# with it. So a repository has three seconds, and when none answered they are left alone for a while: what a replica
# lacks comes from the primary meanwhile.
set -u
file=$1
own=${TMPDIR:-/tmp}/own-segments
away=${TMPDIR:-/tmp}/repository-away
printf -v now '%(%s)T' -1

# Whether the member has the segment, or its beginning: its first page says of which timeline it is, and from where. The
# name alone does not, for PostgreSQL renames old segments ahead of their use.
begun() {
  local timeline low high name
  read -r timeline low high < <(od -An -t u4 -j 4 -N 12 "pg_wal/$file" 2> /dev/null) || return
  printf -v name '%08X%08X%08X' "$timeline" "$high" $((low >> 24))
  [ "$name" = "$file" ]
}

# Whether to go on with that, for five seconds of twenty. It lacks nothing in whom Patroni promotes, who has all that was
# acknowledged. A replica asks the primary for the rest, and here again: then the primary may have it no more.
suffices() {
  local since=0
  begun || return
  [ ! -s "$own" ] || read -r since < "$own"
  [ $((now - since)) -lt 20 ] || { since=$now; echo "$now" > "$own"; }
  [ $((now - since)) -lt 5 ]
}

# 1 tells PostgreSQL to look into pg_wal itself.
suffices && exit 1
# The history of a timeline is written once, and the member has it of the primary that it followed.
[[ $file != *.history || ! -s pg_wal/$file ]] || exec cp "pg_wal/$file" "$2"

listens() { timeout 1 bash -c ": < /dev/tcp/$1/$2" 2> /dev/null; }

# Which repositories take connections: one that does not would be tried again for all of the three seconds, and the others
# after it.
open=()
silent=
look() {
  local name value host
  while IFS='=' read -r name value; do
    case $name in
      repo*-host) host=$value; continue ;;
      repo*-host-port) value=$host:$value ;;
      repo*-s3-endpoint) [[ $value == *:* ]] || value=$value:443 ;;
      *) continue ;;
    esac
    name=${name#repo}
    if listens "${value%:*}" "${value##*:}"; then open+=("${name%%-*}"); else silent=yes; fi
  done < /etc/pgbackrest/pgbackrest.conf
}

alone() {
  echo "$now" > "$away"
  echo "expected a repository to answer for $file within 3 s, got none: the next 15 s do without" >&2
}

[ ! -s "$away" ] || [ $((now - $(cat "$away"))) -ge 15 ] || exit 1
look
[ ${#open[@]} -gt 0 ] || { alone; exit 1; }
timeout 3 pgbackrest ${silent:+"--repo=${open[0]}"} archive-get "$1" "$2"
status=$?
# 1 is an answer: there is no such file.
[ "$status" -le 1 ] || alone
exit "$status"
