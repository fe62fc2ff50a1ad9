"""Hooks: what a webhook source's owner sets in sources.toml: its proof, its mapping, and the mails it takes apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How a webhook proves who sent it.

    scheme `hmac`: `template` is what is signed, of {id}, {ts} and {body}; the `header` holds one signature after
    `prefix`, or several between `separator`s; `timestamp_field` finds the time inside that header (`t` in
    `t=..,v1=..`). A secret that begins with `key_prefix` is base64 after it. `tolerance` is how many seconds a
    timestamp may be off. scheme `token`: the header holds `prefix` and the secret itself (base64 of it when `encoding`
    says so: HTTP Basic). scheme `none`: the address is all there is to know, and the sender is not trusted.
    scheme `sns`: Amazon SNS signed it, for one of `topics` (ARNs). scheme `ecdsa`: as hmac, but the secret is a public
    key, base64 DER (SendGrid). scheme `form`: the form's own timestamp, token and signature (Mailgun).
    """

    scheme: str
    header: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    separator: str = ""
    template: str = "{body}"
    id_header: str = ""
    timestamp_header: str = ""
    timestamp_field: str = ""
    tolerance: int = 300
    key_prefix: str = ""
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedFile:
    """[webhook.<name>.mail.file]: where an object of the list has a file's name, type, base64 content and id."""

    name: str = "{Name}"
    type: str = "{ContentType}"
    content: str = "{Content}"
    content_id: str = "{ContentID}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenApart:
    """[webhook.<name>.mail]: how a provider posts a mail it has taken apart, each value a {path} into what it posts.

    `head` leads to the mail's own headers: lines as they came (`form` block), a list of [name, value] (pairs), or one
    of objects that hold them at `name` and `value` (objects). Pairs and objects may be JSON in a form's field. Headers
    it lacks are filled from `missing`, texts with {paths}; one of which no path leads anywhere stays away. What stands
    for a path between quotes or angle brackets cannot end them.

    `text` and `html` lead to the bodies, `charsets` to an object of what a form's fields are written in. `files` is
    where a list of objects is, as `file` says, or the beginning of the names of a form's fields that are files;
    `content_ids` leads to an object of Content-IDs and the fields whose files they name.
    """

    head: str
    form: str
    name: str = "{Name}"
    value: str = "{Value}"
    text: str = ""
    html: str = ""
    charsets: str = ""
    files: str = ""
    file: PostedFile = field(default_factory=PostedFile)
    content_ids: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSource:
    """[webhook.<name>]: a source that posts JSON. Each value of `map` is a text with {paths} into the payload, or
    {@header}. What is posted as a form is read like a JSON object of its fields.

    `{a.b|a.c}` takes the first path that leads somewhere. `key` names the ticket, `delivery` this very delivery. A
    submission is made only when every text of `only` comes to one of its values; `recovered` likewise says that the
    fault is over. Where `raw` comes to something, that is a whole mail and goes the way of mail; so does what `mail`
    finds the headers of a mail in. `values` translates what a mapped field came to. `required` fields must come to
    something.

    kind `event`: a source of alarms. What has one `fingerprint` (without one: one key) is one fault: it goes on in its
    ticket while it flaps, is part of a storm, and is suppressed in a maintenance window, as [alarm] says.

    `answer`: what the source shows to whoever asked, a JSON object of these texts with {number} and {state}, always
    with 200 (a chat program takes anything else for a failure).
    """

    verify: Verification
    key: str
    kind: str = "ticket"
    answer: Mapping[str, str] = field(default_factory=dict)
    practice: str = "incident"
    delivery: str = ""
    fingerprint: str = ""
    raw: str = ""
    mail: TakenApart | None = None
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recovered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    map: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    required: tuple[str, ...] = ("subject",)
    max_bytes: int = 262_144
