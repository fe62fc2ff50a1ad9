"""Filters: what sort of sender wrote; a machine's mail never makes a machine answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from itsm.core.addresses import folded
from itsm.service_desk.away import says_away
from itsm.service_desk.failures import failures, shows_own, shows_returned
from itsm.service_desk.patterns import begins, holds
from itsm.service_desk.submission import Classification

if TYPE_CHECKING:
    from itsm.service_desk.sources.mime import Mail

OWN, BOUNCE, DELAYED, FEEDBACK = "own", "bounce", "delayed", "feedback"
AUTO_REPLY, LIST, RECEIPT, PERSON = "auto-reply", "list", "receipt", "person"

INSTANCE_HEADER = "x-itsm-instance"
DAEMON = (
    r"^(?:mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|post[-_.]?master|bounces?|mail[-_.]?system|no-?bounce"
    r"|microsoftexchange[0-9a-f]{32})"
    r"(?:[-+=.].*)?@"
)
DAEMON_NAME = (
    r"mail delivery (?:sub)?system|mail delivery service|mailer[- ]daemon|system administrator|mail administrator"
    r"|microsoft outlook$|postmaster"
    r"|internet mail delivery|mail system$|message router|mail router|delivery manager|courier mail server|email "
    r"bounced|\bmta\b"
)
FAILED_SUBJECT = (
    r"undeliver(?:ed|able)|delivery (?:status notification|failure|failed|problem|error|report|has failed)|failure "
    r"(?:notice|notification|delivery)"
    r"|returned mail|returned to sender|mail (?:delivery|could not be delivered|failure|system error|error)|non[- "
    r"]?delivery|not delivered|nondeliverable"
    r"|could not be delivered|couldn't be delivered|cannot be delivered|can't be delivered|unzustellbar|nicht "
    r"zustellbar|unbekannter empf|user unknown"
    r"|message (?:undeliverable|delivery failure|not delivered|status|bounced)|unable to deliver|mail returned|mail "
    r"non remis|non remis|non distribu|remise (?:diff|du message)"
    r"|message non|email delivery failure|notification d.[eé]tat|no se puede entregar|no entregado|mensagem n[aã]o "
    r"entregue|onbestelbaar|配信|エラーメール"
    r"|postmaster notify|^warning: could not send|auto[- ]?reply: mail delivery|delivery notification|notifica(?:c|z"
    r"|ç)[ií]?[oó]?n.{0,20}entrega"
    r"|recapito|message d.erreur|bounced? (?:mail|message|email)|address (?:not found|unknown)|不达|退信|回弹"
    r"|недоставленн|не доставлено|не уда[ле]\w+ доставить|невозможно доставить|niedostarczon"
    r"|nie (?:mo[żz]na|uda[łl]o si[ęe]) (?:dor[ęe]czy|dostarczy)[ćc]|nedoru[čc](?:en|iteln)|k[ée]zbes[íi]thetetlen|nem "
    r"k[ée]zbes[íi]t|k(?:an|unde) inte levereras|olevererbar|k(?:an|unne) ikke leveres|uleverbar|ei voi(?:tu|da)? "
    r"toimittaa"
    r"|teslim edilem|iletilem|impossibile recapitare|mancat[ao] (?:recapito|consegna)|n[ãa]o foi poss[íi]vel entregar"
    r"|no se (?:ha podido|pudo) entregar|niet (?:bezorgd|afgeleverd)|nu a putut fi livrat|배달되지|반송|不達"
    r"|送信できません|未送达|无法投递|無法傳遞|无法传递|未传递|投递失败"
)
FAILED_BODY = (
    r"(?:could not|couldn't|cannot|can't|unable to|wasn't able to|was not|not able to|did not|failed to|has not been) "
    r"(?:be )?(?:deliver|send|sent|reach)"
    r"|undeliver|delivery (?:to the following|failed|failure|attempts?|has failed|of your)|permanent(?:ly)? (?:error"
    r"|fail|fatal)|user unknown|unknown user|no such user"
    r"|mailbox (?:is )?(?:full|unavailable|not found|unknown|does not exist)|recipient (?:address )?(?:rejected"
    r"|unknown|not found)|host (?:unknown|not found)"
    r"|the following (?:address|recipient|message|destination)|unrouteable|transcript of session|returned to (?:you"
    r"|sender)|\b[45]\.\d{1,2}\.\d{1,3}\b|\b55[0-4]\b"
    r"|quota exceeded|over quota|invalid (?:address|recipient|mailbox)|address(?:ee)? (?:unknown|not found|does not "
    r"exist)|not listed in|bounced"
    r"|original message (?:follows|attached)|below this line is a copy|failed recipient|message could not|rejected"
    r"|nicht zugestellt|n['’](?:a|ont) pas pu (?:[êe]tre )?(?:remi|remett|d[ée]livr|distribu|livr|achemin|envoy|transmi"
    r"|atteindre)|no se (?:ha podido|pudo|puede) entreg|possibile (?:recapitare|consegnare)"
    r"|не (?:удалось|может быть) доставлен|не удалось доставить|nie (?:mo\w+|zosta\w+) (?:dostarcz|dor[ęe]cz)\w+"
    r"|niet (?:worden )?(?:bezorgd|afgeleverd)|inte levereras|ikke leveres|配信できません|送信できません"
    r"|无法投递|无法送达|被退回"
)
LATE = (
    r"delayed|delay(?:ed)? mail|warning: (?:could not send|message|mail)|delivery (?:is )?delayed|verz[öo]gert"
    r"|retard[ée]|not yet been delivered|still being retried"
)
FAILED_WORDS, CALLED_SO = "subject speaks of failed delivery", "sender is called a mail system"
ANSWER = r"\s*(?:re|aw|antw|sv|vs|odp|ynt|回复|答复)\s?[:：]"
OWN_MAIL = (
    r"\b(?:my|our|mein\w*|unser\w*|mon|mes|nos|notre|mis?|nuestr\w+|mio|mia|miei|nostr\w+|mijn|onze)\s+"
    r"(?:[\w-]+\s+){0,2}(?:(?:e-?)?mails?|messages?|nachrichten?|courriels?|correos?|mensajes?|messagg[io]|berichten?)\b"
    r"(?![-\s]*(?:serv|syst|gatew|filt|relay|rout|host|admin|size|polic|secur))"
    r"|\b(?:meus?|minhas?|nossos?|nossas?|min[ae]|mitt|vår[ta]?|våre|vores|m[oóů]j[ae]?|moi(?:ch|mi?)|nasz\w*|naš\w*)\s+"
    r"(?:[\w-]+\s+){0,2}(?:(?:e-?)?(?:mail|post|mejl)(?:et|en|e|a|i|ów|s)?\b(?![-\s]*(?:serv|syst))|mensage\w+"
    r"|meddeland\w+|beskeder?|wiadomo\w+|zpráv\w+)|\bmin (?:e-?)?(?:mail|post)\b"
    r"|\b(?:мо[йияеёюи]\w*|наш\w*)\s+(?:[\w-]+\s+){0,2}(?:письм|писем|сообщени)|我们?的(?:邮件|郵件)|私のメール"
)
"""A person speaks of their own mail, a post office of the reader's."""
PARCEL = (
    r"\b(?:parcels?|packages?|shipments?|sendung|paket\w*|colis|paquetes?|pacc(?:o|hi)|pakket\w*|paczk\w+"
    r"|посылк\w+)\b"
)
ARRIVED = frozenset({"delivered", "relayed", "expanded", "deliverable"})
"""Actions of a delivery status that tell of no failure (RFC 3464 2.3.3, and Postfix's `deliverable`)."""
SUPPRESS = r"\b(?:all|oof|autoreply)\b"
MOST_HOPS = 100
"""Received headers a mail may carry before it is taken to go round in circles (RFC 5321 6.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What is ours: the mail domain, whose Message-IDs only we make, and every address that reaches us."""

    domain: str
    addresses: tuple[str, ...] = ()

    def is_own(self, address: str) -> bool:
        """Whether mail to the address comes back to us: a listed address, or a reply address of ours."""
        local, _, domain = folded(address).rpartition("@")
        return folded(address) in self.addresses or (domain == folded(self.domain) and local.startswith("reply+"))


