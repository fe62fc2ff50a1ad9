"""Guided: coverage-guided fuzzing (atheris) of parser, classifier, HTML and webhooks; what fails is kept to show."""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["itsm"]):
    from itsm.core.errors import ItsmError
    from itsm.runtime.policies import Policies
    from itsm.service_desk import quotes, text
    from itsm.service_desk.filters import classify
    from itsm.service_desk.signatures import verify
    from itsm.service_desk.sources import mime, taken_apart, webhook

from tests.corpus.mutants import MOST, mailed, refused
from tests.corpus.reading import OWN
from tests.corpus.shelf import MAIL, items, vectors

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ITSM_SHARED", ROOT.parent / "shared"))
FOUND = ROOT / ".sandbox" / "fuzz"
SLOW_SECONDS, MOST_MB = 5, 768
FORBIDDEN = ("<script", "<style", "<iframe", "<object", "<form")


def classified(raw: bytes) -> None:
    """A mail by its headers alone."""
    try:
        mail = mime.read(raw)
    except ItsmError:
        return
    classify(mail, "someone@example.org", OWN)


def shown(raw: bytes) -> None:
    """HTML made safe, read as text and cut; no element that runs or loads is left."""
    safe = text.sanitised(raw.decode("utf-8", "replace"))
    assert not any(element in safe.lower() for element in FORBIDDEN), "an element got through"
    quotes.split(text.readable(safe))


def hooked(webhooks: Policies) -> Callable[[bytes], None]:
    """A webhook of the source its first byte chooses; its second line is the signature it comes with."""
    sources = webhooks.sources.webhook
    names = sorted(sources)

    def one(raw: bytes) -> None:
        name = names[raw[0] % len(names)] if raw else names[0]
        signature, _, body = raw[1:].partition(b"\n")
        policy = sources[name]
        said = signature.decode("latin-1")
        headers = {policy.verify.header.lower(): said, "content-type": "application/json", "webhook-timestamp": "0"}
        refused(partial(verify, body, headers, policy.verify, ["whsec_a2V5"], 0, lambda url: body))
        refused(partial(webhook.parse, name, body, headers, policy, received_at=0))
        taken_apart.whole_mail(body, headers, policy)

    return one


def seeds(target: str) -> list[bytes]:
    """What the search begins from: real mails or webhooks where there are any, else our own samples."""
    if target == "webhook":
        found = [b"\0\n" + str(vector.get("body", "")).encode() for vector in vectors(SHARED)]
        return found or [path.read_bytes() for path in sorted((ROOT / "tests/samples").glob("*.json"))]
    found = [item.raw for item in items(SHARED) if item.kind == (MAIL if target != "html" else "html")]
    return [raw for raw in found if len(raw) <= MOST] or [
        path.read_bytes() for path in sorted((ROOT / "tests/samples").glob("*.eml"))
    ]


def main() -> None:
    """Fuzz one target for some seconds; libFuzzer ends the process with a code other than 0 when it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.guided", description=__doc__)
    parser.add_argument("target", choices=("parser", "classifier", "html", "webhook"))
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    targets = {"parser": mailed, "classifier": classified, "html": shown, "webhook": hooked(Policies())}
    folder = FOUND / options.target
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    for at, raw in enumerate(seeds(options.target)):
        (folder / "seeds" / f"{at:05d}").write_bytes(raw)
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={options.seconds}",
            f"-timeout={SLOW_SECONDS}",
            f"-rss_limit_mb={MOST_MB}",
            f"-max_len={MOST}",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            "-verbosity=0",
            str(folder / "seeds"),
        ],
        targets[options.target],
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
