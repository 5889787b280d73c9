#!/bin/sh
# Writes SQL for psql that moves the rows of an SQLite file into the empty tables of a database: in one transaction, with
# the rows of every table counted and every foreign key checked before it commits.
#   sh sqlite-to-postgres.sh aigov.db > aigov.sql
set -eu
file=${1:?expected the path of an SQLite file}
[ -s "$file" ] || { echo "expected $file to be an SQLite file, got nothing there" >&2; exit 1; }
ask() { sqlite3 -readonly -bail "$file" "$1"; }

echo 'begin;'
echo 'set local session_replication_role = replica; -- rows come in any order: foreign keys are checked below'
ask "select name from sqlite_schema where type = 'table' and name not like 'sqlite!_%' escape '!' order by 1" |
while read -r table; do
  # The migrations of the new database are its own.
  [ "$table" != alembic_version ] || continue
  columns=$(ask "select group_concat('\"' || name || '\"', ', ') from pragma_table_info('$table')")
  cat <<SQL
do \$\$ begin
  if exists (select from "$table") then raise exception 'expected table $table to be empty, got rows: nothing is overwritten'; end if;
end \$\$;
copy "$table" ($columns) from stdin with (format csv);
SQL
  sqlite3 -readonly -bail -csv "$file" "select * from \"$table\""
  cat <<SQL
\\.
do \$\$ begin
  if (select count(*) from "$table") <> $(ask "select count(*) from \"$table\"") then raise exception 'expected every row of $table'; end if;
end \$\$;
SQL
done
cat <<'SQL'
-- Each row has the one that it refers to.
select format(
    'do $do$ begin if exists (select from %s child where %s and not exists (select from %s parent where %s)) then raise exception %L; end if; end $do$',
    conrelid::regclass, string_agg(format('child.%I is not null', child.attname), ' and '),
    confrelid::regclass, string_agg(format('parent.%I = child.%I', parent.attname, child.attname), ' and '),
    format('expected every row of %s to refer to one of %s', conrelid::regclass, confrelid::regclass))
from pg_constraint
  cross join unnest(conkey, confkey) as keys (child_key, parent_key)
  join pg_attribute child on child.attrelid = conrelid and child.attnum = child_key
  join pg_attribute parent on parent.attrelid = confrelid and parent.attnum = parent_key
where contype = 'f'
group by pg_constraint.oid, conrelid, confrelid
\gexec
-- The next number is above those that came.
select format('do $do$ begin perform setval(%L, max(%I)) from %I.%I having max(%I) is not null; end $do$',
    sequence, column_name, table_schema, table_name, column_name)
from information_schema.columns
  cross join pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name) as sequence
where table_schema = 'public' and sequence is not null
\gexec
commit;
SQL
