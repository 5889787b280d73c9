-- Tables that are not the owner's: an extension's, the superuser's.
select format('%I.%I', nspname, relname) from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace
where relkind in ('r', 'm', 'p') and relpersistence <> 't'
  and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  and not pg_has_role(relowner, 'usage')
order by 1;
