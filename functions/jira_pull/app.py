"""Jira pull: a signed webhook becomes a nudge; 2xx only once the nudge is queued."""

from itsm.runtime import jira_sync
from itsm.runtime.door import http_door
from itsm.runtime.http import Request, Response
from itsm.runtime.ports import Ports


@http_door
def handler(request: Request, ports: Ports) -> Response:
    """POST /jira/webhook: checked over its raw bytes before anything in it is read."""
    return jira_sync.pull(request, ports)
