# Builds every index anew beside the old one, index after index, while the application goes on.
. "${BASH_SOURCE[0]%/*}/common.sh"
what=pg_relation_size

# What a run leaves behind that was stopped: it is of no use, and every write pays for it.
leftovers() {
  list leftovers.sql
  set -- ${answer[@]+"${answer[@]}"}
  while [ $# -ge 2 ]; do
    if ask --command "$2"; then echo "dropped $1, which an interrupted run left"; else failed+=("$1"); fi
    shift 2
  done
}

leftovers
list strangers.sql
[ "${#answer[@]}" = 0 ] || echo "left to their owners: the indexes of $(joined "${answer[@]}")"
list exceptions.sql
[ "${#answer[@]}" = 0 ] || echo "left as they are: $(joined "${answer[@]}")"
list indexes.sql
each ${answer[@]+"${answer[@]}"}
[ "${#failed[@]}" = 0 ] && [ "${#locked[@]}" = 0 ] || leftovers
finish index reindexed
