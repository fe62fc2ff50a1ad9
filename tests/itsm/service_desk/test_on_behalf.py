"""On behalf: the policy is checked, the channel's word is for domains, and a hostile mail costs nothing."""

import time
from typing import Any

import pytest
from itsm.service_desk.filters import LIST, Own
from itsm.service_desk.on_behalf import OnBehalf, bare, judged, problems
from itsm.service_desk.submission import INTERNAL, VERIFIED, Claim, Classification
from itsm.service_desk.verdicts import proven

from tests.itsm.service_desk.mails import a_submission

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
AGENT = "ada@example.org"
CLAIM = Claim(how="forwarded", opener=AGENT, person="rita@customer.example", name="Rita")


def said(**facts: Any) -> Any:
    """A submission of an agent who is proven and says it is Rita's."""
    given = {"sender": AGENT, "claims": (CLAIM,), "proven": ("example.org",), "trust": VERIFIED}
    return a_submission(**(given | facts))


def test_a_claim_that_holds_is_the_submissions_and_its_digest_stays() -> None:
    found = judged(said(), OnBehalf(), {AGENT}, OWN)
    assert (found.on_behalf, found.asks) == (CLAIM, "rita@customer.example")
    assert (found.digest, found.record_id) == (said().digest, said().record_id)


@pytest.mark.parametrize(
    "facts",
    [
        {"proven": ()},
        {"proven": ("xexample.org", "org")},
        {"trust": 1},
        {"auto": Classification(kind=LIST)},
        {"claims": (Claim(how="forwarded", opener=AGENT, person="reply+x.y@desk.example.org"),)},
        {"claims": (Claim(how="forwarded", opener=AGENT, person=""),)},
    ],
)
def test_a_claim_does_not_hold_without_proof_or_another_person(facts: dict[str, Any]) -> None:
    assert judged(said(**facts), OnBehalf(), {AGENT}, OWN).asks == AGENT


def test_our_own_account_needs_no_proof_of_a_domain_but_the_policys_leave() -> None:
    inside = said(trust=INTERNAL, proven=())
    assert judged(inside, OnBehalf(trust=INTERNAL), {AGENT}, OWN).on_behalf == CLAIM
    assert judged(inside, OnBehalf(), set(), OWN).on_behalf is None


def test_addresses_and_domains_of_policy_are_told_apart_as_people_are() -> None:
    policy = OnBehalf(agents=False, senders=("Ada@Example.org",), domains=("PARTNER.example",))
    assert policy.allows(AGENT, ())
    assert policy.allows("anybody@partner.example", ())
    assert not policy.allows("anybody@sub.partner.example", ())
    assert not policy.allows("ada@example.org.evil.example", ())
    assert not policy.allows(AGENT.replace("a", "а"), ())  # a look-alike letter


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        (OnBehalf(trust=1), "on_behalf.trust"),
        (OnBehalf(trust=4), "on_behalf.trust"),
        (OnBehalf(senders=("ada",)), "on_behalf.senders.0"),
        (OnBehalf(domains=("a.example", "@b.example")), "on_behalf.domains.1"),
        (OnBehalf(domains=("com",)), "on_behalf.domains.0"),
    ],
)
def test_a_fault_in_the_policy_is_named(policy: OnBehalf, key: str) -> None:
    assert [path for path, _ in problems(policy)] == [key]
    assert problems(OnBehalf()) == []


@pytest.mark.parametrize(
    ("dmarc", "spf", "written", "envelope", "domains"),
    [
        ("PASS", "PASS", ["Ada <ada@Example.org>"], "bounce@mail.example.org", ("example.org", "mail.example.org")),
        ("PASS", "FAIL", ["ada@example.org"], "x@evil.example", ("example.org",)),
        ("GRAY", "PASS", ["ada@example.org"], "x@evil.example", ("evil.example",)),
        ("PASS", "GRAY", ['"ada@example.org" <x@evil.example>'], "", ("evil.example",)),
        ("PASS", "GRAY", ["ada@example.org", "x@evil.example"], "", ()),
        ("", "", ["ada@example.org"], "ada@example.org", ()),
        ("PASS", "PASS", [], "", ()),
    ],
)
def test_a_domain_is_proven_by_dmarc_for_from_and_by_spf_for_the_envelope(
    dmarc: str, spf: str, written: list[str], envelope: str, domains: tuple[str, ...]
) -> None:
    receipt = {"dmarcVerdict": {"status": dmarc}, "spfVerdict": {"status": spf}}
    assert proven(receipt, {"source": envelope, "commonHeaders": {"from": written}}) == domains


def test_a_forwarded_subject_loses_what_was_put_before_it() -> None:
    assert bare("WG: Fwd: It") == "It"
    assert bare("Forward planning") == "Forward planning"
    assert bare("Fw: " * 10_000) == ""


@pytest.mark.parametrize("line", ["> " * 240 + "From", "From: " + "a@" * 240, "*" * 499, "From: x <" + "mailto:" * 60])
def test_a_mail_made_to_look_like_many_heads_is_read_in_no_time(line: str) -> None:
    from itsm.service_desk.sources.passed_on import _head

    began = time.process_time()
    _head("\n".join([line] * 5_000))
    assert time.process_time() - began < 0.5
