"""Calls of the API server, with the token of the pod and in its namespace."""

import json
import os
import ssl
import urllib.error
import urllib.request

# Annotation of the state of the members: the system whose data a restore has replaced.
REPLACED = "slipway.dev/replaced"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def trust():
    """The cluster's authority, by whatever rules it was made: stricter ones than its other clients' refuse some."""
    context = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


def account(name):
    with open(f"{ACCOUNT}/{name}", encoding="utf-8") as file:
        return file.read()


def call(method, path, body=None):
    """The answer, or None where there is no such object; `{}` in the path is the namespace.

    Raises RuntimeError when the server refuses or does not answer.
    """
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    request = urllib.request.Request(
        f"https://{f'[{host}]' if ':' in host else host}:{port}{path.format(account('namespace'))}",
        json.dumps(body).encode() if body else None,
        {"Authorization": f"Bearer {account('token')}", "Content-Type": "application/merge-patch+json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, context=trust(), timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        reason = error.read()[:300].decode("utf-8", "replace")
        raise RuntimeError(f"expected the API server to allow {method} {path}, got {error.code}: {reason}") from None
    except OSError as error:
        raise RuntimeError(f"expected the API server to answer, got: {error}") from None
