"""Patroni calls this in a member whose role has changed: relabel.py LABEL on_role_change ROLE SCOPE.

A member labels its own pod, which one whose node is gone cannot do: until Kubernetes notices, up to 50 seconds later, the
Service of the primary would lead to both. So the new primary takes the label from whoever else has it.
"""

import socket
import sys
import urllib.parse

from api import call

label, _, role, scope = sys.argv[1:]
if role == "primary":
    selector = urllib.parse.quote(f"app.kubernetes.io/name={scope},{label}=primary")
    pods = call("GET", f"/api/v1/namespaces/{{}}/pods?labelSelector={selector}")["items"]
    for pod in {pod["metadata"]["name"] for pod in pods} - {socket.gethostname()}:
        call("PATCH", f"/api/v1/namespaces/{{}}/pods/{pod}", {"metadata": {"labels": {label: "replica"}}})
        print(f"{pod} was the primary, and is none for the Services any more")
