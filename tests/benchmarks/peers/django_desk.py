"""Django desk: django-helpdesk with its database in memory, fed by its own importer of a local mail folder."""

import logging
import sys
import tempfile
from pathlib import Path

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.benchmarks.peers.race import LOST, OTHER, TICKET, run

APPS = ("auth", "contenttypes", "sessions", "sites", "admin", "messages", "humanize")


def configure(folder: str) -> None:
    """The settings its handbook asks for, with mail that goes nowhere."""
    settings.configure(
        SECRET_KEY="benchmark",
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in APPS), "rest_framework", "helpdesk"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        MEDIA_ROOT=folder,
        SITE_ID=1,
        USE_TZ=True,
        HELPDESK_TEAMS_MODE_ENABLED=False,
        ROOT_URLCONF="tests.benchmarks.peers.django_urls",
    )
    django.setup()


class Importer:
    """Its importer and one queue that reads a local folder, each mail alone in it, so that none stops another."""

    def __init__(self, inbox: Path) -> None:
        from helpdesk.email import process_queue
        from helpdesk.models import FollowUp, Queue, Ticket

        self.inbox, self.process, self.tables, self.before = inbox, process_queue, (Ticket, FollowUp), (0, 0)
        self.queue = Queue.objects.create(
            title="Desk",
            slug="desk",
            email_address="support@desk.example.org",
            allow_email_submission=True,
            email_box_type="local",
            email_box_local_dir=str(inbox),
        )
        self.logger = logging.getLogger("desk")

    def counted(self) -> tuple[int, int]:
        """Tickets and what was said on them so far."""
        tickets, said = (table.objects.count() for table in self.tables)
        return tickets, said

    def deliver(self, raw: bytes, at: int) -> None:
        """The mail as the only file of the folder."""
        for left in self.inbox.iterdir():
            left.unlink()
        (self.inbox / str(at)).write_bytes(raw)
        self.before = self.counted()

    def work(self) -> None:
        """One run of its importer."""
        self.process(self.queue, self.logger)

    def outcome(self) -> str:
        """By what its tables hold more than before."""
        tickets, said = (now - before for now, before in zip(self.counted(), self.before, strict=True))
        return TICKET if tickets else OTHER if said else LOST


def main() -> None:
    """Run it over the mails of standard input."""
    with tempfile.TemporaryDirectory() as media, tempfile.TemporaryDirectory() as inbox:
        configure(media)
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        logging.disable(logging.CRITICAL)
        run(Importer(Path(inbox)))


if __name__ == "__main__":
    main()
