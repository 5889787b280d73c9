-- Name and statement. A partitioned table holds no rows, and nobody else counts those of its parts together.
select format('%I.%I', nspname, relname),
  format(case relkind when 'p' then 'analyze %I.%I' else 'vacuum (analyze) %I.%I' end, nspname, relname)
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where (relkind in ('r', 'm') or (relkind = 'p' and not relispartition)) and relpersistence <> 't'
  and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  and pg_has_role(relowner, 'usage')
order by relkind = 'p', 1;
