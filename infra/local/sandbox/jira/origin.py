"""Who may use the pages and controls: this machine's own pages, never a foreign site open in the same browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox.jira.messages import Refusal, Request

LOCAL = {"127.0.0.1", "localhost", "::1"}


def check_origin(request: Request, base_url: str) -> None:
    """Raises Refusal (403) for a foreign host name (DNS rebinding) and for a post that comes from elsewhere.

    A form must say where it comes from (``Origin``, or ``Referer`` from browsers that hide it); a script that sends
    neither is no browser and may use the controls.
    """
    host = request.headers.get("host") or urlsplit(base_url).netloc
    if urlsplit(f"//{host}").hostname not in LOCAL | {urlsplit(base_url).hostname}:
        raise Refusal(403, "This address is not served here.")
    if request.method in ("GET", "HEAD"):
        return
    told = request.headers.get("origin")
    if told in (None, "null"):
        told = request.headers.get("referer", told)
    if told is None and request.path.startswith("/__"):
        return
    if told is None or urlsplit(told).netloc != host:
        raise Refusal(403, "Only this site's own pages may do that.")
