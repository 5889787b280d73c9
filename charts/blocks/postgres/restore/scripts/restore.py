"""restore.py live|scratch|drill

Restores the database from a repository: over the live one, beside it to look at, or to prove that it can be done.
TARGET and REPOSITORY say what; CONFIRM, the namespace, that the live database shall go.
"""

import os
import signal
import sys
import time

from archive import Problem, Repository, say
from duplicate import alone, room, served
from target import choose, parsed

FOLDER = f"{os.environ['PGDATA']}.restoring"


def chosen():
    """What to restore, from which repository; every refusal that needs no copy."""
    wanted = parsed(os.environ.get("TARGET"))
    numbers = os.environ["REPOSITORIES"].split()
    number = os.environ.get("REPOSITORY") or numbers[0]
    if number not in numbers:
        raise Problem(f"expected REPOSITORY to be one of {', '.join(numbers)}, got {number}")
    repository = Repository(number)
    choice = choose(wanted, repository, time.time())
    room(FOLDER, choice.backup)
    return repository, choice


def announce(repository, choice):
    say(f"restoring {choice.label} of repository {repository.number}, to {os.environ['TARGET']} on timeline {choice.timeline}")


def scratch():
    keep = int(os.environ.get("KEEP_SECONDS") or 0)
    with alone(FOLDER):
        repository, choice = chosen()
        announce(repository, choice)
        with served(FOLDER, repository, choice, durable=False) as (server, counted):
            for database, tables in counted.items():
                for name, rows in tables.items():
                    if not name.startswith(("pg_catalog.", "information_schema.")):
                        say(f"  {database} {name} {rows}")
            if keep:
                pod, where = f"-n {os.environ['NAMESPACE']} {os.environ['HOSTNAME']}", server.settings["unix_socket_directories"]
                say(f"serving for {keep} s: kubectl exec -it {pod} -- psql -h {where} -U postgres {os.environ['PGDATABASE']}")
                time.sleep(keep)
    say("the copy could be used, and is gone")


def live():
    import door
    import members

    namespace = os.environ["NAMESPACE"]
    parsed(os.environ.get("TARGET"))
    if os.environ.get("CONFIRM") != namespace:
        given = os.environ.get("CONFIRM")
        raise Problem(f"expected CONFIRM={namespace}, for the live database is replaced, got {given or 'none'}")
    with alone(FOLDER):
        former, _ = chosen()
        cluster = members.Cluster()
        with door.closed():
            cluster.hand_over()
            cluster.flush_log(former.system)
            # What the primary has just sent belongs to it.
            repository, choice = chosen()
            announce(repository, choice)
            with served(FOLDER, repository, choice, durable=True) as (server, _):
                timeline = server.parted()[0]
                server.adopt()
            door.refuse_open()
            cluster.replace(FOLDER, timeline, repository)
        cluster.follow()


def drill():
    import drills

    drills.run(FOLDER, os.environ["REPOSITORIES"].split())


def stopped(*_):
    # Not a Problem: nothing that waits shall take it for a passing one.
    sys.exit("stopped from outside")


# Process 1 of a container ignores what it does not handle; which signal ends it, its image decides.
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, stopped)
os.umask(0o077)
try:
    {"live": live, "scratch": scratch, "drill": drill}[sys.argv[1]]()
except Problem as problem:
    sys.exit(str(problem))
