"""The way of the clients to the database: what they wrote while it is replaced would be dropped with it (ALL-33)."""

import contextlib
import os

import kubernetes
from archive import Problem, say

KIND = "deployments"


@contextlib.contextmanager
def closed():
    """No pod of the pooler, which is the door of all clients; as many as before afterwards, however this ends."""
    name, least = os.environ["POOLER"], int(os.environ["POOLER_PODS"])
    # None are wanted when a former restore was ended by force.
    pods = max(kubernetes.wanted(KIND, name), least)
    try:
        say(f"closing {name}: what clients wrote from here on would be dropped")
        kubernetes.scale(KIND, name, 0)
        kubernetes.wait(f"{name} to end", lambda: not kubernetes.pods(name))
        yield
    except BaseException as error:
        reopen(name, pods, f"{error}\n")
        raise
    reopen(name, pods)


def reopen(name, pods, former=""):
    try:
        kubernetes.scale(KIND, name, pods)
    except Problem as problem:
        raise Problem(f"{former}{problem}\nClients find no way to the database: scale {name} to {pods}") from None
    say(f"{name} opens again, with {pods} pod{'s' if pods > 1 else ''}")
