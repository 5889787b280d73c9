"""Brings a running cluster to its settings (ALL-13): Patroni reads them by itself only when it makes the cluster.

Applies the agreement of all members, says which settings ask for a restart, and restarts one member at a time: replicas
first, then the primary, which hands over before. Safe to repeat, and to interrupt at any line.
"""

import json
import os
import subprocess
import sys
import time

SCOPE = os.environ["SCOPE"]
MEMBERS = int(os.environ["MEMBERS"])
AGREEMENT = os.environ["AGREEMENT"]
CONFIG = os.environ.get("PATRONICTL_CONFIG_FILE", "/etc/patroni")
SECONDS = int(os.environ.get("PATIENCE", "600"))
# Members look at the agreement, and say how they are, once in these seconds.
ROUND = int(os.environ["ROUND"])


def say(text):
    print(text, flush=True)


def patronictl(*arguments, check=True):
    done = subprocess.run(["patronictl", "-c", CONFIG, *arguments], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"patronictl {arguments[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def members():
    return json.loads(patronictl("list", SCOPE, "--format", "json") or "[]")


def described(member):
    return f"{member['Member']} {member['Role'].lower()} {member.get('State') or 'starting'}"


def whole(found):
    """Nobody missing: one primary, replicas that stream, and one of them synchronous."""
    roles = sorted(member["Role"] for member in found if member.get("State") in ("running", "streaming"))
    expected = ["Leader"] + (["Replica"] * (MEMBERS - 2) + ["Sync Standby"] if MEMBERS > 1 else [])
    return roles == sorted(expected) and len(found) == MEMBERS


def settled(what):
    """Waits until the cluster is whole, and has been for a round; gives its members."""
    # What was just asked for may not show yet.
    time.sleep(ROUND)
    deadline = time.monotonic() + SECONDS
    said = None
    while True:
        try:
            found = members()
            state = ", ".join(described(member) for member in found) or "no member"
            if whole(found):
                return found
        except RuntimeError as error:
            state = str(error).splitlines()[-1]
        if time.monotonic() > deadline:
            raise RuntimeError(f"expected {MEMBERS} healthy members within {SECONDS} s {what}, got {state}")
        if state != said:
            say(f"waiting for {MEMBERS} healthy members {what}: {state}")
            said = state
        time.sleep(2)


def pending(found):
    return [member for member in found if member.get("Pending restart")]


def restart(member):
    say(f"restarting {member['Member']} ({member['Role'].lower()})")
    patronictl("restart", SCOPE, member["Member"], "--force", "--pending")


def main():
    settled("before the settings are applied")
    answer = patronictl("edit-config", SCOPE, "--force", "--replace", AGREEMENT)
    say(answer)
    for member in pending(settled("before the first restart")):
        say(f"{member['Member']} needs a restart: {member.get('Pending restart reason', '')}")
    # A larger value must be with the replicas first, a smaller one with the primary: those it stops take a second turn.
    restart_replicas()
    renew_primary()
    restart_replicas()
    waiting = pending(settled("after the last restart"))
    if waiting:
        raise RuntimeError(f"expected no restart to be pending, got {', '.join(m['Member'] for m in waiting)}")
    say("every member runs with the settings")


def restart_replicas():
    for member in pending(settled("before the next restart")):
        if member["Role"] != "Leader":
            restart(member)
            settled(f"after the restart of {member['Member']}")


def renew_primary():
    found = settled("before the primary is restarted")
    waiting = pending(found)
    primary = next((member for member in waiting if member["Role"] == "Leader"), None)
    if not primary:
        return
    heir = next((member for member in found if member["Role"] == "Sync Standby"), None)
    if not heir or heir in waiting:
        restart(primary)
    else:
        say(f"{primary['Member']} hands over to {heir['Member']}")
        arguments = ["--leader", primary["Member"], "--candidate", heir["Member"], "--force"]
        patronictl("switchover", SCOPE, *arguments)


try:
    main()
except RuntimeError as problem:
    sys.exit(str(problem))
