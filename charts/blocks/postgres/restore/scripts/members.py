"""Puts a copy of the database in the place of the live one: on member 0, from which the others are made anew."""

import json
import os
import subprocess
import time

import kubernetes
from archive import Problem, say, undisturbed
from server import control

CONFIG = os.environ.get("PATRONICTL_CONFIG_FILE", "/etc/patroni")
KIND = "statefulsets"
PATIENCE_OF_LOG = 120
IDENTITY = ["-c", "select system_identifier from pg_control_system()"]
# A transaction of its own, behind every moment that somebody can name: recovery to a moment ends at the next one.
MARK = ["-c", "select pg_current_xact_id()", "-c", "select pg_walfile_name(pg_switch_wal())"]


class Cluster:
    def __init__(self):
        self.name = os.environ["SCOPE"]
        self.members = int(os.environ["MEMBERS"])
        self.first = f"{self.name}-0"
        self.replaced = None
        # Whether the state of the members may be gone: whoever started then would be the primary.
        self.forgotten = False

    def patronictl(self, command, *arguments):
        done = subprocess.run(
            ["patronictl", "-c", CONFIG, command, self.name, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            raise Problem(f"patronictl {command}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        return done.stdout.strip()

    def states(self):
        """What Patroni knows of each member; of one that has just begun it may be the name alone."""
        return json.loads(self.patronictl("list", "--format", "json") or "[]")

    def leader(self):
        return next((each["Member"] for each in self.states() if each["Role"] == "Leader" and each.get("State") == "running"), None)

    def hand_over(self):
        """Member 0 becomes the primary: the data that are kept shall be the newest. Before the copy is made, for this
        begins a timeline, and so does the copy."""
        leader = self.leader()
        if leader in (self.first, None):
            say(f"{leader} is the primary" if leader else "there is no primary: going on without")
            return
        say(f"{leader} hands over to {self.first}")
        try:
            # As orderly as a switchover, which takes the synchronous replica alone.
            self.patronictl("failover", "--candidate", self.first, "--force")
            kubernetes.wait(f"{self.first} to be the primary", lambda: self.leader() == self.first, 120)
        except Problem as problem:
            raise Problem(
                f"expected {leader} to hand over to {self.first}, whose data are kept, got: {problem}: the newest data would be "
                f"lost with {leader}. Mend {self.first} first, `patronictl reinit {self.name} {self.first}`; to do without those "
                f"data, scale {self.name} to 0 and start the restore again"
            ) from None

    def flush_log(self, system):
        """Log of this minute travels now. Whoever restores a database that is gone does without; the newest data of one
        that is there are not dropped for older ones, unless a moment was named."""
        done = subprocess.run(["psql", "-XAtq", *IDENTITY, *MARK], capture_output=True, text=True)
        if done.returncode != 0:
            say("the primary does not answer: restoring what had left it before")
            return
        own, _, segment = done.stdout.split()
        if int(own) != system:
            say("the primary is of another cluster than the backups: there is no log of it to wait for")
            return
        deadline = time.monotonic() + PATIENCE_OF_LOG
        archived = f"select pg_walfile_name(pg_current_wal_lsn()), last_archived_wal >= '{segment}' from pg_stat_archiver"
        while time.monotonic() < deadline:
            answer = subprocess.run(["psql", "-XAtqc", archived], capture_output=True, text=True).stdout.strip()
            if answer.endswith("|t"):
                say("the log of this minute is in the repository")
                return
            time.sleep(1)
        late = f"the primary has not sent {segment} within {PATIENCE_OF_LOG} s"
        if os.environ["TARGET"] == "latest":
            raise Problem(f"{late}, and `latest` would be older than what it serves: see its log for archive-push, or name a moment")
        say(f"{late}: restoring what had left it before")

    def replace(self, copy, timeline, repository):
        """From here on the live database is away. Until the restored one serves, a failure brings it back as it was."""
        folders = Exchange(os.environ["PGDATA"], copy)
        try:
            say(f"stopping the members of {self.name}")
            self.halt()
            self.replaced = folders.replaced()
            self.refuse_a_twin(folders.data, timeline, repository)
            folders.tidy()
            # Before the names change: a member that found the former state would take the restored data for old ones.
            self.forgotten = True
            kubernetes.forget(self.name)
            folders.exchange()
            say(f"{self.first} starts with the restored data")
            self.lead()
        except BaseException as error:
            with undisturbed():
                self.undo(error, folders, timeline, repository)
            raise
        say(f"the restored data serve, and the data of before are kept in {folders.kept}")

    def halt(self):
        for members in (1, 0):
            # One after the other, so that none takes over from the primary as it ends.
            kubernetes.scale(KIND, self.name, members)
            kubernetes.wait(f"{members} members", lambda: len(kubernetes.pods(self.name)) <= members)

    def undo(self, error, folders, timeline, repository):
        """The data of before serve again, unless somebody may have written to the restored ones."""
        try:
            if self.forgotten:
                say("going back to the data of before")
                self.halt()
                repository.read()
                if max(repository.history) >= timeline:
                    raise Problem(f"expected nobody to have written to the restored data, got log of timeline {timeline}")
                folders.put_back()
                if not os.path.exists(folders.data):
                    raise Problem("there are no data of before to go back to: start the restore again")
                kubernetes.forget(self.name)
                self.lead()
            kubernetes.scale(KIND, self.name, self.members)
        except Problem as problem:
            raise Problem(
                f"{error}\n{problem}\nNothing is lost: {self.first} serves {folders.data} when it starts; {folders.kept} "
                f"beside it, if it is there, are the data of before. Scale {self.name} to 1, see why {self.first} does not become "
                f"the primary; when it does, scale {self.name} to {self.members}"
            ) from None
        say("nothing is changed: the database has the data of before")

    def refuse_a_twin(self, data, timeline, repository):
        """Two timelines of one number would spoil the repository: the primary has changed while the copy was made."""
        repository.read()
        # Timelines of another cluster have numbers of their own.
        now = 0 if self.replaced else int(control(data).get("Latest checkpoint's TimeLineID", "0"))
        newest = max([now, *repository.history])
        if newest >= timeline:
            raise Problem(f"expected nobody else to become the primary meanwhile, got timeline {newest}: start the restore again")

    def lead(self):
        """Member 0 alone, before another can become the primary."""
        kubernetes.scale(KIND, self.name, 1)
        kubernetes.wait(f"{self.first} to be the primary", lambda: self.leader() == self.first)

    def follow(self):
        """The others take the data of member 0."""
        try:
            if self.replaced:
                kubernetes.replace(self.name, self.replaced)
            kubernetes.scale(KIND, self.name, self.members)
            for number in range(1, self.members):
                self.renew(f"{self.name}-{number}")
            kubernetes.wait(f"{self.members} healthy members", self.whole)
            if self.replaced:
                kubernetes.replace(self.name, None)
        except Problem as problem:
            raise Problem(
                f"{problem}\nThe restored data serve on {self.first}. A member that does not follow is made anew by "
                f"`patronictl reinit {self.name} MEMBER`; take a backup then"
            ) from None
        say("every member has the restored data")

    def renew(self, member):
        """The data of a replica are of another past: it takes the primary's."""
        kubernetes.wait(f"{member} to start", lambda: member in [each["Member"] for each in self.states()])
        if self.replaced:
            # It had begun anew by itself, for Patroni would not have started with its data.
            return
        say(f"{member} is made anew from {self.first}")
        kubernetes.wait(f"{member} to begin anew", lambda: self.patronictl("reinit", member, "--force") or True)

    def whole(self):
        """One primary, replicas that stream, one of them synchronous, all on one timeline."""
        states = self.states()
        roles = sorted(each["Role"] for each in states if each.get("State") in ("running", "streaming"))
        expected = ["Leader"] + (["Replica"] * (self.members - 2) + ["Sync Standby"] if self.members > 1 else [])
        return roles == sorted(expected) and len({each.get("TL") for each in states}) == 1


class Exchange:
    """The copy takes the place of the data, which are kept beside it; each step may be the last, and is undone alike."""

    def __init__(self, data, copy):
        self.data = data
        self.copy = copy
        self.kept = f"{data}.before-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        # Of a first start that has not come to its end: member 0 would put the copy away with it.
        self.mark = f"{data}.initializing"
        self.begun = False

    def replaced(self):
        """The system of the data, when the copy is of another one: what took the place of a lost cluster."""
        own, copied = (control(folder).get("Database system identifier") for folder in (self.data, self.copy))
        return own if own != copied else None

    def tidy(self):
        """Removes from the copy what belongs to a former life of its files."""
        for name in ("postmaster.pid", "postmaster.opts", "patroni.dynamic.json", "recovery.signal", "standby.signal"):
            if os.path.exists(os.path.join(self.copy, name)):
                os.remove(os.path.join(self.copy, name))

    def exchange(self):
        """The copy becomes the data, and the data are kept. A first start that was interrupted was not the copy's."""
        self.begun = os.path.exists(self.mark)
        if self.begun:
            os.remove(self.mark)
        if os.path.exists(self.data):
            os.rename(self.data, self.kept)
        os.rename(self.copy, self.data)

    def put_back(self):
        """Each folder where it was, from whatever step."""
        if not os.path.exists(self.copy):
            os.rename(self.data, self.copy)
        if os.path.exists(self.kept):
            os.rename(self.kept, self.data)
        if self.begun:
            open(self.mark, "w").close()
