"""A PostgreSQL server of this run alone, on a folder that was restored: nobody reaches it but through its socket."""

import os
import re
import subprocess
import tempfile
import time

from archive import Problem, place_of, say

SOCKET = os.environ.get("SOCKET_FOLDER", "/run/postgresql")
# What log needs of the server that replays it, by its name in pg_controldata.
NEEDED = {
    "wal_level": "wal_level",
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_xacts": "max_prepared_transactions",
    "max_locks_per_xact": "max_locks_per_transaction",
    "track_commit_timestamp": "track_commit_timestamp",
}
# Passwords that follow come into no log, and not among the statements that are counted.
UNSEEN = """set log_statement to none;
set log_min_duration_statement to -1;
set log_min_error_statement to panic;
set pg_stat_statements.track_utility to off;
"""


def control(folder):
    """What pg_controldata says, by name."""
    done = subprocess.run(["pg_controldata", "-D", folder], capture_output=True, text=True, env=own_environment())
    return dict(re.findall(r"^(.+?):\s+(.*)$", done.stdout, re.M))


def own_environment():
    """
    Without PG*, which name the primary; pgBackRest's variables stay, for the server fetches log with them. What somebody
    has made in the database is not called by the names of what PostgreSQL brings.
    """
    kept = {name: value for name, value in os.environ.items() if not re.match(r"PG(?!BACKREST)", name)}
    return {**kept, "LC_ALL": "C.UTF-8", "PGOPTIONS": "-c search_path=pg_catalog"}


class Server:
    def __init__(self, folder, repository, durable):
        self.folder = folder
        self.work = tempfile.mkdtemp(prefix="restore-")
        self.log = os.path.join(self.work, "log")
        self.process = None
        get = f"pgbackrest --repo={repository} --pg1-path={folder} --spool-path={folder}.spool archive-get %f \"%p\""
        said = control(folder)
        self.settings = {
            "config_file": self.file("postgresql.conf", ""),
            "hba_file": self.file("pg_hba.conf", "local all postgres peer map=pod\n"),
            "ident_file": self.file("pg_ident.conf", "pod /^.*$ postgres\n"),
            "listen_addresses": "",
            "unix_socket_directories": SOCKET,
            "unix_socket_permissions": "0700",
            "shared_buffers": "128MB",
            "shared_preload_libraries": "",
            "ssl": "off",
            "fsync": "on" if durable else "off",
            "lc_messages": "C",
            "log_timezone": "UTC",
            # Segments of its own wait for the real server; what it says of itself must not reach the repository.
            "archive_mode": "on",
            "archive_command": "false",
            "restore_command": get,
            # No question is asked before the end of recovery, so nothing depends on settings of the former primary.
            "hot_standby": "off",
            "recovery_target_action": "promote",
            "autovacuum": "off",
            **{ours: said[f"{theirs} setting"] for theirs, ours in NEEDED.items() if f"{theirs} setting" in said},
        }

    def file(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def recover(self, choice, newest):
        """Replays log up to the target of the choice, and fails unless the server says that it was reached."""
        open(os.path.join(self.folder, "recovery.signal"), "w").close()
        settings = {**self.settings, **choice.settings}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.log, "wb") as log:
            command = ["postgres", "-D", self.folder, *flags]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=own_environment())
        first, said = place_of(choice.backup["archive"]["start"]), 0
        while not self.answers():
            if self.process.poll() is not None:
                raise Problem(self.reason(choice))
            done = re.findall(r'restored log file "(\w{24})" from archive', self.text())
            if done and time.monotonic() - said > 10:
                behind = f" of {place_of(newest) - first + 1}" if newest else ""
                say(f"replaying write-ahead log: segment {place_of(done[-1]) - first + 1}{behind}")
                said = time.monotonic()
            time.sleep(1)
        if not re.search(choice.reached, self.text()):
            raise Problem(f"expected recovery to reach its target, got: {self.tail()}")

    def reason(self, choice):
        text = self.text()
        wanted = choice.settings.get("recovery_target_time") or choice.point or "its target"
        if "recovery ended before configured recovery target" in text:
            return (
                f"expected write-ahead log to lead beyond {wanted}, got its end {self.end_of_log(text)}: "
                "restore a moment before that, or `latest` for all there is"
            )
        if "is before consistent recovery point" in text:
            return f"expected a target after the end of {choice.label}, got {wanted}: give a later one, or the day before"
        return f"expected the restored server to start, got: {self.tail()}"

    @staticmethod
    def end_of_log(text):
        last = re.search(r"last completed transaction was at log time (.*)", text)
        return f"after the transaction of {last[1]}" if last else "before any transaction"

    @property
    def last_transaction(self):
        found = re.search(r"last completed transaction was at log time ([\d-]+ [\d:]+)", self.text())
        return found[1] if found else None

    def parted(self):
        """Where the log that was replayed ended: the new timeline, the one before it, and the position."""
        [new] = re.findall(r"selected new timeline ID: (\d+)", self.text())[-1:] or [None]
        if new is None:
            raise Problem(f"expected the restored server to begin a timeline of its own, got: {self.tail()}")
        with open(os.path.join(self.folder, "pg_wal", f"{int(new):08X}.history"), encoding="utf-8") as file:
            former, position = [line.split("\t")[:2] for line in file if re.match(r"\d", line)][-1]
        return int(new), int(former), position

    def answers(self):
        return self.psql("postgres", "select 1", check=False) == "1"

    def psql(self, database, sql, check=True):
        command = ["psql", "-XAtq", "--set", "ON_ERROR_STOP=1", "-h", SOCKET, "-U", "postgres", "-d", database]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, env=own_environment())
        if check and done.returncode != 0:
            raise Problem(f"expected {database} to be readable, got: {done.stderr.strip().splitlines()[0]}")
        return done.stdout.strip()

    def script(self, database, text):
        """Answers of many statements up to the first that fails, and why it did."""
        command = ["psql", "-XAt", "--set", "ON_ERROR_STOP=1", "-h", SOCKET, "-U", "postgres", "-d", database]
        done = subprocess.run(command, input=text, capture_output=True, text=True, env=own_environment())
        problem = done.stderr.strip().splitlines()[:1] if done.returncode != 0 else []
        return done.stdout, problem[0] if problem else None

    def adopt(self):
        """
        The members' own roles get the passwords of this cluster: those of the backup may be older, or another's. The
        shell reads them from the environment, for psql 14 does not.
        """
        change = "select format('alter role %I password %L', rolname, :'password') from pg_roles"
        script = (
            f"\\set password `printf '%s\\n' \"${name}\"`\n{change} where rolname = '{name.removeprefix('PASSWORD_').lower()}' \\gexec\n"
            for name in os.environ
            if name.startswith("PASSWORD_")
        )
        self.psql("postgres", UNSEEN + "".join(script))

    def stop(self):
        """Ends it in an orderly way; safe to repeat."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(2)
            self.process.wait()
        self.process = None

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def tail(self):
        lines = self.text().splitlines()
        return " ".join([line for line in lines if re.search("FATAL|PANIC|ERROR", line)][-2:] or lines[-2:])
