"""Records: read and work records over HTTP, for agents who hold a token of the organisation's identity provider."""

from itsm.runtime import personal_forms, problems_api, records_api, relations_api
from itsm.runtime.door import http_door
from itsm.runtime.http import Request, Response
from itsm.runtime.ports import Ports

ROUTES = {
    "GET /records/{number}": records_api.show,
    "PATCH /records/{number}": records_api.work,
    "GET /records/{number}/history": records_api.history,
    "GET /records/{number}/comments": records_api.comments,
    "POST /records/{number}/comments": records_api.comment,
    "POST /records/{number}/merge": relations_api.merge,
    "POST /records/{number}/split": relations_api.split,
    "PUT /records/{number}/parent": relations_api.parent,
    "POST /records/{number}/problem": problems_api.open_problem,
    "PUT /records/{number}/problem": problems_api.choose_problem,
    "GET /worklists/{group}": records_api.worklist,
    "GET /forms/{name}/for-others": personal_forms.give,
}


@http_door
def handler(request: Request, ports: Ports) -> Response:
    """Answer one of the routes above; API Gateway has checked the token."""
    return ROUTES[request.route](request, ports)
