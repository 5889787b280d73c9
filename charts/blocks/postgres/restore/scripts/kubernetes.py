"""The few calls of the API server that a restore makes: how many members there are, and what they had agreed on."""

import api
from archive import Problem


def call(method, path, body=None):
    try:
        return api.call(method, path, body)
    except RuntimeError as error:
        raise Problem(str(error)) from None


def scale(name, members):
    """From now on so many members are wanted."""
    path = f"/apis/apps/v1/namespaces/{{}}/statefulsets/{name}/scale"
    if call("PATCH", path, {"spec": {"replicas": members}}) is None:
        raise Problem(f"expected a StatefulSet {name}, got none")


def pods(name):
    """Names of the members' pods, those that are ending too."""
    answer = call("GET", f"/api/v1/namespaces/{{}}/pods?labelSelector=app.kubernetes.io%2Fname%3D{name}") or {"items": []}
    return sorted(pod["metadata"]["name"] for pod in answer["items"])


def forget(name):
    """Removes the state of the members, so that the next one to start is the primary, whatever it holds."""
    for part in ("config", "leader", "sync", "failover"):
        call("DELETE", f"/api/v1/namespaces/{{}}/configmaps/{name}-{part}")
