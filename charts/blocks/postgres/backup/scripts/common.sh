# What the scripts beside this one share. REPOSITORIES: the numbers of the repositories, `1 2`.

# Runs pgBackRest with its exit code; adds a remedy where its own words have none.
run() {
  local status said=/tmp/said
  # What a wrong passphrase makes of a file is not fit to print.
  pgbackrest "$@" 2>&1 | LC_ALL=C tr -cd '[:print:]\n' | tee "$said"
  status=${PIPESTATUS[0]}
  [ "$status" = 0 ] || explain "$status" "$(cat "$said")" >&2
  return "$status"
}

explain() {
  case "$1 $2" in
    *'found outside of section'* | *CryptoError*)
      echo 'expected the passphrase to open the repository, got another one: restore the former value of its Secret' ;;
    28\ * | 51\ *)
      echo 'expected the repository to belong to this cluster, got the backups of another: restore them, or move them away, see docs/runbooks/backups.md' ;;
    56\ * | 27\ *)
      echo 'expected a primary among the members, got none that answers: see the pods of the database' ;;
    58\ *)
      echo 'expected the primary to have written a checkpoint, got one that was promoted just now: the next try will do' ;;
    82\ *)
      echo 'expected write-ahead log to arrive in the repository in time, got none: see the log of the primary for archive-push' ;;
    50\ *)
      echo 'expected nobody else to work on the repository, got a lock: another backup is running' ;;
  esac
}

# The state of one repository, for repository.py.
state() {
  pgbackrest info --repo="$1" --output=json --log-level-console=off
}

# Makes the place for backups in a repository that has none. In one that has it nothing is to be done, and the command
# would wait in vain for the lock of the primary's archiving.
prepare() {
  local repository
  for repository in $REPOSITORIES; do
    if state "$repository" | python3 -I /scripts/repository.py new; then
      run stanza-create --log-level-console=warn
      return
    fi
  done
}
