"""The way of the clients to the database: what they wrote while it is replaced would be dropped with it (ALL-33)."""

import contextlib
import os

import kubernetes
from archive import Problem, say, undisturbed

KIND = "deployments"
# A pod of the pooler has a minute to end its clients' transactions.
SECONDS = 180


@contextlib.contextmanager
def closed():
    """No pod of the pooler, which is the door of all clients; as many as before afterwards, however this ends."""
    name, least = os.environ["POOLER"], int(os.environ["POOLER_PODS"])
    # None are wanted when a former restore was ended by force.
    pods = max(kubernetes.wanted(KIND, name), least)
    try:
        say(f"closing {name}: what clients wrote from here on would be dropped")
        kubernetes.scale(KIND, name, 0)
        kubernetes.wait(f"{name} to end", empty, SECONDS)
        yield
    except BaseException as error:
        reopen(name, pods, f"{error}\n")
        raise
    reopen(name, pods)


def empty():
    left = kubernetes.pods(os.environ["POOLER"])
    if left:
        raise Problem(f"{', '.join(left)} still there: delete by force what was on a node that is gone")
    return True


def refuse_open():
    """Whoever keeps the cluster as it is declared may have opened it meanwhile."""
    name = os.environ["POOLER"]
    left = kubernetes.pods(name)
    if left:
        raise Problem(f"expected {name} to stay closed, got {', '.join(left)}: switch automated sync off, and start again")


def reopen(name, pods, former=""):
    try:
        with undisturbed():
            kubernetes.scale(KIND, name, pods)
    except Problem as problem:
        raise Problem(f"{former}{problem}\nClients find no way to the database: scale {name} to {pods}") from None
    say(f"{name} opens again, with {pods} pod{'s' if pods > 1 else ''}")
