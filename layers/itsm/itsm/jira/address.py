"""Address: the Jira sites the product may talk to; its token is sent nowhere else."""

from collections.abc import Collection
from urllib.parse import urlsplit

from itsm.core.errors import PolicyError

ATLASSIAN = ".atlassian.net"
GATEWAY = "api.atlassian.com"
LOOPBACK = ("127.0.0.1", "localhost")


def allowed(url: str, hosts: Collection[str] = ()) -> str:
    """The address without a closing slash, when it is https to Atlassian's cloud, its gateway or a listed host.

    Plain http is for the sandbox on this machine alone. Raises PolicyError otherwise.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.username or parts.password or parts.query or parts.fragment:
        raise PolicyError("JIRA_URL is an address alone: no user, password, query or fragment")
    cloud = host.endswith(ATLASSIAN) or host == GATEWAY or host in {entry.lower() for entry in hosts}
    if (parts.scheme == "https" and cloud) or (parts.scheme == "http" and host in LOOPBACK):
        return url.rstrip("/")
    raise PolicyError(
        f"JIRA_URL points to {host or 'nowhere'} by {parts.scheme or 'no scheme'}; "
        f"use https to *{ATLASSIAN} or {GATEWAY}, or list the host under `hosts` in jira.toml"
    )
