"""Hostile text is shown as text; the page loads and runs nothing that is not ours; everyone can use it."""

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.running import Running
from tests.web.conftest import People
from tests.web.filling import INTENTS, queue_up, tickets

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> "
    "javascript:alert(1) {{7*7}} \u202eevil\u202c \u0007 &lt;b&gt; " + "a" * 300
)


def hostile(kind: dict[str, Any], label: Any, **content: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rows = [
        {
            "id": f"<b>{number}</b>",
            "text": HOSTILE,
            **content,
            "drafts": [{"model": "<i>", "label": label, "confidence": 0.5}],
        }
        for number in range(2)
    ]
    return {"field": kind}, rows


@pytest.mark.parametrize(
    ("name", "kind", "label"),
    [
        (
            "choice",
            {"kind": "choice", "options": ["<script>a</script>", HOSTILE[:150]], "description": HOSTILE},
            HOSTILE[:150],
        ),
        ("text", {"kind": "text"}, HOSTILE.replace("\u0007", "")),
        ("spans", {"kind": "spans", "options": ["<b>x</b>"]}, [{"start": 0, "end": 4, "label": "<b>x</b>"}]),
    ],
)
def test_hostile_text_is_shown_as_text(
    service: Running, people: People, name: str, kind: dict[str, Any], label: Any
) -> None:
    run_id = queue_up(service, f"hostile-{name}", *hostile(kind, label))
    with people.person() as person:
        person.review(run_id)
        content = person.page.get_by_test_id("content").first
        expect(content).to_contain_text("<script>document.title='owned'</script>")
        assert person.page.title() == "Prelabel"
        assert person.page.locator("img[src='x']").count() == 0
        assert "\u202e" not in content.inner_text()
        assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_page_comes_with_a_strict_policy(service: Running, people: People) -> None:
    with people.person() as person:
        for path in ("/", "/review", "/disagreements", "/no/such/page"):
            answer = person.page.goto(person.base + path)
            assert answer is not None
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe-eval" not in policy
            assert "frame-ancestors 'none'" in policy


def test_what_is_no_page_and_no_endpoint_is_an_error_in_json(service: Running, people: People) -> None:
    with people.person() as person:
        for path in ("/v1/nothing", "/assets/nothing.js"):
            answer = person.page.request.get(person.base + path)
            assert answer.status == 404
            assert "detail" in json.loads(answer.text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(service: Running, people: People, scheme: str) -> None:
    run_id = queue_up(
        service, f"axe-{scheme}", {"intent": {"kind": "choice", "options": INTENTS}}, tickets(5)
    )
    with people.person(role="senior", scheme=scheme) as person:
        for path in ("/", f"/review/{run_id}", "/disagreements"):
            person.page.goto(person.base + path)
            person.page.wait_for_timeout(500)
            found = Axe().run(person.page).response["violations"]
            assert not [
                (one["id"], one["nodes"][0]["html"])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]


def test_focus_can_be_seen_wherever_tab_goes(service: Running, people: People) -> None:
    run_id = queue_up(service, "focus", {"intent": {"kind": "choice", "options": INTENTS}}, tickets(5))
    with people.person() as person:
        person.review(run_id)
        for _ in range(12):
            person.press("Tab")
            outline = person.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            shadow = person.page.evaluate("getComputedStyle(document.activeElement).boxShadow")
            assert outline != "none" or shadow != "none"
