"""Runs in a member before Patroni: begin_anew.py SCOPE FOLDER.

Who restores into a cluster that took the place of a lost one replaces it as a whole. Its other members hold data of the
one that was replaced, which Patroni refuses for good: they begin anew from the primary, as after `patronictl reinit`. The
restore has named that system, and what it held is kept on member 0.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

from api import REPLACED, call

scope, folder = sys.argv[1:]
try:
    state = call("GET", f"/api/v1/namespaces/{{}}/configmaps/{scope}-config") or {}
except RuntimeError as error:
    # Patroni waits for the API server; one that has the wrong data ends then, and this is asked again.
    sys.exit(print(error, flush=True))
replaced = (state.get("metadata", {}).get("annotations") or {}).get(REPLACED)
said = subprocess.run(["pg_controldata", "-D", folder], capture_output=True, text=True, check=False).stdout
system = re.search(r"^Database system identifier:\s+(\d+)$", said, re.M)
# What an interrupted attempt left.
shutil.rmtree(f"{folder}.replaced", ignore_errors=True)
# Member 0 has the restored data, or what somebody has put back by hand.
if replaced and system and system[1] == replaced and not socket.gethostname().endswith("-0"):
    print(f"{folder} is of system {replaced}, which a restore has replaced: beginning anew from the primary", flush=True)
    pathlib.Path(f"{folder}.initializing").touch()
    # At once, so that half a folder is never taken for a whole one.
    os.rename(folder, f"{folder}.replaced")
    shutil.rmtree(f"{folder}.replaced")
