"""Runs in a member before its stop signal: hand_over.py LABEL SCOPE CONFIGURATION.

A primary hands over while it still answers the members: after the signal it is silent, and whoever wants to take over
asks it for two seconds first. When the others stop too there is nobody to take over, and none shall begin a timeline.
"""

import socket
import subprocess
import sys
import urllib.parse

from api import call

label, scope, configuration = sys.argv[1:]
own = socket.gethostname()
selector = urllib.parse.quote(f"app.kubernetes.io/name={scope}")
pods = [pod["metadata"] for pod in call("GET", f"/api/v1/namespaces/{{}}/pods?labelSelector={selector}")["items"]]
primary = any(pod["name"] == own and pod.get("labels", {}).get(label) == "primary" for pod in pods)
staying = [pod["name"] for pod in pods if pod["name"] != own and "deletionTimestamp" not in pod]
if primary and staying:
    print(f"{own} is told to stop: another member takes over first", flush=True)
    # When it fails, the signal finds the primary as it is.
    command = ["patronictl", "-c", configuration, "switchover", scope, "--leader", own, "--force"]
    subprocess.run(["timeout", "30", *command], stdin=subprocess.DEVNULL, check=False)
