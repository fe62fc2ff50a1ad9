"""Front desk: the request form and the webhooks, over HTTP."""

import hashlib
from collections.abc import Mapping, Sequence

from itsm.core.errors import (
    InvalidInputError,
    ItsmError,
    MalformedError,
    NotFoundError,
    OutsideError,
    ThrottledError,
    UnauthenticatedError,
)
from itsm.core.signing import sign
from itsm.runtime import alarming, intake, personal_forms
from itsm.runtime.http import Request, Response, check_origin, json_response, page
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine, signatures
from itsm.service_desk.attachments import screened
from itsm.service_desk.certified import subscription
from itsm.service_desk.envelope import Envelope
from itsm.service_desk.policy import Form, WebhookSource
from itsm.service_desk.sources import form as forms
from itsm.service_desk.sources import posted, taken_apart, webhook
from itsm.service_desk.submission import Submission
from itsm.service_desk.words import chosen

HOUR, FORMS_PER_HOUR = 3600, 60
"""Forms one address may send in an hour before it is asked to wait."""
HELD_PER_HOUR = 60
"""Unreadable deliveries of one source that are kept in an hour; one that is set up wrongly sends the same fault."""
EARLY_RECOVERIES = 3
"""How often a recovery without an alarm is asked to come again before it is taken to belong to none of ours."""


def show_form(request: Request, ports: Ports) -> Response:
    """GET /forms/{name}: the form, with a token of its own so that pressing twice makes one ticket."""
    name = request.params["name"]
    form, keep = _form(name, request, ports), personal_forms.kept(request)
    return page(200, forms.page(name, form, ports.token(), keep=keep))


def send_form(request: Request, ports: Ports) -> Response:
    """POST /forms/{name}: 201 with the number, 422 with the same page and what is missing on it."""
    name = request.params["name"]
    form = _form(name, request, ports)
    check_origin(request)
    if ports.once.count(f"form#{request.source_ip}", HOUR) > FORMS_PER_HOUR:
        raise ThrottledError("too many forms came from this address in an hour; wait, or write a mail", HOUR)
    given = forms.received(request.body, request.headers.get("content-type", ""))
    try:
        submission = forms.parse(name, form, given.fields, received_at=ports.now(), files=given.files)
        submission = personal_forms.claimed(submission, personal_forms.opener(request, ports), ports)
    except forms.WrongAnswersError as wrong:
        return page(422, forms.page(name, form, ports.token(), wrong))
    except forms.TrappedError:
        # A browser that fills in what nobody sees belongs to a person: the page comes back with that field empty.
        again = InvalidInputError(forms.TRAP, form.say("trapped"))
        return page(422, forms.page(name, form, ports.token(), forms.WrongAnswersError([again], given.fields)))
    record, _ = intake.take(screened(submission, ports.policies.sources.attachments), ports)
    link = f"{request.base_url}/tickets/{sign(ports.link_secret, 'ticket', record.id)}"
    return page(201, forms.confirmation(form, record.number, link, submission.sender))


def take_webhook(request: Request, ports: Ports) -> Response:
    """POST /intake/{source}: 201 or 200 with the number once it is stored, 401 for a missing or wrong signature."""
    name = request.params["source"]
    policy = ports.policies.sources.webhook.get(name)
    if policy is None:
        raise NotFoundError(f"no source is called {name!r}")
    if policy.verify.scheme != "none":
        live = _live(name, ports) if policy.verify.scheme != "sns" else ()
        signatures.verify(request.body, request.headers, policy.verify, live, ports.now(), ports.fetch)
    if policy.verify.scheme == "sns" and (address := subscription(request.body)):
        ports.fetch(address)
        return json_response(200, {"outcome": "subscribed"})
    if policy.verify.scheme == "form":
        _check_unspent(name, request.body, policy.verify.tolerance, request.headers, ports)
    if raw := taken_apart.whole_mail(request.body, request.headers, policy):
        intake.take_posted_mail(raw, ports)
        return json_response(200, {"outcome": "taken as mail"})
    kept = Envelope(source=name, body=request.body, headers=request.headers, at=ports.now())
    try:
        submission = webhook.parse(name, request.body, request.headers, policy, received_at=ports.now())
    except (InvalidInputError, MalformedError) as error:
        _hold(kept, policy, error, ports)
        raise
    if submission is None:
        return json_response(
            202, {"outcome": "not for the desk", "reason": "the source's policy leaves such events out"}
        )
    return _taken(submission, kept, policy, ports)


