"""Filters: a machine's mail is known by what the standards say, and by what those say who keep to none."""

import pytest
from itsm.core.record import derived_id
from itsm.service_desk import filters
from itsm.service_desk.filters import Own
from itsm.service_desk.sources.email import parse
from itsm.service_desk.submission import Submission
from itsm.service_desk.threading import OWN_MESSAGE_ID, candidates, own_message_id

from tests.builders import NOON
from tests.itsm.service_desk.mails import a_mail

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
TICKET = derived_id("mail", "x")


def read(raw: bytes) -> Submission:
    return parse(raw, received_at=NOON, own=OWN)


def report(kind: str, part: str, body: str) -> bytes:
    parts = (
        f"--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\nContent-Type: {part}\r\n\r\n{body}\r\n--b--\r\n"
    )
    return a_mail(parts, Content_Type=f"multipart/report; report-type={kind}; boundary=b")


FAILED = "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (a_mail(), filters.PERSON),
        (a_mail(X_Itsm_Instance="desk.example.org"), filters.OWN),
        (a_mail(From="support@desk.example.org"), filters.OWN),
        (a_mail(From="reply+x.y@desk.example.org"), filters.OWN),
        (report("delivery-status", "message/delivery-status", FAILED), filters.BOUNCE),
        (report("delivery-status", "message/delivery-status", FAILED.replace("failed", "delayed")), filters.DELAYED),
        (report("feedback-report", "message/feedback-report", "Feedback-Type: abuse"), filters.FEEDBACK),
        (report("disposition-notification", "message/disposition-notification", "Disposition: x"), filters.RECEIPT),
        (a_mail(From="MAILER-DAEMON@mx.example.org"), filters.BOUNCE),
        (a_mail(X_Failed_Recipients="a@b.example"), filters.BOUNCE),
        (a_mail(Auto_Submitted="auto-replied"), filters.AUTO_REPLY),
        (a_mail(Auto_Submitted="no"), filters.PERSON),
        (a_mail(Subject="Out of Office: holidays"), filters.AUTO_REPLY),
        (a_mail(Precedence="auto_reply"), filters.AUTO_REPLY),
        (a_mail(Precedence="bulk"), filters.LIST),
        (a_mail(List_Id="<news.example.org>"), filters.LIST),
        (a_mail(X_Auto_Response_Suppress="All"), filters.PERSON),
        (a_mail(Subject="Delivery of my new laptop failed to happen", From="Rita <rita@example.org>"), filters.PERSON),
    ],
)
def test_a_sender_is_told_by_headers_and_words(raw: bytes, kind: str) -> None:
    assert read(raw).auto.kind == kind


def test_another_installations_mark_is_not_ours() -> None:
    assert read(a_mail(X_Itsm_Instance="desk.example.net")).auto.kind == filters.PERSON


def test_a_bounce_points_at_the_ticket_whose_mail_it_returns() -> None:
    ours = own_message_id(b"secret", TICKET, 4, "ack", "desk.example.org")
    raw = report("delivery-status", "text/rfc822-headers", f"Subject: x\r\nMessage-ID: <{ours}>")
    pointers = candidates(read(raw), (b"secret",), "desk.example.org")
    assert (pointers[0].how, pointers[0].record) == (OWN_MESSAGE_ID, TICKET)


def test_a_person_who_pastes_our_message_id_into_a_text_points_at_nothing() -> None:
    ours = own_message_id(b"secret", TICKET, 4, "ack", "desk.example.org")
    assert candidates(read(a_mail(f"<{ours}>")), (b"secret",), "desk.example.org") == ()


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Automatic updates fail on my laptop", "Since Monday."),
        ("Automatische Updates gehen nicht", "Seit Montag."),
        ("Vacation calendar does not sync", "Since Monday."),
        ("Absence request form is broken", "Please look."),
        ("Out of office cannot be switched on", "Outlook says no."),
        ("How do I set an auto-reply in Outlook?", "Thank you."),
        ("Re: Out of office cannot be switched on", "It is switched on now."),
        ("On leave next week, who takes over?", "Tell me."),
        ("Away from keyboard lock does not work", "It never locks."),
        ("Email could not be delivered to a customer", "My mail to bob@example.net could not be delivered."),
        ("Undeliverable mail since Monday", "Whatever we send is rejected with 550."),
        ("Paket nicht zustellbar", "The label was rejected."),
        ("Mail error", "The following message comes up, address unknown."),
        ("Auto-reply does not work", "Outlook says no."),
        ("Automatische Antwort geht nicht", "Seit Montag."),
        ("Holiday: two entries are missing in the calendar", "Please look."),
        ("Holiday 2026 is not in the calendar", "Please look."),
        ("Our approver is on vacation", "Who else can do it?"),
        ("Teams status is away", "All day."),
        ("Ihre Sendung ist unzustellbar", "Sie konnte nicht zugestellt werden. Fragen: service@example.net"),
        ("Message d'erreur Outlook", "Il n'a pas pu se connecter. Mon adresse anna@example.net est refusée."),
        ("Mail kan inte levereras", "Mina mail till anna@example.net kan inte levereras."),
        ("Não foi possível entregar", "Minha mensagem a anna@example.net voltou com 550."),
        ("Nie można dostarczyć", "Moje maile do anna@example.net nie zostały dostarczone."),
        ("Не удалось доставить", "Мои письма на anna@example.net не удалось доставить."),
    ],
)
def test_a_person_who_writes_about_mail_and_absence_is_a_person(subject: str, body: str) -> None:
    assert read(a_mail(body, Subject=subject)).auto.kind == filters.PERSON


