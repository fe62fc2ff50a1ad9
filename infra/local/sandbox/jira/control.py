"""What tests and the curious steer the stand-in by: faults, the journal of calls, deliveries, the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.jira.messages import EMPTY, Refusal, Response, as_json
from sandbox.jira.router import Call, Rooms, Route, Router

if TYPE_CHECKING:
    from sandbox.jira.site import JiraSite


class Controls:
    """The controls of one site."""

    def __init__(self, site: JiraSite) -> None:
        self._site = site

    def router(self) -> Router:
        """Where each control is."""
        return Router(
            (
                Route("POST", "/__faults", self.add_fault),
                Route("GET", "/__faults", self.faults),
                Route("DELETE", "/__faults", self.behave),
                Route("GET", "/__calls", self.calls),
                Route("DELETE", "/__calls", self.forget),
                Route("GET", "/__webhooks", self.deliveries),
                Route("POST", "/__index", self.lag),
            )
        )

    def add_fault(self, _: Rooms, call: Call) -> Response:
        """POST /__faults."""
        fault = self._site.faults.add(call.request.json_object())
        return as_json({"id": fault.id}, 201)

    def faults(self, _: Rooms, __: Call) -> Response:
        """GET /__faults."""
        return as_json({"faults": self._site.faults.shown()})

    def behave(self, _: Rooms, __: Call) -> Response:
        """DELETE /__faults."""
        self._site.faults.clear()
        return EMPTY

    def calls(self, _: Rooms, __: Call) -> Response:
        """GET /__calls."""
        shown = [
            {
                "method": made.method,
                "path": made.path,
                "query": {name: list(values) for name, values in made.query.items()},
                "status": made.status,
                "fault": made.fault,
                "at": made.at.isoformat(),
            }
            for made in list(self._site.calls)
        ]
        return as_json({"calls": shown})

    def forget(self, _: Rooms, __: Call) -> Response:
        """DELETE /__calls."""
        self._site.calls.clear()
        return EMPTY

    def deliveries(self, _: Rooms, __: Call) -> Response:
        """GET /__webhooks."""
        shown = [
            {
                "id": entry.id,
                "url": self._site.webhooks.hooks[entry.hook].url,
                "event": entry.event,
                "issue": entry.about,
                "flow": entry.flow,
                "state": entry.state,
                "attempt": entry.attempt,
                "due": entry.due,
                "outcomes": entry.outcomes,
            }
            for entry in self._site.webhooks.deliveries()
        ]
        return as_json({"deliveries": shown})

    def lag(self, _: Rooms, call: Call) -> Response:
        """POST /__index."""
        body = call.request.json_object()
        seconds, key = body.get("seconds"), body.get("issue")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise Refusal(400, "The index lags by a number of seconds: {'seconds': 120, 'issue': 'OPS-1' (optional)}.")
        if key is None:
            self._site.index.lag = seconds
        else:
            self._site.index.lags[str(key)] = seconds
        return EMPTY
