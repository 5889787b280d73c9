"""Shows one repository from what pgBackRest says in JSON (info on standard input).

list.py newest NUMBER   folder of the newest write-ahead log
list.py table NUMBER    its backups, and what can be restored    (repo-ls of that folder in LOG)
"""

import json
import os
import re
import sys
import time

UNITS = ["B", "KiB", "MiB", "GiB", "TiB"]


def read(info):
    """A wrong passphrase puts anything into the text of an error, so it may be no good JSON."""
    try:
        stanzas = json.loads(info or "[]", strict=False)
    except ValueError:
        return {}
    return stanzas[0] if stanzas else {}


def newest_log(stanza):
    """The log of the cluster as it is now: before an upgrade it was another one."""
    current = stanza["db"][-1]["id"] if stanza.get("db") else None
    found = [log for log in stanza.get("archive", []) if log["database"]["id"] == current and log.get("max")]
    return found[-1] if found else None


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def age(seconds):
    hours = (time.time() - seconds) / 3600
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"


def size(count):
    power = 0
    while count >= 1024 and power < len(UNITS) - 1:
        count, power = count / 1024, power + 1
    return f"{count:.0f} {UNITS[power]}" if power == 0 else f"{count:.1f} {UNITS[power]}"


def rows(backup):
    """How many rows the application had, at the restore point that a drill compares at."""
    try:
        noted = json.loads((backup.get("annotation") or {}).get("rows", ""))
        exact, estimated = (own(noted[how]) for how in ("exact", "estimated"))
        more = f", {tables(len(estimated))} not counted" if estimated else ""
        return f"{sum(exact)} in {tables(len(exact))}{more} at {noted['point']}"
    except (ValueError, KeyError, TypeError):
        return "-"


def own(counted):
    return [rows for name, rows in counted.items() if not name.startswith("slipway")]


def tables(count):
    return f"{count} table" if count == 1 else f"{count} tables"


def line(backup):
    added = backup["info"]["repository"]
    return [
        backup["label"],
        backup["type"] + (" (damaged pages)" if backup.get("error") else ""),
        moment(backup["timestamp"]["stop"]),
        age(backup["timestamp"]["stop"]),
        size(added.get("delta", added.get("size", 0))),
        size(backup["info"]["size"]),
        (backup.get("annotation") or {}).get("verified", "-"),
        rows(backup),
        " to ".join(sorted(set(backup["archive"].values()))),
    ]


HEAD = ["BACKUP", "TYPE", "ENDED (UTC)", "AGE", "STORED", "DATABASE", "VERIFIED", "ROWS", "NEEDS LOG"]


def restorable(stanza, backups):
    """Of the cluster as it is now, from the end of its first backup on; whether log is missing says the verification."""
    log = newest_log(stanza)
    current = [backup for backup in backups if log and backup["database"]["id"] == log["database"]["id"]]
    if not current:
        return "no moment, for the cluster as it is now has no backup yet"
    arrived = [
        entry["time"]
        for name, entry in json.loads(os.environ.get("LOG") or "{}").items()
        if name.startswith(log["max"]) and "time" in entry
    ]
    when = f", which arrived at {moment(arrived[0])}" if arrived else ""
    return f"any moment from {moment(current[0]['timestamp']['stop'])} to the end of log {log['max']}{when}"


def newest(_number):
    stanza = read(sys.stdin.read())
    log = newest_log(stanza)
    if log:
        print(f"archive/{stanza['name']}/{log['id']}/{log['max'][:16]}")


def table(number):
    info = sys.stdin.read()
    stanza = read(info)
    backups = stanza.get("backup", [])
    # 0: well; 1, 2, 3: nothing in it yet.
    status = stanza.get("status", {"code": -1, "message": "nothing"})
    if not backups and re.search("outside of section|CryptoError", info):
        sys.exit(
            f"expected the passphrase to open repository {number}, got another one: restore the former value of its Secret"
        )
    if status["code"] not in (0, 1, 2, 3):
        told = [status["message"], *(repository["status"]["message"] for repository in stanza.get("repo", []))]
        reason = " ".join(re.sub("[^ -~]", " ", told[-1]).split())[:300]
        sys.exit(f"expected repository {number} to answer, got {reason}: see its pod, or the bucket and its keys")
    if not backups:
        print(f"repository {number}: no backup yet, take one now")
        return
    print(f"repository {number} restores {restorable(stanza, backups)}")
    lines = [HEAD, *map(line, backups)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    for cells in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())


command, number = sys.argv[1:]
{"newest": newest, "table": table}[command](number)
