"""A stand-in for Jira Cloud: stateful, strict, signed webhooks, faults on request, and a board to click in."""

from sandbox.jira.messages import Refusal, Request, Response
from sandbox.jira.model import Catalogue, User
from sandbox.jira.seed import INTEGRATION_EMAIL, INTEGRATION_TOKEN, catalogue
from sandbox.jira.server import Serving
from sandbox.jira.site import JiraSite
from sandbox.jira.store import Store
from sandbox.jira.webhooks import Hook, signature

__all__ = [
    "INTEGRATION_EMAIL",
    "INTEGRATION_TOKEN",
    "Catalogue",
    "Hook",
    "JiraSite",
    "Refusal",
    "Request",
    "Response",
    "Serving",
    "Store",
    "User",
    "catalogue",
    "signature",
]
