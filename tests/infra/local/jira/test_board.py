"""The pages: what they show, and that people act on them as themselves."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest

from tests.infra.local.jira.bench import ADA, BEN, INTEGRATION, Bench, document, incident


class Outline(HTMLParser):
    """What a page is made of: its open elements must close, its ids be unique, its controls have labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[str] = []
        self.headings: list[int] = []
        self.feed(html)
        self.close()
        self.wrong += [f"<{tag}> never closes" for tag in self.open]
        self.wrong += [f"id {one} is there twice" for one in set(self.ids) if self.ids.count(one) > 1]
        self.wrong += [f"control {one} has no label" for one in self.controls if one not in self.labelled]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens."""
        told = dict(attrs)
        if "id" in told:
            self.ids.append(told["id"] or "")
        if tag == "label":
            self.labelled.add(told.get("for") or "")
        if tag in ("input", "select", "textarea"):
            self.controls.append(told.get("id") or f"<{tag}> without id")
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append(int(tag[1]))
        if tag == "script" or any(name.startswith("on") or name == "style" for name in told):
            self.wrong.append(f"<{tag}> brings script or style of its own")
        if tag not in ("meta", "link", "input", "br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note what closes."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes what is not open")


RICH = {
    "type": "doc",
    "version": 1,
    "content": [
        {"type": "heading", "attrs": {"level": 1}, "content": [{"type": "text", "text": "Steps"}]},
        {
            "type": "bulletList",
            "content": [{"type": "listItem", "content": [document("look")["content"][0]]}],
        },
        {"type": "codeBlock", "content": [{"type": "text", "text": "rm <all>"}]},
        {
            "type": "paragraph",
            "content": [
                {"type": "text", "text": "bold", "marks": [{"type": "strong"}]},
                {
                    "type": "text",
                    "text": "good",
                    "marks": [{"type": "link", "attrs": {"href": "https://example.com/?a&b"}}],
                },
                {"type": "text", "text": "bad", "marks": [{"type": "link", "attrs": {"href": "javascript:alert(1)"}}]},
                {"type": "mention", "attrs": {"id": ADA, "text": "@Ada"}},
            ],
        },
        {"type": "panel", "attrs": {"panelType": "warning"}, "content": [document("hot")["content"][0]]},
    ],
}


def full(jira: Bench) -> str:
    """An issue with everything on it."""
    key = jira.create('<script>alert("x")</script>', description=RICH, labels=["<b>"], assignee={"accountId": ADA})
    jira.ok("POST", f"issue/{key}/comment", {"body": document("<i>said</i>")})
    mark = [{"key": "sd.public.comment", "value": {"internal": True}}]
    jira.ok("POST", f"issue/{key}/comment", {"body": document("psst"), "properties": mark})
    jira.move(key, "11")
    child = jira.create("Part", issuetype={"name": "Sub-task"}, parent={"key": key})
    ends = {"inwardIssue": {"key": key}, "outwardIssue": {"key": child}}
    jira.ok("POST", "issueLink", {"type": {"name": "Blocks"}, **ends})
    jira.ok("POST", f"issue/{key}/remotelink", {"object": {"url": "javascript:alert(2)", "title": "<u>away</u>"}})
    return key


@pytest.mark.parametrize("page", ["/", "/browse/OPS-1", "/browse/OPS-2", "/new", "/webhooks", "/browse/OPS-77"])
def test_every_page_is_whole_and_its_controls_have_labels(jira: Bench, page: str) -> None:
    full(jira)
    jira.site.webhooks.drain()
    response = jira.site.handle("GET", page)
    outline = Outline(response.text)
    assert response.status == (404 if "77" in page else 200)
    assert outline.wrong == []
    assert outline.headings.count(1) == 1
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["/", "/browse/OPS-1", "/?q=%3Cscript%3E&project=OPS"])
def test_what_people_write_never_becomes_markup(jira: Bench, page: str) -> None:
    full(jira)
    path, _, query = page.partition("?")
    html = jira.site.handle("GET", path, query).text
    for dangerous in ("<script", "<b>", "<i>said", "<u>away", "javascript:", "<all>"):
        assert dangerous not in html


def test_the_board_shows_each_issue_in_the_column_of_its_status(jira: Bench) -> None:
    jira.create("Waits")
    jira.move(jira.create("Moves"), "11")
    html = jira.site.handle("GET", "/").text
    todo, doing = html.index("<h2>To Do"), html.index("<h2>In Progress")
    assert todo < html.index("Waits") < doing < html.index("Moves")


def test_the_board_is_searched_by_words_and_project(jira: Bench) -> None:
    jira.create("Printer")
    jira.create("Laptop")
    html = jira.site.handle("GET", "/", {"q": "lap", "project": "OPS"}).text
    assert "Laptop" in html
    assert "Printer" not in html
    assert "Laptop" not in jira.site.handle("GET", "/", {"project": "OTHER"}).text


def test_an_issue_page_shows_description_comments_labels_and_history(jira: Bench) -> None:
    key = full(jira)
    html = jira.site.handle("GET", f"/browse/{key}").text
    for shown in (
        "<h3>Steps</h3>",
        "<strong>bold</strong>",
        "rm &lt;all&gt;",
        "internal note",
        "In Progress",
        "blocks",
    ):
        assert shown in html


def test_a_person_moves_an_issue_as_themselves(jira: Bench) -> None:
    key = jira.create()
    jira.site.webhooks.drain()
    jira.sent.clear()
    response = jira.form(f"/browse/{key}/transition", urlencode({"as": ADA, "id": "11"}))
    assert (response.status, response.headers["Location"]) == (303, f"/browse/{key}?as={quote(ADA)}")
    assert jira.fields(key)["status"]["name"] == "In Progress"
    jira.site.webhooks.drain()
    (sent,) = jira.sent
    assert sent.payload["user"]["accountId"] == ADA
    assert jira.ok("GET", f"issue/{key}/changelog")["values"][0]["author"]["accountId"] == ADA


def test_a_person_resolves_with_a_resolution(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, "11")
    jira.form(f"/browse/{key}/transition", urlencode({"as": ADA, "id": "41", "resolution": "10002"}))
    assert jira.fields(key)["resolution"]["name"] == "Duplicate"


def test_a_move_that_is_refused_says_why_on_the_issues_page(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, "11")
    response = jira.form(f"/browse/{key}/transition", urlencode({"as": ADA, "id": "41"}))
    assert response.status == 400
    assert "Resolution is required." in response.text
    assert Outline(response.text).wrong == []


def test_a_person_comments_in_public_or_internally(jira: Bench) -> None:
    key = jira.create()
    jira.form(f"/browse/{key}/comment", urlencode({"as": BEN, "body": "Line one\r\nline two\r\n\r\nNew paragraph"}))
    jira.form(f"/browse/{key}/comment", urlencode({"as": BEN, "body": "psst", "internal": "yes"}))
    public, internal = jira.ok("GET", f"issue/{key}/comment")["comments"]
    assert len(public["body"]["content"]) == 2
    assert (public["author"]["accountId"], public["jsdPublic"], internal["jsdPublic"]) == (BEN, True, False)


def test_an_empty_comment_is_refused(jira: Bench) -> None:
    key = jira.create()
    assert jira.form(f"/browse/{key}/comment", urlencode({"as": BEN, "body": "  "})).status == 400
    assert jira.ok("GET", f"issue/{key}/comment")["total"] == 0


def test_a_person_changes_fields(jira: Bench) -> None:
    key = jira.create(assignee={"accountId": BEN}, labels=["old"])
    form = {"as": ADA, "summary": "Other", "priority": "1", "assignee": "", "labels": "one two"}
    assert jira.form(f"/browse/{key}/edit", urlencode(form)).status == 303
    fields = jira.fields(key)
    assert (fields["summary"], fields["priority"]["name"], fields["assignee"]) == ("Other", "Highest", None)
    assert fields["labels"] == ["one", "two"]


def test_a_person_opens_an_issue(jira: Bench) -> None:
    form = {
        "as": ADA,
        "project": "OPS",
        "type": "10001",
        "summary": "Smoke",
        "description": "in room 3",
        "priority": "2",
    }
    assert jira.form("/new", urlencode(form)).headers["Location"].startswith("/browse/OPS-1")
    fields = jira.fields("OPS-1")
    assert fields["creator"]["accountId"] == fields["reporter"]["accountId"] == ADA
    assert fields["description"] == document("in room 3")


def test_a_form_that_is_refused_keeps_what_was_typed(jira: Bench) -> None:
    form = {"as": ADA, "project": "OPS", "type": "10001", "summary": "", "description": "typed with care"}
    response = jira.form("/new", urlencode(form))
    assert response.status == 400
    assert "You must specify a summary" in response.text
    assert "typed with care" in response.text


@pytest.mark.parametrize("actor", [INTEGRATION, "nobody", ""])
def test_nobody_acts_on_the_board_as_the_integration(jira: Bench, actor: str) -> None:
    key = jira.create()
    assert jira.form(f"/browse/{key}/transition", urlencode({"as": actor, "id": "11"})).status == 403
    assert INTEGRATION not in jira.site.handle("GET", "/new").text
    assert jira.fields(key)["status"]["name"] == "To Do"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1", "Origin": "https://evil.example"},
        {"Host": "127.0.0.1", "Origin": "http://127.0.0.1:81"},
        {"Host": "127.0.0.1", "Origin": "null"},
        {"Host": "127.0.0.1", "Referer": "https://evil.example/127.0.0.1"},
        {"Host": "127.0.0.1"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
def test_forms_are_taken_only_from_the_sites_own_pages(jira: Bench, headers: dict[str, str]) -> None:
    key = jira.create()
    response = jira.form(f"/browse/{key}/transition", urlencode({"as": ADA, "id": "11"}), headers)
    assert response.status == 403
    assert jira.fields(key)["status"]["name"] == "To Do"


def test_a_form_may_prove_itself_by_its_referer(jira: Bench) -> None:
    key = jira.create()
    told = {"Host": "localhost:8090", "Referer": f"http://localhost:8090/browse/{key}"}
    assert jira.form(f"/browse/{key}/transition", urlencode({"as": ADA, "id": "11"}), told).status == 303


def test_deliveries_and_what_came_of_them_are_seen(jira: Bench) -> None:
    jira.answers = [503, 200, 404]
    jira.create()
    jira.create()
    jira.site.webhooks.drain()
    html = jira.site.handle("GET", "/webhooks").text
    assert "503; 404" in html or "503; 200" in html
    assert "http://127.0.0.1:9/jira/webhook" in html


def test_sub_tasks_and_custom_fields_are_seen(jira: Bench) -> None:
    fields = incident(customfield_10050="printing", customfield_10051={"value": "Minor"})
    key = jira.ok("POST", "issue", {"fields": fields})["key"]
    html = jira.site.handle("GET", f"/browse/{key}").text
    assert "Affected service" in html
    assert "printing" in html
    assert "Minor" in html