def classify(mail: Mail, sender: str, own: Own) -> Classification:
    """The kind of sender, the first that fits: own, feedback, delayed, bounce, receipt, auto-reply, list, person.

    Rules: RFC 3464 (delivery status), RFC 5965 (feedback), RFC 8098 (receipts), RFC 3834 (Auto-Submitted), RFC 2919 and
    2369 (lists), Microsoft's X-Auto-Response-Suppress, and what senders without any of these say in their subject.
    """
    for rule in (_own, _report, _bounce, _automatic, _listed):
        found = rule(mail, sender, own)
        if found:
            return found
    return Classification()


def _said(kind: str, reason: str) -> Classification:
    return Classification(kind=kind, reason=reason)


def _own(mail: Mail, sender: str, own: Own) -> Classification | None:
    if any(own.domain.lower() in value.lower().split() for value in mail.fields.get(INSTANCE_HEADER, ())):
        return _said(OWN, "X-Itsm-Instance is ours")
    if (
        own.domain
        and mail.raw("message-id").lower().rstrip("> \t").endswith("@" + own.domain.lower())
        and own.is_own(sender)
    ):
        return _said(OWN, "Message-ID and sender are ours")
    if own.is_own(sender):
        return _said(OWN, "the sender is an address of ours")
    if len(mail.fields.get("received", ())) > MOST_HOPS:
        return _said(OWN, f"it has passed more than {MOST_HOPS} servers: it goes round")
    return None


