"""Policies: the organisation as its owners set it in TOML, each file read at its first use into typed objects."""

from __future__ import annotations

import sys
import tomllib
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from itsm.core.errors import PolicyError
from itsm.runtime.policy_reading import Reader, Shelf, UnreadablePolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from itsm.core.calendar import Calendars, Copies, Newer
    from itsm.core.catalogue import Catalogue
    from itsm.core.organisation import Configuration, Groups, Services
    from itsm.core.priority import Priorities
    from itsm.jira.policy import JiraPolicy
    from itsm.practices.change.policy import ChangePolicy
    from itsm.practices.incident.policy import IncidentPolicy
    from itsm.practices.problem.policy import ProblemPolicy
    from itsm.practices.request.policy import RequestPolicy
    from itsm.practices.service_level.policy import ServiceLevels
    from itsm.service_desk.letters import Letters, Shipped
    from itsm.service_desk.policy import Forms, Routing, Sources
    from itsm.service_desk.words import Languages

PACKAGE = "itsm_policy"


class Policies:
    """Every policy file by name; `directory` holds the files (None: the deployed package itsm_policy).

    `newer` knows what feeds of holidays say today; without it the copies that stand beside the files hold.
    Each attribute raises PolicyError, naming file and key, when its file cannot be read as its owner's types.
    """

    def __init__(self, directory: Path | None = None, newer: Newer | None = None) -> None:
        self._directory = directory
        self._newer: Newer = newer or (lambda feed: None)

    def text(self, name: str) -> str:
        """The source of `<name>.toml`. Raises PolicyError when it is not there or not UTF-8."""
        file = f"{name}.toml"
        try:
            if self._directory is not None:
                return (self._directory / file).read_text("utf-8")
            return resources.files(PACKAGE).joinpath(file).read_text("utf-8")
        except (FileNotFoundError, ModuleNotFoundError) as error:
            raise UnreadablePolicyError(file, [("", "the file is missing")]) from error
        except UnicodeDecodeError as error:
            raise UnreadablePolicyError(file, [("", f"the file is not UTF-8: {error}")]) from error

    def read[P](self, name: str, owner: type[P]) -> P:
        """`<name>.toml` as its owner's dataclass. Raises PolicyError with all that does not fit."""
        try:
            table = tomllib.loads(self.text(name))
        except tomllib.TOMLDecodeError as error:
            raise UnreadablePolicyError(f"{name}.toml", [("", f"this is not TOML: {error}")]) from error
        reader = Reader(lambda other: getattr(self, other))
        policy = reader.table(owner, table)
        if reader.faults:
            raise UnreadablePolicyError(f"{name}.toml", reader.faults)
        if not isinstance(policy, owner):
            raise PolicyError(f"{name}.toml: was read as {type(policy).__name__}, not as {owner.__name__}")
        return policy

    @cached_property
    def services(self) -> Services:
        """The service catalogue."""
        from itsm.core.organisation import Services

        return self.read("services", Services)

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration items and their classes."""
        from itsm.core.organisation import Configuration

        return self.read("configuration", Configuration)

    @cached_property
    def groups(self) -> Groups:
        """The support groups."""
        from itsm.core.organisation import Groups

        return self.read("groups", Groups)

    @cached_property
    def calendars(self) -> Calendars:
        """Service hours and holidays."""
        from itsm.core.calendar import Calendars

        return self.read("calendars", Calendars)

    @cached_property
    def copies(self) -> Copies:
        """The last good copies of feeds, `feeds/<name>.ics` beside the policy; none where there are none."""
        from itsm.core.calendar import Copies

        folder = self._directory / "feeds" if self._directory is not None else resources.files(PACKAGE) / "feeds"
        if not folder.is_dir():
            return Copies(newer=self._newer)
        found = {one.name.removesuffix(".ics"): one for one in folder.iterdir() if one.name.endswith(".ics")}
        # a byte that is no UTF-8 spoils a summary at most
        texts = {name: one.read_bytes().decode("utf-8", "replace") for name, one in found.items()}
        return Copies(texts=texts, newer=self._newer)

    @cached_property
    def priorities(self) -> Priorities:
        """Impact x urgency."""
        from itsm.core.priority import Priorities

        return self.read("priorities", Priorities)

    @cached_property
    def sources(self) -> Sources:
        """Intake sources."""
        from itsm.service_desk.policy import Sources

        return self.read("sources", Sources)

    @cached_property
    def forms(self) -> Forms:
        """Web forms."""
        from itsm.service_desk.policy import Forms

        return self.read("forms", Forms)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the forms let people order, by the source an order has."""
        from itsm.core.catalogue import Catalogue
        from itsm.service_desk.ordering import item

        return Catalogue(items={f"form-{name}": item(form) for name, form in self.forms.form.items()})

    @cached_property
    def letters(self) -> Letters:
        """Our mails: the organisation's language, and the letters of its own."""
        from itsm.service_desk.letters import Letters

        return self.read("letters", Letters)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The languages we speak: the folders of `languages/`."""
        return tuple(name for name in self.files("languages") if self.files(f"languages/{name}"))

    def files(self, folder: str) -> tuple[str, ...]:
        """The names in a folder of the policy, "" for its root; none where there is no such folder."""
        at = (self._directory or resources.files(PACKAGE)) / folder
        return tuple(sorted(one.name for one in at.iterdir() if one.name[0] not in "_.")) if at.is_dir() else ()

    @cached_property
    def shipped_letters(self) -> Mapping[str, Shipped]:
        """Every letter by language, each language read at its first use."""
        from itsm.service_desk.letters import Shipped

        return Shelf(self.tags, lambda tag: self.read(f"languages/{tag}/letters", Shipped))

    @cached_property
    def languages(self) -> Languages:
        """The words of our pages by language, each language read at its first use."""
        from itsm.service_desk.words import Languages, Words

        words = Shelf(self.tags, lambda tag: self.read(f"languages/{tag}/words", Words))
        return Languages(words=words, default=self.letters.language)

    @cached_property
    def routing(self) -> Routing:
        """Which group works what."""
        from itsm.service_desk.policy import Routing

        return self.read("routing", Routing)

    @cached_property
    def service_level(self) -> ServiceLevels:
        """Agreements and their targets."""
        from itsm.practices.service_level.policy import ServiceLevels

        return self.read("service_level", ServiceLevels)

    @cached_property
    def jira(self) -> JiraPolicy:
        """How records appear in Jira."""
        from itsm.jira.policy import JiraPolicy

        return self.read("jira", JiraPolicy)

    @cached_property
    def incident(self) -> IncidentPolicy:
        """What the owner of incident management sets."""
        from itsm.practices.incident.policy import IncidentPolicy

        return self.read("incident", IncidentPolicy)

    @cached_property
    def problem(self) -> ProblemPolicy:
        """What the owner of problem management sets."""
        from itsm.practices.problem.policy import ProblemPolicy

        return self.read("problem", ProblemPolicy)

    @cached_property
    def request(self) -> RequestPolicy:
        """What the owner of request fulfilment sets."""
        from itsm.practices.request.policy import RequestPolicy

        return self.read("request", RequestPolicy)

    @cached_property
    def change(self) -> ChangePolicy:
        """What the owner of change management sets."""
        from itsm.practices.change.policy import ChangePolicy

        return self.read("change", ChangePolicy)


if __name__ == "__main__":
    from itsm.runtime.policy_check import main

    sys.exit(main(sys.argv[1:]))
