"""Network: a hostile one between the adapters and AWS; answers get lost after the commit, calls are refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

LOST = "lost"


@dataclass(slots=True)
class Network:
    """What befalls the next calls of an operation: LOST (done, the answer lost, so the SDK asks again) or an error."""

    faults: dict[str, list[str]] = field(default_factory=dict)

    def next(self, operation: str, *faults: str) -> None:
        """These faults, one call each, for the coming calls of an operation."""
        self.faults[operation] = list(faults)

    def refuse(self, model: Any, **_: Any) -> Any:
        """Before a call: an error in place of its answer, or None to let it through."""
        waiting = self.faults.get(model.name, [])
        if not waiting or waiting[0] == LOST:
            return None
        error = {"Code": waiting.pop(0), "Message": "Item size has exceeded the maximum allowed size"}
        return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPHeaders": {}}}

    def lose(self, operation: Any, response: Any, **_: Any) -> float | None:
        """After a call: 0 makes the SDK believe that no answer came, and ask again at once."""
        waiting = self.faults.get(operation.name, [])
        if not waiting or waiting[0] != LOST or response is None:
            return None
        waiting.pop(0)
        return 0.0


@contextmanager
def hostile() -> Iterator[Network]:
    """A network on every AWS client that is made while it is on."""
    from botocore import handlers

    network = Network()
    hooks = [("before-call", network.refuse), ("needs-retry", network.lose)]
    handlers.BUILTIN_HANDLERS.extend(hooks)
    try:
        yield network
    finally:
        for hook in hooks:
            handlers.BUILTIN_HANDLERS.remove(hook)
