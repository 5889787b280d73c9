-- Indexes that this cannot build, and why.
select format('%I.%I (%s)', nspname, index.relname, case when indisexclusion
  then 'PostgreSQL builds no exclusion constraint beside the old one' else 'the schema is not open to the owner' end)
from pg_index
  join pg_class index on index.oid = indexrelid
  join pg_namespace on pg_namespace.oid = index.relnamespace
where index.relkind = 'i' and index.relpersistence <> 't'
  and nspname not in ('pg_catalog', 'information_schema')
  and pg_has_role(index.relowner, 'usage') and (indisexclusion or not has_schema_privilege(nspname, 'usage'))
order by 1;
