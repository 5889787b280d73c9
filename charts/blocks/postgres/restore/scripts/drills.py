"""The drill: the newest backup of every repository is restored, read and counted, and the result stands on the primary."""

import datetime
import os
import re
import subprocess
import time

import tables
from archive import Damage, Problem, Repository, say
from duplicate import alone, room, served
from target import at_end, noted

RECORD = (
    "select slipway_backup.record_drill(:'repository', nullif(:'label', ''), :'succeeded', :'seconds', "
    "nullif(:'bytes', '')::bigint, nullif(:'age', '')::bigint, nullif(:'row_age', '')::bigint, nullif(:'problem', ''))"
)


def run(folder, repositories):
    failed = [number for number in repositories if not one(folder, number)]
    if failed:
        raise Problem(f"expected every repository to give a whole database, got a problem with {', '.join(failed)}")
    say("every repository gives a whole database")


def one(folder, number):
    begun, result, problem = time.monotonic(), {}, ""
    try:
        with alone(folder):
            restore(folder, number, result)
    except Problem as error:
        problem = str(error)
        say(f"repository {number}: {problem}")
    record(repository=number, problem=problem, seconds=round(time.monotonic() - begun), **result)
    return not problem


def restore(folder, number, result):
    repository = Repository(number)
    backup = repository.backups[-1]
    result["label"] = backup["label"]
    if not noted(backup):
        raise Problem(f"expected {backup['label']} to say how many rows there were, got nothing: take a backup now")
    room(folder, backup)
    say(f"repository {number}: restoring {backup['label']} to {noted(backup)['point']}")
    with served(folder, repository, at_end(backup), durable=False) as (server, _):
        result["bytes"] = server.psql("postgres", "select sum(pg_database_size(oid)) from pg_database")
        result["age"] = age(noted(backup)["at"])
        say(f"the state that was restored is {result['age']} s old")
        youngest = tables.newest_row(server, noted(backup)["database"])
        if youngest:
            result["row_age"], time_of_row, place = youngest
            say(f"its newest time is {time_of_row}, in {place}")
    checked(folder)


def age(at):
    # Python before 3.11 reads no fraction but of three or six digits.
    whole = re.sub(r"\.\d+", "", at)
    return round(time.time() - datetime.datetime.fromisoformat(whole).timestamp())


def checked(folder):
    """Every page of every file, indexes too."""
    done = subprocess.run(["pg_checksums", "--check", "-D", folder], capture_output=True, text=True)
    if done.returncode != 0 and "not enabled" not in done.stderr:
        raise Damage(f"expected every page to have its checksum, got: {done.stderr.strip().splitlines()[0]}")
    say("every page has its checksum")


def record(**columns):
    values = {name: "" for name in ("label", "bytes", "age", "row_age")}
    values.update(columns, succeeded=not columns["problem"])
    sets = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    # Not where the application's tables are: the exporter reads it from the database that every server has.
    command = ["psql", "-XAtq", "--dbname=postgres", "--set", "ON_ERROR_STOP=1", *sets]
    done = subprocess.run(command, input=RECORD, capture_output=True, text=True)
    if done.returncode != 0:
        raise Problem(f"expected the primary to take the result, got: {done.stderr.strip()}")
