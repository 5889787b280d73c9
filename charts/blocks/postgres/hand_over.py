"""Runs in a member before its stop signal: hand_over.py SCOPE CONFIGURATION.

A primary hands over while it still answers the members: after the signal it is silent, and whoever wants to take over
asks it for two seconds first. Only the synchronous replica can; where it stops too nobody shall begin a timeline.
"""

import socket
import subprocess
import sys

from api import call

scope, configuration = sys.argv[1:]
own = socket.gethostname()
state = call("GET", f"/api/v1/namespaces/{{}}/configmaps/{scope}-sync") or {}
agreed = state.get("metadata", {}).get("annotations") or {}
# Several names where more than one replica is waited for.
heirs = [name for name in (agreed.get("sync_standby") or "").split(",") if name]
pods = [call("GET", f"/api/v1/namespaces/{{}}/pods/{name}") for name in heirs]
staying = [pod["metadata"]["name"] for pod in pods if pod and "deletionTimestamp" not in pod["metadata"]]
if agreed.get("leader") == own and staying:
    print(f"{own} is told to stop, and asks {' or '.join(staying)} to take over first", flush=True)
    # When it fails, the signal finds the primary as it is. Without a candidate a paused cluster is left alone.
    command = ["patronictl", "-c", configuration, "switchover", scope, "--leader", own, "--force"]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
