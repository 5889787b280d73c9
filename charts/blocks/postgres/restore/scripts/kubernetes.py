"""The few calls of the API server that a restore makes: how many pods there are, and what the members had agreed on."""

import os
import time

import api
from archive import Problem, say

SECONDS = int(os.environ.get("PATIENCE", "1800"))


def call(method, path, body=None):
    try:
        return api.call(method, path, body)
    except RuntimeError as error:
        raise Problem(str(error)) from None


def scale(kind, name, pods):
    """From now on so many pods are wanted. An API server that is away for a moment is asked again."""

    def scaled():
        if call("PATCH", scale_of(kind, name), {"spec": {"replicas": pods}}) is None:
            raise Problem(f"expected {name} among the {kind}, got none")
        return True

    wait(f"{name} to be scaled to {pods}", scaled, 60)


def wanted(kind, name):
    """How many pods are wanted now."""
    return ((call("GET", scale_of(kind, name)) or {}).get("spec") or {}).get("replicas", 0)


def scale_of(kind, name):
    """Where the API server is asked how many pods there shall be."""
    return f"/apis/apps/v1/namespaces/{{}}/{kind}/{name}/scale"


def pods(name):
    """Names of the pods of a workload, those that are ending too; not of those that have ended and are kept to be read."""
    living = "status.phase%21%3DFailed%2Cstatus.phase%21%3DSucceeded"
    path = f"/api/v1/namespaces/{{}}/pods?labelSelector=app.kubernetes.io%2Fname%3D{name}&fieldSelector={living}"
    answer = call("GET", path) or {"items": []}
    return sorted(pod["metadata"]["name"] for pod in answer["items"])


def forget(name):
    """Removes the state of the members, so that the next one to start is the primary, whatever it holds."""
    for part in ("config", "leader", "sync", "failover"):
        call("DELETE", f"/api/v1/namespaces/{{}}/configmaps/{name}-{part}")


def replace(name, system):
    """Names the system whose data the other members hold: they begin anew (see begin_anew.py). None ends that."""
    path = f"/api/v1/namespaces/{{}}/configmaps/{name}-config"
    if call("PATCH", path, {"metadata": {"annotations": {api.REPLACED: system}}}) is None:
        raise Problem(f"expected the state of {name}, got none")


def wait(what, done, seconds=SECONDS):
    """Until it is done, whatever fails on the way."""
    deadline, said, reason = time.monotonic() + seconds, time.monotonic(), "not yet"
    while True:
        try:
            if done():
                return
        except Problem as problem:
            reason = str(problem)
        if time.monotonic() > deadline:
            raise Problem(f"expected {what} within {seconds} s, got: {reason}")
        if time.monotonic() - said > 30:
            say(f"waiting for {what}: {reason}")
            said = time.monotonic()
        time.sleep(2)
