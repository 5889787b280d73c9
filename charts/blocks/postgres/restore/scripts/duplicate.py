"""Makes a copy of the database from a repository, in a folder of its own, and proves that it can be used."""

import fcntl
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager

import tables
from archive import Damage, Problem, explained, say
from server import Server


@contextmanager
def alone(folder):
    """One run at a time on this volume; what a former one left behind is removed before and after."""
    leftovers = [folder, f"{folder}.spool"]
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Problem(f"expected nobody else to restore into {folder}, got another run: wait for its end") from None
        try:
            for path in leftovers:
                shutil.rmtree(path, ignore_errors=True)
            yield
        finally:
            for path in leftovers:
                shutil.rmtree(path, ignore_errors=True)


def room(folder, backup):
    needed = backup["info"]["size"] * 1.1
    free = shutil.disk_usage(os.path.dirname(folder)).free
    if needed > free:
        raise Problem(
            f"expected {mebibytes(needed)} of room in {os.path.dirname(folder)} for {backup['label']} beside what is "
            f"there, got {mebibytes(free)}: make the volume larger, or remove what former runs have put aside"
        )


def mebibytes(size):
    return f"{size / 1024 / 1024:,.0f} MiB"


def fetch(folder, repository, label):
    os.makedirs(folder, mode=0o700)
    command = ["pgbackrest", "restore", f"--repo={repository}", f"--set={label}", f"--pg1-path={folder}"]
    # Recovery is ours to describe: nothing of it stands in the folder afterwards.
    command += ["--type=none", "--log-level-console=detail"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said, begun, kept = time.monotonic(), time.monotonic(), []
        for line in run.stdout:
            text = line.decode("utf-8", "replace")
            percent = re.search(r"(\d+)\.\d+%\)", text)
            if not percent:
                kept = (kept + [text])[-20:]
            elif time.monotonic() - said > 5:
                say(f"restoring files: {percent[1]} %")
                said = time.monotonic()
        status = run.wait()
    finally:
        run.terminate()
    if status != 0:
        raise Damage(f"expected {label} to be restored, got: {explained(status, ''.join(kept))}")
    say(f"the files are restored, after {time.monotonic() - begun:.0f} s")


@contextmanager
def served(folder, repository, choice, durable):
    """The copy as a running server, its rows counted and, where there are figures, compared."""
    fetch(folder, repository.number, choice.label)
    server = Server(folder, repository.number, durable)
    try:
        say("replaying write-ahead log")
        newest = repository.newest(choice.timeline) if choice.latest else None
        server.recover(choice, newest)
        reached(server, repository, choice)
        counted = tables.read_all(server)
        if choice.rows:
            tables.compare(counted, choice.rows)
        yield server, counted
    finally:
        server.stop()


def reached(server, repository, choice):
    _, former, position = server.parted()
    last = server.last_transaction
    say(f"recovery ended at {position} of timeline {former}" + (f", after the transaction of {last} UTC" if last else ""))
    if choice.latest:
        repository.reached(former, position)
