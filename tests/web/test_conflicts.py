"""A senior decides labels that contradict each other, by keyboard: what a key fixes is what the export holds."""

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.running import Running
from tests.waiting import wait_until
from tests.web.conftest import People
from tests.web.filling import queue_up
from tests.web.person import Person

FIELDS: dict[str, Any] = {"topic": {"kind": "choice", "options": ["billing", "delivery", "returns"]}}
PAIRS = [
    ("When will my new card arrive", "billing", "delivery"),
    ("Refund for the parcel 118 please", "returns", "billing"),
    ("Where is my package right now", "delivery", "returns"),
]


def contradicting(service: Running, project: str, pairs: list[tuple[str, str, str]] = PAIRS) -> int:
    """A run in which each text is there twice with two labels, searched for conflicts."""
    rows = [
        {
            "id": f"{side}{at}",
            "text": text,
            "drafts": [{"model": "small", "label": label, "confidence": 0.95}],
        }
        for at, (said, *labels) in enumerate(pairs)
        for side, text, label in zip("ab", (f"{said}?", said), labels, strict=True)
    ]
    run_id = queue_up(service, project, FIELDS, rows, threshold=0.9)
    service.client.post(f"/runs/{run_id}/conflicts")
    search = f"/runs/{run_id}/conflicts/search"
    wait_until(lambda: service.client.get(search)["finished_at"], service.logs)
    return run_id


def exported(service: Running, run_id: int) -> dict[str, str]:
    rows = b"".join(service.client.export(run_id)).splitlines()
    return {row["id"]: row["label"]["topic"] for row in map(json.loads, rows)}


def decide(senior: Person, *keys: str) -> dict[str, str]:
    """Press keys that decide the conflict that is shown, and wait for the next; the values that its sides had, left to right."""
    body = senior.page.locator(".body[data-conflict]")
    expect(body).to_be_visible()
    before = body.get_attribute("data-conflict")
    cards = senior.page.locator(".side-card")
    sides = {
        cards.nth(at).locator("header b").inner_text(): cards.nth(at)
        .get_by_test_id("value")
        .inner_text()
        .lower()
        for at in range(cards.count())
    }
    senior.press(*keys)
    expect(senior.page.locator(f'.body[data-conflict="{before}"]')).to_have_count(0)
    return sides


def test_what_a_key_fixes_is_what_the_export_holds(service: Running, people: People) -> None:
    run_id = contradicting(service, "conflicts")
    before = exported(service, run_id)
    with people.person(role="senior") as senior:
        senior.page.goto(f"{senior.base}/conflicts?run={run_id}")
        (left, left_was), (_, right_was) = decide(senior, "ArrowLeft").items()
        (_, other_was), (other_right, _) = decide(senior, "ArrowRight").items()
        third = decide(senior, "d")
        expect(senior.page.get_by_role("heading", name="All decided")).to_be_visible()
        expect(senior.page.get_by_role("alert")).to_have_count(0)
        fixed = before | {left: right_was, other_right: other_was}
        wait_until(lambda: exported(service, run_id) == fixed, lambda: f"{exported(service, run_id)}")
    assert left_was != right_was
    assert {name: before[name] for name in third} == third
    assert service.client.get(f"/runs/{run_id}/export/report")["conflicts"] == 0


def test_one_is_sent_to_people_one_put_off_and_one_given_a_third_label(
    service: Running, people: People
) -> None:
    run_id = contradicting(service, "conflicts-sent")
    with people.person(role="senior") as senior:
        senior.page.goto(f"{senior.base}/conflicts?run={run_id}")
        put_off = decide(senior, "s")
        sent = decide(senior, "p")
        expect(senior.page.get_by_test_id("left")).to_contain_text("2 open")
        fixed = decide(senior, _digit_of_third(senior))
        assert decide(senior, "d") == put_off
        expect(senior.page.get_by_role("heading", name="All decided")).to_be_visible()
        third = ({"billing", "delivery", "returns"} - set(fixed.values())).pop()
        wait_until(lambda: exported(service, run_id)[next(iter(fixed))] == third)
    [queued] = service.client.items(f"/runs/{run_id}/examples", place="queued", reason="conflict")
    assert queued["id"] == next(iter(sent))


def _digit_of_third(senior: Person) -> str:
    values = senior.page.get_by_test_id("value").all_inner_texts()
    return next(
        str(at) for at, name in enumerate(("Billing", "Delivery", "Returns"), 1) if name not in values
    )


def test_what_was_decided_is_taken_back_one_after_the_other(service: Running, people: People) -> None:
    run_id = contradicting(service, "conflicts-undone")
    before = exported(service, run_id)
    with people.person(role="senior") as senior:
        senior.page.goto(f"{senior.base}/conflicts?run={run_id}")
        first, second, third = (decide(senior, key) for key in ("ArrowLeft", "p", "d"))
        expect(senior.page.get_by_role("heading", name="All decided")).to_be_visible()
        for sides in (third, second, first):
            senior.press("z")
            header = senior.page.locator(".side-card header b").first
            expect(header).to_have_text(next(iter(sides)))
        expect(senior.page.get_by_test_id("left")).to_have_text("3 open")
        expect(senior.page.get_by_role("button", name="Undo")).to_be_disabled()
        senior.press("?")
        expect(senior.page.get_by_role("dialog")).not_to_contain_text("Take back")
        expect(senior.page.get_by_role("alert")).to_have_count(0)
    assert exported(service, run_id) == before


def test_a_conflict_that_somebody_else_decided_meanwhile_is_passed_over(
    service: Running, people: People
) -> None:
    run_id = contradicting(service, "conflicts-two", PAIRS[:1])
    [found] = service.client.items(f"/runs/{run_id}/conflicts")
    with people.person(role="senior") as senior:
        senior.page.goto(f"{senior.base}/conflicts?run={run_id}")
        expect(senior.page.locator(".body[data-conflict]")).to_be_visible()
        service.client.post(f"/runs/{run_id}/conflicts/{found['id']}/dismiss", {})
        senior.press("ArrowLeft")
        expect(senior.page.get_by_role("alert")).to_contain_text("not open any more")


def test_a_lead_has_a_run_searched_from_the_page(service: Running, people: People) -> None:
    row = {"id": "x", "text": "x", "drafts": [{"model": "small", "label": "billing", "confidence": 0.95}]}
    run_id = queue_up(service, "unsearched", FIELDS, [row], threshold=0.9)
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/conflicts?run={run_id}")
        expect(lead.page.get_by_role("heading", name="Not searched yet")).to_be_visible()
        lead.page.get_by_role("button", name="Search").click()
        expect(lead.page.get_by_role("heading", name="No open conflicts")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_hostile_text_is_shown_as_text(
    service: Running, people: People, scheme: str
) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"> \u202eevil, said they"
    run_id = contradicting(service, f"conflicts-{scheme}", [(hostile, "billing", "returns")])
    with people.person(role="senior", scheme=scheme) as senior:
        senior.page.goto(f"{senior.base}/conflicts?run={run_id}")
        expect(senior.page.get_by_test_id("content").first).to_contain_text("<img src=x")
        assert "\u202e" not in senior.page.locator("main").inner_text()
        assert (senior.page.title(), senior.page.locator("img").count()) == ("Prelabel", 0)
        found = Axe().run(senior.page).response["violations"]
        assert not [
            (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
        ]
