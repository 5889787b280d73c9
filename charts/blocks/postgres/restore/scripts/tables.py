"""Reads every table of a server that was restored, to its last value, and counts the rows on the way."""

import json
import re

from archive import Damage, say

DATABASES = "select datname from pg_database where datallowconn and datname <> 'template1' order by 1"
# What is read is thrown away by the server: COPY reads every value, those stored out of line too, and every checksum.
# Its name comes first, in one line whatever it is: in a command of psql, such as \echo, a line break would begin another.
READ = r"""
select format('select to_json(%L::text);', format('%I.%I', n.nspname, c.relname)) || E'\n' || case c.relkind
  when 'm' then format('copy (select * from %I.%I) to ''/dev/null'';', n.nspname, c.relname)
  else format('copy %I.%I to ''/dev/null'';', n.nspname, c.relname) end
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and c.relpersistence = 'p' and (c.relkind = 'r' or c.relispopulated) and n.nspname <> 'pg_toast'
order by 1;
"""
# Of tables that are read in a second, as in the figures beside a backup.
NEWEST = r"""
select format(
  'select %1$L, newest::timestamptz, extract(epoch from now() - newest)::bigint from (
    select max(%2$I) newest from %3$I.%4$I where %2$I <= now() and isfinite(%2$I)) found where newest is not null;',
  format('%I.%I.%I', n.nspname, c.relname, a.attname), a.attname, n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where c.relkind = 'r' and c.relpages <= 32768 and n.nspname !~ '^(pg_|information_schema$|slipway)' and a.attnum > 0
  and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype) and not a.attisdropped;
"""


def read_all(server):
    """Rows of each table by database. Ends with the name of a table that cannot be read."""
    counted = {}
    for database in server.psql("postgres", DATABASES).splitlines():
        script = server.psql(database, READ)
        answer, problem = server.script(database, script)
        if problem:
            name = ['"?"', *(line for line in answer.splitlines() if line.startswith('"'))][-1]
            raise Damage(f"expected table {json.loads(name)} of {database} to be readable, got: {problem}")
        found = re.findall(r'^(".*")\nCOPY (\d+)$', answer, re.M)
        counted[database] = {json.loads(name): int(rows) for name, rows in found}
        own = {name: rows for name, rows in counted[database].items() if not re.match("pg_catalog|information_schema", name)}
        say(f"every table of {database} is readable: {len(own)} tables with {sum(own.values())} rows, and the catalogue")
    return counted


def compare(counted, rows):
    """Tables that were counted beside the backup have as many rows as then; those of which it says about how many, some."""
    here, exact, about = counted.get(rows["database"], {}), rows["exact"], rows["estimated"]
    wrong = [f"{name} {here.get(name, 'missing')} instead of {expected}" for name, expected in exact.items() if here.get(name) != expected]
    wrong += [
        f"{name} {here.get(name, 'missing')} instead of about {expected}"
        for name, expected in about.items()
        # An estimate may be of long ago, and a few rows may have come and gone.
        if name not in here or (expected >= 1000 and here[name] == 0)
    ]
    if wrong:
        raise Damage(f"expected as many rows as at {rows['point']}, got {', '.join(sorted(wrong)[:10])}")
    say(f"{len(exact)} tables of {rows['database']} have exactly the rows that were counted at {rows['point']}")
    if about:
        say(f"{len(about)} more, too large to count beside a backup or written to meanwhile, are there and readable")


def newest_row(server, database):
    """The youngest time that stands in a table, as its age in seconds, in words, and where: `public.marks.written_at`."""
    script = server.psql(database, NEWEST)
    lines = (line.split("|") for line in server.script(database, script)[0].splitlines())
    found = [(int(age), time, name) for name, time, age in lines]
    return min(found, default=None)
