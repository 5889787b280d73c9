"""Answers questions about one repository from what pgBackRest says in JSON.

repository.py new          succeeds when no cluster has a place in it  (info on standard input)
repository.py empty        succeeds when there is no backup in it       (info on standard input)
repository.py label        name of the newest backup              (info on standard input)
repository.py age HOURS    fails when it is older than that       (info on standard input)
repository.py before TIMELINE  succeeds when the newest backup is of another timeline  (info on standard input)
repository.py gaps         fails when write-ahead log is missing  (repo-ls on standard input, info in STATE)
"""

import json
import os
import re
import sys
import time

SEGMENTS = 0x100  # in a file of 4 GiB of log, at 16 MiB each


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


def missing(segments, first, ends):
    """Names that are not there, from the oldest backup on; a timeline begins in the last segment of the one before."""
    timelines = {}
    for segment in sorted(set(segments)):
        if segment >= first or segment[:8] > first[:8]:
            timelines.setdefault(segment[:8], []).append(number(segment))
    gaps, last = [], None
    for timeline, places in sorted(timelines.items()):
        start = number(first) if timeline == first[:8] else min(places[0], last + 1 if last is not None else places[0])
        gaps += [name(timeline, place) for place in range(start, places[-1]) if place not in set(places)]
        last = places[-1]
    return gaps + [end for end in ends if end not in set(segments) and end not in gaps]


def gaps():
    stanza, found = backups(os.environ["STATE"])
    listed = json.load(sys.stdin)
    for database in stanza["archive"]:
        own = [backup for backup in found if backup["database"]["id"] == database["database"]["id"]]
        if not own:
            continue
        pattern = re.compile(rf"^{re.escape(database['id'])}/\w{{16}}/(\w{{24}})-\w+")
        segments = [match[1] for match in map(pattern.match, listed) if match]
        ends = [end for backup in own for end in (backup["archive"]["start"], backup["archive"]["stop"])]
        gone = missing(segments, min(ends), ends)
        if gone:
            more = f" and {len(gone) - 10} more" if len(gone) > 10 else ""
            fail(
                f"expected write-ahead log without a gap in {database['id']}, got {', '.join(gone[:10])}{more} missing: "
                "no moment after it can be restored until there is a new full backup; take one now"
            )
        print(f"write-ahead log of {database['id']} has no gap: {len(segments)} segments since {min(ends)}")


command, *arguments = sys.argv[1:]
{"new": new, "empty": empty, "label": label, "age": age, "before": before, "gaps": gaps}[command](*arguments)
