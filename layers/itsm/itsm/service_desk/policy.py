"""Policy: what the service desk's owner sets in sources.toml, forms.toml and routing.toml, one dataclass per table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from itsm.core.catalogue import ItemApproval, PlannedTask
from itsm.core.events import Json
from itsm.core.organisation import Groups, Services
from itsm.core.record import Record
from itsm.service_desk.hooks import TakenApart as TakenApart
from itsm.service_desk.hooks import Verification as Verification
from itsm.service_desk.hooks import WebhookSource as WebhookSource
from itsm.service_desk.limits import Attachments as Attachments
from itsm.service_desk.on_behalf import OnBehalf
from itsm.service_desk.submission import Submission
from itsm.service_desk.words import Languages


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSource:
    """[mail]: the mailbox. `addresses` are local parts or whole addresses that reach us.

    `lists` says what becomes of mail from mailing lists, newsletters and bulk senders: hold or ticket. A reply to a
    ticket that is done reopens it within `reopen_days`; later it makes a new ticket that names the old one. Of one
    sender, `per_sender` mails an hour are taken, `per_thread` on one matter, and `same_words` that say the same; the
    rest is held. `acknowledgements` is how many one address gets in a day. An address
    that bounced for good or complained gets no mail for `suppressed_days`, or until it writes.
    """

    addresses: tuple[str, ...]
    practice: str = "incident"
    impact: int = 3
    urgency: int = 3
    service: str = ""
    lists: str = "hold"
    reopen_days: int = 14
    participants: int = 40
    per_sender: int = 60
    per_thread: int = 20
    same_words: int = 5
    acknowledgements: int = 30
    suppressed_days: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSource:
    """[alarm]: CloudWatch alarms, and what holds for alarms of every source. `names` maps the start of an alarm's name
    to fields of its ticket (service, impact, urgency).

    An alarm that comes back while its ticket is open, or within `flap_minutes` of its end, goes on in that ticket (0:
    only while it is open). More than `storm` new faults of one source and service in `storm_minutes`, and the rest are
    parts of one ticket of the storm, until that long no new one came.
    """

    practice: str = "incident"
    requester: str = "cloudwatch"
    impact: int = 2
    urgency: int = 2
    flap_minutes: int = 60
    storm: int = 10
    storm_minutes: int = 30
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """[[maintenance]]: from `begins` to `ends`, with their offset, alarms of these services, or whose names start so,
    make no ticket; one that still fires at its end does then. Of a webhook the ticket's title is the alarm's name."""

    name: str
    begins: datetime
    ends: datetime
    services: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()

    def holds(self, submission: Submission, at: int) -> bool:
        """Whether a fault that came at this instant (epoch seconds) is expected."""
        if not self.begins.timestamp() <= at < self.ends.timestamp():
            return False
        name = submission.subject.removesuffix(" is in alarm")
        return submission.fields.get("service") in self.services or name.startswith(self.alarms or ("\0",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """[people.organisations."<mail domain>"]: whose people write from there, and the language we answer them in."""

    title: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """[people]: organisations by mail domain, the addresses whose tickets are one step more urgent, and the languages
    of single people by their address."""

    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    vip: tuple[str, ...] = ()
    languages: Mapping[str, str] = field(default_factory=dict)

    def reads(self, address: str, record: Record) -> tuple[str, ...]:
        """The languages a person may read what is about a record in, the surest first; "" for each not known.

        Their own; for who asked the ticket's, which they chose with its form or have from their organisation; for
        others their organisation's before the ticket's.
        """
        organisation = self.organisations.get(address.rpartition("@")[2])
        theirs, tickets = organisation.language if organisation else "", str(record.details.get("language", ""))
        rest = (tickets, theirs) if address == record.requester else (theirs, tickets)
        return self.languages.get(address, ""), *rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """sources.toml."""

    mail: MailSource
    attachments: Attachments = field(default_factory=Attachments)
    maintenance: tuple[Maintenance, ...] = ()
    people: People = field(default_factory=People)
    on_behalf: OnBehalf = field(default_factory=OnBehalf)
    alarm: AlarmSource = field(default_factory=AlarmSource)
    webhook: Mapping[str, WebhookSource] = field(default_factory=dict)
    services: Services = field(default_factory=Services, metadata={"from": "services"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer to choose, and what it adds to the cost of an order."""

    value: str
    label: str
    price: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `name` is also what its answer becomes: sender, sender_name, subject, text, service, impact, ... or
    a detail.

    type: text, email, long (several lines), choice, instant (date and time in the form's zone), file (one or more).
    `when` names other questions and the answers with which this one is asked; with others it counts for nothing.
    `domains` are the mail domains an address must be of, if not any.
    """

    name: str
    label: str
    type: str = "text"
    required: bool = False
    hint: str = ""
    most: int = 0
    autocomplete: str = ""
    choices: tuple[Choice, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domains: tuple[str, ...] = ()

    def asked(self, answers: Mapping[str, str]) -> bool:
        """Whether the question is asked of somebody who gave these answers."""
        return all(answers.get(name, "") in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """[form.<name>.translation.<language>]: labels and hints by question, choices by `<question>.<value>`; what is
    missing stays as it is. `subject` goes before that of `defaults`: a ticket is called in its requester's words."""

    title: str = ""
    subject: str = ""
    intro: str = ""
    button: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """[form.<name>]: one web form, at /forms/<name>, in its own language and those it is translated into.

    With an `approval` or a `fulfilment` it is an item of the service catalogue (core/catalogue.py); it costs `price`
    and those of what is chosen.
    """

    title: str
    practice: str
    question: tuple[Question, ...]
    intro: str = ""
    button: str = "Send"
    language: str = "en"
    zone: str = "UTC"
    defaults: Mapping[str, str] = field(default_factory=dict)
    price: int = 0
    approval: ItemApproval | None = None
    fulfilment: tuple[PlannedTask, ...] = ()
    translation: Mapping[str, Translation] = field(default_factory=dict)
    words: Languages = field(default_factory=Languages, metadata={"from": "languages"})

    def say(self, what: str, **facts: object) -> str:
        """A sentence of ours in the form's language."""
        return self.words.say(self.language, what, **facts)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it can be shown in, its own first."""
        return (self.language, *self.translation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """forms.toml."""

    form: Mapping[str, Form]
    services: Services = field(default_factory=Services, metadata={"from": "services"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRule:
    """[[rule]]: when a record is so, this group works it."""

    assign: str
    when: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """routing.toml: the first rule that holds, else the default."""

    default: str
    rule: tuple[RoutingRule, ...] = ()
    groups: Groups = field(default_factory=Groups, metadata={"from": "groups"})


def problems(policy: Sources | Forms | Routing) -> list[tuple[str, str]]:
    """What is wrong in one of the three files, as (key path, reason)."""
    # Only the build checks policy; no door that reads it loads the checks.
    from itsm.service_desk import checks

    if isinstance(policy, Sources):
        return checks.sources_problems(policy)
    return checks.forms_problems(policy) if isinstance(policy, Forms) else checks.routing_problems(policy)
