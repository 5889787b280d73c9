"""Answers questions about one repository from what pgBackRest says in JSON.

repository.py new          succeeds when no cluster has a place in it  (info on standard input)
repository.py empty        succeeds when there is no backup in it       (info on standard input)
repository.py label        name of the newest backup              (info on standard input)
repository.py age HOURS    fails when it is older than that       (info on standard input)
repository.py before TIMELINE  succeeds when the newest backup is of another timeline  (info on standard input)
repository.py gaps LOG HISTORIES  fails when write-ahead log is missing  (info on standard input; files: repo-ls in JSON,
                                  and a line for each timeline: its history's name and last line)
"""

import json
import os
import re
import sys
import time

SEGMENT = 16 * 1024 * 1024
SEGMENTS = 0x100  # in a file of 4 GiB of log


def fail(message):
    sys.exit(message)


def read(info):
    """The cluster's own part. A wrong passphrase puts anything into the text of an error, so it may be no good JSON."""
    return json.loads(info or "[]", strict=False)


def backups(info):
    stanzas = read(info)
    found = stanzas[0].get("backup", []) if stanzas else []
    if not found and re.search("outside of section|CryptoError", info):
        fail("expected the passphrase to open the repository, got another one: restore the former value of its Secret")
    if not found:
        status = stanzas[0]["status"]["message"] if stanzas else "nothing"
        fail(f"expected a backup in the repository, got {status}: run the Job of the full backup")
    return stanzas[0], found


def state_in(*codes):
    stanzas = read(sys.stdin.read())
    sys.exit(0 if not stanzas or stanzas[0]["status"]["code"] in codes else 1)


def new():
    # 1: there is no folder of it; 3: there is one, and nothing in it.
    state_in(1, 3)


def empty():
    state_in(1, 2, 3)


def label():
    print(backups(sys.stdin.read())[1][-1]["label"])


def age(hours):
    newest = backups(sys.stdin.read())[1][-1]
    passed = (time.time() - newest["timestamp"]["stop"]) / 3600
    if passed > float(hours):
        fail(f"expected a backup of the last {hours} hours, got {newest['label']}, {passed:.1f} hours old: see the Jobs of the backup")
    print(f"newest backup: {newest['label']}, {passed:.1f} hours old")


def before(timeline):
    sys.exit(0 if backups(sys.stdin.read())[1][-1]["archive"]["stop"][:8] != timeline else 1)


def number(name):
    """Place of a segment in the log: 000000010000000A000000FF stands at 0xAFF of timeline 1."""
    return int(name[8:16], 16) * SEGMENTS + int(name[16:24], 16)


def name(timeline, place):
    return f"{timeline}{place // SEGMENTS:08X}{place % SEGMENTS:08X}"


def missing(segments, forks, first, ends):
    """Names that are not there, from the oldest backup on; a timeline begins where it left the one before."""
    there, timelines, gaps = set(segments), {}, []
    for segment in sorted(there):
        if segment >= first or segment[:8] > first[:8]:
            timelines.setdefault(segment[:8], []).append(number(segment))
    for timeline, places in timelines.items():
        if timeline != first[:8] and timeline not in forks:
            gaps.append(f"{timeline}.history")
        # What lies before the oldest backup has expired, on every timeline.
        begun = max(forks.get(timeline, places[0]), number(first)) if timeline != first[:8] else number(first)
        held = set(places)
        gaps += [name(timeline, place) for place in range(begun, places[-1]) if place not in held]
    return gaps + [end for end in ends if end not in there and end not in gaps]


def forks_of(database, path):
    """Where each timeline of a cluster left the one before: `17-1/00000002.history 1\t0/3000110\tno recovery target`."""
    pattern = re.compile(rf"^{re.escape(database)}/(\w{{8}})\.history \d+\t(\w+)/(\w+)")
    with open(path, encoding="utf-8") as file:
        found = filter(None, map(pattern.match, file))
        return {timeline: (int(high, 16) << 32 | int(low, 16)) // SEGMENT for timeline, high, low in (match.groups() for match in found)}


def gaps(log, histories):
    stanza, found = backups(sys.stdin.read())
    with open(log, encoding="utf-8") as file:
        listed = json.load(file)
    for database in stanza["archive"]:
        own = [backup for backup in found if backup["database"]["id"] == database["database"]["id"]]
        if not own:
            continue
        pattern = re.compile(rf"^{re.escape(database['id'])}/\w{{16}}/(\w{{24}})-\w+")
        segments = [match[1] for match in map(pattern.match, listed) if match]
        ends = [end for backup in own for end in (backup["archive"]["start"], backup["archive"]["stop"])]
        full = [backup for backup in own if backup["type"] == "full"][-1]
        gone = missing(segments, forks_of(database["id"], histories), min(ends), ends)
        since = [each for each in gone if each >= full["archive"]["start"]]
        if since:
            fail(
                f"expected write-ahead log without a gap in {database['id']}, got {few(since)} missing: "
                "no moment after it can be restored until there is a new full backup; take one now"
            )
        if gone:
            print(f"write-ahead log of {database['id']} lacks {few(gone)}: of the time before {full['label']}, moments behind that cannot be restored")
        else:
            print(f"write-ahead log of {database['id']} has no gap: {len(segments)} segments since {min(ends)}")


def few(names):
    return f"{', '.join(names[:10])}{f' and {len(names) - 10} more' if len(names) > 10 else ''}"


command, *arguments = sys.argv[1:]
{"new": new, "empty": empty, "label": label, "age": age, "before": before, "gaps": gaps}[command](*arguments)