def _report(mail: Mail, sender: str, own: Own) -> Classification | None:
    report = mail.parameters.get("report-type", "").lower()
    types = {part.type for part in mail.parts}
    if report == "feedback-report" or "message/feedback-report" in types:
        return _said(FEEDBACK, "feedback report (RFC 5965)")
    if report == "disposition-notification" or "message/disposition-notification" in types:
        return _said(RECEIPT, "read receipt (RFC 8098)")
    status = next(
        (part for part in mail.parts if part.type.startswith("message/") and part.type.endswith("delivery-status")),
        None,
    )
    if report == "delivery-status" or status is not None:
        said = status.text if status else ""
        actions = {action.lower() for action in re.findall(r"(?im)^action:[ \t]*([a-z]+)", said)}
        codes = {code[0] for code in re.findall(r"(?im)^status:[ \t]*([245]\.\d)", said)}
        if actions and (actions <= ARRIVED or codes == {"2"}):
            return _said(RECEIPT, f"delivery status with action {min(actions)} (RFC 3464)")
        if actions and actions <= ARRIVED | {"delayed"}:
            return _said(DELAYED, "delivery status with action delayed (RFC 3464)")
        return _said(BOUNCE, "delivery status (RFC 3464)")
    if "x-amz-sns-message-id" not in mail.fields or not mail.parts:
        return None
    if told := re.search(r'Type\\?"\s*:\s*\\?"(Bounce|Complaint)\\?"', mail.parts[0].text[:4_000]):
        return _said(BOUNCE if told[1] == "Bounce" else FEEDBACK, f"{told[1].lower()} told by Amazon SES")
    return None


def _bounce(mail: Mail, sender: str, own: Own) -> Classification | None:
    if "x-failed-recipients" in mail.fields:
        return _said(BOUNCE, "X-Failed-Recipients")
    subject = mail.first("subject")
    signs = [
        ((begins(DAEMON, sender)), "sender is a mail daemon"),
        ((holds(DAEMON_NAME, mail.first("from"))), CALLED_SO),
        ((holds(FAILED_SUBJECT, subject)), FAILED_WORDS),
        (
            any(value.strip() in ("<>", "<mailer-daemon>") for value in mail.fields.get("return-path", ())),
            "null Return-Path",
        ),
    ]
    seen = [reason for holds, reason in signs if holds]
    if not seen:
        return None
    body = " ".join(part.text[:6_000] for part in mail.parts[:4] if part.type.startswith("text/"))
    if holds(LATE, subject) and not holds(FAILED_SUBJECT, subject):
        return _said(DELAYED, "subject speaks of delayed delivery")
    only_words = seen in ([FAILED_WORDS], [CALLED_SO]) and not _returns(mail, subject, body)
    if (
        len(seen) > 1
        or begins(DAEMON, sender)
        or shows_own(mail, own.domain)
        or (holds(FAILED_BODY, body) and not only_words)
    ):
        return _said(BOUNCE, ", ".join(seen))
    return None


def _returns(mail: Mail, subject: str, body: str) -> bool:
    """Whether a mail that speaks of failed delivery may be one: people complain of it, and answer about it, too.

    It shows what it returns, or names an address that is not whom they write to; and it speaks of the reader's mail,
    and of no parcel.
    """
    if _answers(mail, subject):
        return False
    is_other = holds(OWN_MAIL, body) or holds(PARCEL, subject)
    return shows_returned(mail) or (not is_other and bool(failures(mail)))


def _answers(mail: Mail, subject: str) -> bool:
    return begins(ANSWER, subject) and ("in-reply-to" in mail.fields or "references" in mail.fields)


def _automatic(mail: Mail, sender: str, own: Own) -> Classification | None:
    submitted = mail.raw("auto-submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return _said(AUTO_REPLY, "Auto-Submitted (RFC 3834)")
    for name in ("precedence", "x-precedence"):
        if any("auto_reply" in value.lower() or "auto-reply" in value.lower() for value in mail.fields.get(name, ())):
            return _said(AUTO_REPLY, name.title())
    named = (
        "x-autorespond",
        "x-autogenerated",
        "x-autoreply",
        "x-auto-reply",
        "x-autoreply-from",
        "x-autoresponder",
        "x-mail-autoreply",
    )
    present = [name for name in named if name in mail.fields and mail.raw(name).strip().lower() != "no"]
    if present:
        return _said(AUTO_REPLY, present[0].title())
    if "x-ms-exchange-generated-message-source" in mail.fields or (
        holds(SUPPRESS, mail.raw("x-auto-response-suppress")) and "x-ms-exchange-inbox-rules-loop" in mail.fields
    ):
        return _said(AUTO_REPLY, "made by Exchange")
    if says_away(mail.first("subject")):
        return _said(AUTO_REPLY, "subject of an automatic reply")
    return None


def _listed(mail: Mail, sender: str, own: Own) -> Classification | None:
    def any_of(names: Sequence[str]) -> str:
        return next((name for name in names if name in mail.fields), "")

    precedence = [
        value.strip().lower() for name in ("precedence", "x-precedence") for value in mail.fields.get(name, ())
    ]
    if any(value in ("bulk", "list", "junk") for value in precedence):
        return _said(LIST, "Precedence")
    if name := any_of(
        ("list-id", "list-unsubscribe", "mailing-list", "x-mailing-list", "x-list", "feedback-id", "x-campaign-id")
    ):
        return _said(LIST, name.title())
    return None
