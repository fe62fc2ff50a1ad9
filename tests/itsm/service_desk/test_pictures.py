"""Pictures: only a kept file that is a picture is shown where a mail shows it; all else is told in words."""

import pytest
from itsm.service_desk.pictures import bound, kind, shown
from itsm.service_desk.submission import attachment
from itsm.service_desk.text import sanitised

PNG = b"\x89PNG\r\n\x1a\n0000"
SHOT = attachment("shot.png", "image/png", PNG, "shot@mail")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"<svg onload=alert(1)>", ""),
        (b"BM is how a letter begins", ""),
        (b"", ""),
    ],
)
def test_a_picture_is_known_by_its_first_bytes_and_not_by_its_name(content: bytes, expected: str) -> None:
    assert kind(content) == expected


def test_an_inline_picture_is_bound_to_its_file_and_shown_at_its_address() -> None:
    page = bound(sanitised('<p>See <img src="CID:shot%40mail" alt="a screen" width=40 onerror=x></p>'), [SHOT])
    assert page == f'<p>See <img src="cid:{SHOT.sha256}" alt="a screen" width="40"></p>'
    assert shown(page, lambda name: f"https://d.example/{name}?a=1&b") == (
        f'<p>See <img src="https://d.example/{SHOT.sha256}?a=1&amp;b" alt="a screen" width="40"></p>'
    )
    assert shown(page, lambda name: "") == "<p>See <i>[a screen]</i></p>"


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ('<img src="cid:nobody@mail" alt="a <b> & c">', "<i>[a &lt;b&gt; &amp; c]</i>"),
        ('<img src="cid:script@mail" alt="x">', "<i>[x]</i>"),
        ('<img src="cid:virus@mail">', "<i>[picture]</i>"),
        ('<img src="https://count.example/me.gif">', ""),
        ('<img src="https://count.example/me.gif" alt="Logo">', "<i>[Logo]</i>"),
        ('<img alt="&lt;script&gt;alert(1)&lt;/script&gt;">', "<i>[&lt;script&gt;alert(1)&lt;/script&gt;]</i>"),
    ],
)
def test_what_names_no_kept_picture_is_told_in_words_and_nothing_is_loaded(markup: str, said: str) -> None:
    files = [
        SHOT,
        attachment("a.png", "image/png", b"<script>", "script@mail"),
        attachment("b.png", "image/png", PNG + b"!", "virus@mail"),
    ]
    refused = [*files[:2], files[2].__replace__(refused="a scanner's test virus is in it")]
    page = bound(sanitised(markup), refused)
    assert page == said
    assert shown(page, lambda name: "https://d.example/x") == said


def test_a_stored_page_names_only_what_the_ticket_has() -> None:
    page = f'<img src="cid:{"0" * 64}" alt="gone"><img src="cid:{SHOT.sha256}" alt="there">'
    there = shown(page, lambda name: "/there" if name == SHOT.sha256 else "")
    assert there == '<i>[gone]</i><img src="/there" alt="there">'
