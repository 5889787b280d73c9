-- Name and statement. Those of oversized values (TOAST) are there for whoever may name them.
select format('%I.%I', nspname, index.relname), format('reindex index concurrently %I.%I', nspname, index.relname)
from pg_index
  join pg_class index on index.oid = indexrelid
  join pg_namespace on pg_namespace.oid = index.relnamespace
where index.relkind = 'i' and index.relpersistence <> 't' and not indisexclusion
  and nspname not in ('pg_catalog', 'information_schema')
  and pg_has_role(index.relowner, 'usage') and has_schema_privilege(nspname, 'usage')
order by 1;
