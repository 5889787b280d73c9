"""What one repository holds: backups, timelines and write-ahead log, as pgBackRest tells it."""

import contextlib
import json
import os
import re
import signal
import subprocess

SEGMENT = 16 * 1024 * 1024
IN_A_FILE = 0x100  # segments in the four GiB that share the middle part of their name


class Problem(Exception):
    """What ends a run, in words for whoever started it."""


class Damage(Problem):
    """What ends a run because a backup is not whole."""

    def __init__(self, problem):
        super().__init__(f"{problem}; choose an older backup, or another repository: `slipway backup list` shows them")


def say(text):
    print(text, flush=True)


@contextlib.contextmanager
def undisturbed():
    """Whatever asks this program to end meanwhile has to wait."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def pgbackrest(*arguments):
    done = subprocess.run(["pgbackrest", *arguments, "--log-level-console=error"], capture_output=True)
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    if done.returncode != 0 or re.search("outside of section|CryptoError", out):
        raise Problem(explained(done.returncode, out + err))
    return out


def explained(status, text):
    """pgBackRest's own words where they help, ours where they do not."""
    if re.search("outside of section|CryptoError|unable to flush", text):
        return "expected the passphrase to open the repository, got another one: restore the former value of its Secret"
    # What a wrong key makes of a file is not fit to print.
    printable = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
    lines = [line for line in printable.splitlines() if "ERROR" in line] or printable.splitlines()
    return f"pgBackRest ended with {status}: {' '.join(line.strip() for line in lines[:4]) or 'no word'}"


def own_version():
    """The major version of the server beside this script."""
    said = subprocess.run(["postgres", "--version"], capture_output=True, text=True).stdout
    return re.search(r"\) (\d+)", said)[1]


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def timeline_of(segment):
    return int(segment[:8], 16)


def place_of(segment):
    return int(segment[8:16], 16) * IN_A_FILE + int(segment[16:24], 16)


def segment_at(timeline, place):
    return f"{timeline:08X}{place // IN_A_FILE:08X}{place % IN_A_FILE:08X}"


class Repository:
    """One repository, as it was when this was made."""

    def __init__(self, number):
        self.number = number
        [stanza] = json.loads(pgbackrest("info", f"--repo={number}", "--output=json"), strict=False) or [{}]
        self.backups = [backup for backup in stanza.get("backup", []) if not backup.get("error")]
        if not self.backups:
            state = stanza.get("status", {}).get("message", "nothing")
            raise Problem(f"expected a backup in repository {number}, got {state}: run the Job of the full backup")
        # Where somebody has upgraded the stanza by hand, the former cluster's backups and log stand beside the new one's.
        database = self.backups[-1]["database"]["id"]
        self.backups = [backup for backup in self.backups if backup["database"]["id"] == database]
        [archive] = [each["id"] for each in stanza["archive"] if each["database"]["id"] == database][-1:] or [None]
        served, own = archive.split("-")[0], own_version()
        if served != own:
            raise Problem(f"expected backups of PostgreSQL {own} in repository {number}, got {served}: set postgresVersion to {served}")
        # What initdb gave the cluster that was backed up.
        [self.system] = [each["system-id"] for each in stanza["db"] if each["id"] == database][-1:] or [None]
        self.folder = f"archive/{os.environ['PGBACKREST_STANZA']}/{archive}"
        self.read()

    def read(self):
        listed = json.loads(pgbackrest("repo-ls", f"--repo={self.number}", "--recurse", "--output=json", self.folder))
        found = (re.match(r"\w{16}/(\w{24})-", name) for name in listed)
        self.segments = {match[1] for match in found if match}
        # When the log of a timeline began to arrive: from then on it was the one that served.
        self.since = {1: 0}
        self.history = {1: []}
        for name, file in listed.items():
            if re.fullmatch(r"\w{8}\.history", name):
                timeline = int(name[:8], 16)
                self.since[timeline] = file["time"]
                self.history[timeline] = self.forks(name)

    def forks(self, name):
        """Where the timelines before this one ended: [(timeline, position)]."""
        text = pgbackrest("repo-get", f"--repo={self.number}", f"{self.folder}/{name}")
        lines = (line.split("\t") for line in text.splitlines() if re.match(r"\d+\t", line))
        return [(int(timeline), lsn(position)) for timeline, position, *_ in lines]

    def serving(self, moment):
        """The timeline that leads through a moment. After a restore the log of before stays: it serves for its own time."""
        timeline = max(timeline for timeline, since in self.since.items() if since <= moment)
        heirs = [timeline]
        while heirs:
            timeline = heirs[-1]
            heirs = [other for other in self.history if self.inherits(other, timeline)]
        return timeline

    def inherits(self, timeline, former):
        """Whether a timeline goes on where all log of another ends, as after a failover: nothing was left behind."""
        ended = dict(self.history[timeline][-1:]).get(former)
        newest = self.newest(former)
        return ended is not None and (newest is None or place_of(newest) < ended // SEGMENT)

    def newest(self, timeline):
        """The last segment of a timeline, if it has one."""
        return max((name for name in self.segments if timeline_of(name) == timeline), default=None)

    def leads_to(self, backup, timeline):
        """Whether log leads from a backup to this timeline: it did not end behind the place where they part."""
        own = timeline_of(backup["archive"]["stop"])
        ends = dict(self.history.get(timeline, []))
        return own == timeline or (own in ends and lsn(backup["lsn"]["stop"]) <= ends[own])

    def gap(self, backup, timeline):
        """The first segment that is missing on the way from a backup to the end of a timeline."""
        place = place_of(backup["archive"]["start"])
        way = [*self.history.get(timeline, []), (timeline, None)]
        for each, end in way:
            if each < timeline_of(backup["archive"]["start"]):
                continue
            newest = self.newest(each)
            # The segment in which two timelines part is read from the later one.
            last = end // SEGMENT if end is not None else place_of(newest) + 1 if newest else place
            while place < last:
                if segment_at(each, place) not in self.segments:
                    return segment_at(each, place)
                place += 1
        return None

    def reached(self, timeline, position):
        """A segment that cannot be read is the end of log to PostgreSQL: the newest that was there must be behind it."""
        newest = self.newest(timeline)
        if newest and (lsn(position) - 1) // SEGMENT < place_of(newest):
            last = segment_at(timeline, (lsn(position) - 1) // SEGMENT)
            raise Problem(
                f"expected write-ahead log up to {newest}, got none after {last}: the next segment cannot be read, "
                "run the Job of the verification; restore a moment before it, or the day of a backup"
            )
