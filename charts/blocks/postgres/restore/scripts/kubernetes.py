"""The few calls of the API server that a restore makes: how many members there are, and what they had agreed on."""

import json
import os
import ssl
import urllib.error
import urllib.request

from archive import Problem

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def trust():
    """The cluster's authority, by whatever rules it was made: stricter ones than its other clients' refuse some."""
    context = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


def call(method, path, body=None):
    """The answer, or None where there is no such object."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    with open(f"{ACCOUNT}/token", encoding="utf-8") as file:
        headers = {"Authorization": f"Bearer {file.read()}", "Content-Type": "application/merge-patch+json"}
    request = urllib.request.Request(
        f"https://{f'[{host}]' if ':' in host else host}:{port}{path.format(os.environ['NAMESPACE'])}",
        json.dumps(body).encode() if body else None,
        headers,
        method=method,
    )
    try:
        with urllib.request.urlopen(request, context=trust(), timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        reason = error.read()[:300].decode("utf-8", "replace")
        raise Problem(f"expected the API server to allow {method} {path}, got {error.code}: {reason}") from None
    except OSError as error:
        raise Problem(f"expected the API server to answer, got: {error}") from None


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