def test_an_answer_on_a_ticket_about_lost_mail_is_no_bounce() -> None:
    answer = a_mail("It still could not be delivered to bob@example.net.", Subject="Re: Mail could not be delivered",
                    In_Reply_To="<one@desk.example.org>")  # fmt: skip
    assert read(answer).auto.kind == filters.PERSON


def test_a_sender_whose_name_holds_mta_is_no_post_office() -> None:
    mail = a_mail("I cannot send mail since Monday.", From="Samta <samta@example.org>", Subject="Mail error")
    assert read(mail).auto.kind == filters.PERSON


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Delivery failure notification", "Your message could not be delivered to:\r\nuser@example.net"),
        ("RE: a post : non remis (delivery failed)", "Votre message n'a pas pu etre delivre a\r\nuser@example.net"
            "\r\nYour message could not be delivered"),
        ("Nicht zustellbar", "Ein Fehler ist mit der Mail aufgetreten.\r\nuser@example.net: 550"),
        ("Undeliverable", "Our mail server could not deliver your message to\r\nuser@example.net"),
        ("Undeliverable", "Larger than our message size limit of 10 MB, rejected for\r\nuser@example.net"),
        ("Unzustellbar", "Unser E-Mail-System: nicht zugestellt an\r\nuser@example.net"),
        ("Non remis", "550 user@example.net\r\nRépondez-moi par mail"),
        ("Mail could not be delivered", "It was rejected.\r\n\r\n--- Original message follows ---\r\nHello"),
    ],
)  # fmt: skip
def test_a_bounce_of_no_post_office_is_known_by_what_it_returns_or_gives_up(subject: str, body: str) -> None:
    assert read(a_mail(body, Subject=subject, From="gateway@example.org")).auto.kind == filters.BOUNCE


@pytest.mark.parametrize(
    "subject",
    [
        "Abwesenheitsnotiz: Ihr Ticket", "Automatische Antwort: Ihr Ticket", "Absence du bureau : Re: x",
        "Assente: x", "Fuera de la oficina: x", "Ausência temporária: x", "Nieobecność: x", "不在通知", "부재중: x",
        "Вне офиса", "Afwezig: x", "Otomatik yanıt: x", "Automatikus válasz: x", "Răspuns automat: x", "Fraværsmelding",
        "I'm out of the office until Monday", "Rita is out of the office", "Out of Office AutoReply: x", "OOO: x",
        "Your ticket (out of office)", "[Auto-Reply] x", "On annual leave", "Abwesend bis 5.1.", "Auto reply: Nyaan",
        "Out of office reply", "Out-of-Office Response", "Holiday reply", "On holiday", "Rita is on holiday",
        "Automatic reply from Rita", "Automatische Antwort auf Ihre Mail",
    ],
)  # fmt: skip
def test_an_absence_is_told_by_its_subject_in_many_languages(subject: str) -> None:
    assert read(a_mail(Subject=subject)).auto.kind == filters.AUTO_REPLY


@pytest.mark.parametrize(
    ("sender", "subject", "words"),
    [
        ("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org", "Kan inte levereras: x", "Hittades inte."),
        ("Mail Delivery System <noreply@example.org>", "Niedostarczona wiadomość", "rita@example.net nie istnieje"),
        ("robot@example.org", "Недоставленное сообщение", "Не удалось доставить: rita@example.net"),
        ("robot@example.org", "投递失败", "rita@example.net"),
        ("robot@example.org", "(a subject in a language of no list)", "(and its words too)"),
    ],
)
def test_a_bounce_in_any_language_is_known_by_our_own_head_in_it(sender: str, subject: str, words: str) -> None:
    ours = own_message_id(b"secret", TICKET, 1, "ack", "desk.example.org")
    body = f"{words}\r\n\r\n> Message-ID: <{ours}>\r\n> Subject: [INC0000001] Slow\r\n"
    assert read(a_mail(body, From=sender, Subject=subject, Return_Path="<>")).auto.kind == filters.BOUNCE
