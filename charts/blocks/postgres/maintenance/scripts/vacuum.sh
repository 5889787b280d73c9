# Gives the room of dead rows back and counts anew what the planner goes by, table after table.
. "${BASH_SOURCE[0]%/*}/common.sh"
what=pg_table_size

list strangers.sql
[ "${#answer[@]}" = 0 ] || echo "left to their owners: $(joined "${answer[@]}")"
list tables.sql
each ${answer[@]+"${answer[@]}"}
finish table vacuumed
