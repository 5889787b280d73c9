-- Name and statement. The endings are PostgreSQL's own, for the new index and the old one; a valid index is somebody's.
select format('%I.%I', nspname, index.relname), format('drop index concurrently %I.%I', nspname, index.relname)
from pg_index
  join pg_class index on index.oid = indexrelid
  join pg_namespace on pg_namespace.oid = index.relnamespace
where index.relkind = 'i' and not indisvalid and index.relname ~ '_cc(new|old)[0-9]*$'
  and nspname not in ('pg_catalog', 'information_schema')
  and pg_has_role(index.relowner, 'usage') and has_schema_privilege(nspname, 'usage')
order by 1;
