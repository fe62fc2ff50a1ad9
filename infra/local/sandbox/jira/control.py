"""What tests and the curious steer the stand-in by: faults, the journal of calls, deliveries, the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.jira.messages import EMPTY, Refusal, Response, as_json
from sandbox.jira.router import Call, Rooms, Route, Router

if TYPE_CHECKING:
    from sandbox.jira.site import JiraSite


def router(site: JiraSite) -> Router:
    """The controls of one site."""

    def add_fault(_: Rooms, call: Call) -> Response:
        fault = site.faults.add(call.request.json_object())
        return as_json({"id": fault.id}, 201)

    def faults(_: Rooms, __: Call) -> Response:
        return as_json({"faults": site.faults.shown()})

    def behave(_: Rooms, __: Call) -> Response:
        site.faults.clear()
        return EMPTY

    def calls(_: Rooms, __: Call) -> Response:
        shown = [
            {
                "method": made.method,
                "path": made.path,
                "query": {name: list(values) for name, values in made.query.items()},
                "status": made.status,
                "fault": made.fault,
                "at": made.at.isoformat(),
            }
            for made in list(site.calls)
        ]
        return as_json({"calls": shown})

    def forget(_: Rooms, __: Call) -> Response:
        site.calls.clear()
        return EMPTY

    def deliveries(_: Rooms, __: Call) -> Response:
        shown = [
            {
                "id": entry.id,
                "url": site.webhooks.hooks[entry.hook].url,
                "event": entry.event,
                "issue": entry.about,
                "flow": entry.flow,
                "state": entry.state,
                "attempt": entry.attempt,
                "due": entry.due,
                "outcomes": entry.outcomes,
            }
            for entry in site.webhooks.deliveries()
        ]
        return as_json({"deliveries": shown})

    def lag(_: Rooms, call: Call) -> Response:
        body = call.request.json_object()
        seconds, key = body.get("seconds"), body.get("issue")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise Refusal(400, "The index lags by a number of seconds: {'seconds': 120, 'issue': 'OPS-1' (optional)}.")
        if key is None:
            site.index.lag = seconds
        else:
            site.index.lags[str(key)] = seconds
        return EMPTY

    return Router(
        (
            Route("POST", "/__faults", add_fault),
            Route("GET", "/__faults", faults),
            Route("DELETE", "/__faults", behave),
            Route("GET", "/__calls", calls),
            Route("DELETE", "/__calls", forget),
            Route("GET", "/__webhooks", deliveries),
            Route("POST", "/__index", lag),
        )
    )
