#!/bin/sh
# Writes SQL for psql that puts a plain dump, compressed or not, in the place of a schema that has no rows yet: in one
# transaction, all or nothing.
#   sh dump-to-postgres.sh hwo_backup.sql.gz hwo > load.sql
set -eu
file=${1:?expected the path of a dump, .sql or .sql.gz}
schema=${2:?expected the schema that the dump brings, such as public}
refuse() { echo "expected $file to be $1, got $2: $3" >&2; exit 1; }

[ -s "$file" ] || refuse 'a dump' 'nothing there' 'name the file that pg_dump wrote'
case $schema in *[!a-z0-9_]*) echo "expected a schema of lower-case letters, digits and _, got $schema" >&2; exit 1 ;; esac
plain=$(mktemp)
trap 'rm -f "$plain"' EXIT
gzip -dcf "$file" > "$plain" || refuse 'whole' 'an end in its middle' 'take another one'
case $(head -c 5 "$plain") in PGDMP) refuse 'a plain dump' 'one for pg_restore' 'see databases.md, "A dump by hand"' ;; esac
tail -n 20 "$plain" | grep -q '^-- PostgreSQL database dump complete' ||
  refuse 'whole' 'no last line of pg_dump' 'take another one'

cat <<SQL
begin;
do \$\$ declare
  one regclass;
  filled boolean;
begin
  -- What stands elsewhere may depend on what goes with the schema.
  for one in select pg_class.oid from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p') and nspname !~ '^(pg_|information_schema\$|slipway)'
      -- What an extension brings with it is not ours to count.
      and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
  loop
    execute format('lock table %s in access exclusive mode', one);
    execute format('select exists (select from %s)', one) into filled;
    if filled then raise exception 'expected table % to be empty, got rows: nothing is overwritten', one; end if;
  end loop;
end \$\$;
set local client_min_messages to warning;
drop schema if exists $schema cascade;
SQL
[ "$schema" != public ] || echo 'create schema public authorization pg_database_owner;'
cat "$plain"
echo 'commit;'