def _taken(submission: Submission, kept: Envelope, policy: WebhookSource, ports: Ports) -> Response:
    """What a webhook's submission comes to: a ticket, an entry, or the end of a fault."""
    is_event = policy.kind == webhook.EVENT
    if not submission.recovered:
        record, new = alarming.fire(submission, kept, ports) if is_event else intake.take(submission, ports)
        if policy.answer:
            facts = {"{number}": record.number, "{state}": record.state}
            return json_response(200, {name: _said(text, facts) for name, text in policy.answer.items()})
        return json_response(201 if new else 200, {"number": record.number, "state": record.state})
    try:
        record = alarming.recover(submission, ports) if is_event else intake.recover(submission, ports)
    except OutsideError:
        if ports.once.count(f"early#{submission.record_id}", HOUR) <= EARLY_RECOVERIES:
            raise
        return json_response(202, {"outcome": "nothing to resolve", "reason": "no ticket was opened for this fault"})
    return json_response(200, {"number": record.number, "state": record.state})


def _said(text: str, facts: Mapping[str, str]) -> str:
    for name, value in facts.items():
        text = text.replace(name, value)
    return text


def _hold(kept: Envelope, policy: WebhookSource, error: ItsmError, ports: Ports) -> None:
    """Keep what a known sender sent and nobody could read, for a person to release once the policy is mended.

    The sender is told what is wrong with it all the same. What anybody could have sent is not kept, nor more of it than
    a person looks at.
    """
    if policy.verify.scheme == "none" or ports.once.count(f"held#{kept.source}", HOUR) > HELD_PER_HOUR:
        return
    ports.blobs.put(kept.key, kept.packed(), "application/json")
    held = quarantine.held(kept.key, f"cannot be read: {error}", source=kept.source, at=kept.at, raw=kept.key)
    ports.records.create(held)


def _check_unspent(name: str, body: bytes, tolerance: int, headers: Mapping[str, str], ports: Ports) -> None:
    """Raise UnauthenticatedError for a signed token that comes again with another body: the body itself is not signed.

    The same body again is the provider's own repeat, and harmless; one that was refused stays refused.
    """
    token = posted.read(body, headers.get("content-type", ""), posted.OF_A_MACHINE).fields["token"].encode()
    spent, whole = hashlib.sha256(token).hexdigest(), hashlib.sha256(body).hexdigest()
    # a stamp is good to the very second on either side, so a token may come for one second more than twice that
    if not ports.once.held(f"hook#{name}#{spent}", whole, 2 * tolerance + 1):
        raise UnauthenticatedError("this token was used already, with another body")


def _form(name: str, request: Request, ports: Ports) -> Form:
    """The form in the language of ?lang=, else of the browser."""
    form = ports.policies.forms.form.get(name)
    if form is None:
        raise NotFoundError(f"no form is called {name!r}")
    form = personal_forms.asked_by(form, personal_forms.opener(request, ports))
    wanted = request.query.get("lang") or request.headers.get("accept-language", "")
    return forms.spoken(form, chosen(wanted, form.languages, form.language))


def _live(name: str, ports: Ports) -> Sequence[str]:
    """A source's live secrets: several while one replaces another, separated by blanks."""
    return ports.secrets.get("sources").get(name, "").split()
