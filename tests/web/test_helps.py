"""What helps a reviewer to decide: guidelines, why the draft says so, settled examples like it, and figures that follow the server."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.running import Running
from tests.web.conftest import People
from tests.web.filling import queue_up

GUIDELINES = """# What counts

1. The **first** request decides.
2. See [the handbook](https://example.org/handbook), not [this](javascript:alert(1)).

| case | label |
|---|---|
| a fee | billing |

<img src=x onerror="document.title='owned'"> ![a picture](https://example.org/x.png)
"""
FIELDS: dict[str, Any] = {
    "topic": {
        "kind": "choice",
        "options": {"billing": "Anything about *money*", "delivery": "Where a <b>parcel</b> is"},
    }
}


def rows(count: int, label: str = "billing", confidence: float = 0.62) -> list[dict[str, Any]]:
    draft = {"model": "small", "label": label, "confidence": confidence}
    return [{"id": f"g{at}", "text": f"the fee number {at} is odd", "drafts": [draft]} for at in range(count)]


def test_guidelines_are_drawn_and_tags_in_them_are_text(service: Running, people: People) -> None:
    run_id = queue_up(service, "guided", FIELDS, rows(2), guidelines=GUIDELINES, threshold=0.9)
    with people.person() as person:
        person.review(run_id)
        person.press("g")
        guide = person.page.get_by_role("region", name="Guidelines")
        expect(guide.get_by_role("heading", name="What counts")).to_be_visible()
        expect(guide.locator("li strong")).to_have_text("first")
        assert [link.get_attribute("href") for link in guide.get_by_role("link").all()] == [
            "https://example.org/handbook"
        ]
        expect(guide.get_by_role("cell", name="a fee")).to_be_visible()
        expect(guide).to_contain_text("<img src=x onerror")
        assert (person.page.title(), person.page.locator("img").count()) == ("Prelabel", 0)
        expect(guide.locator(".at-hand em")).to_have_text("money")
        person.press("Shift+2")
        expect(guide.locator(".at-hand")).to_contain_text("Where a <b>parcel</b> is")


def test_why_the_draft_says_so_is_told(service: Running, people: People) -> None:
    run_id = queue_up(service, "why", FIELDS, rows(2), threshold=0.9)
    form = service.client.get(f"/runs/{run_id}/form")
    with people.person() as person:
        person.review(run_id)
        person.press("w")
        why = person.page.get_by_role("region", name="Why this draft")
        expect(why).to_contain_text("Billing 62%")
        expect(why).to_contain_text(f"Drafted by small, prompt {form['prompt']}")
        expect(why.get_by_test_id("why-here")).to_contain_text("under 90% go to people, and this one has 62%")
        found = Axe().run(person.page).response["violations"]
        assert not [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def test_of_a_blind_audit_nothing_is_told(service: Running, people: People) -> None:
    run_id = queue_up(service, "blind", FIELDS, rows(12, confidence=0.97), threshold=0.5, audit_share=0.5)
    queued = list(service.client.items(f"/runs/{run_id}/examples", place="queued"))
    assert {one["reason"] for one in queued} == {"audit"}
    with people.person() as person:
        person.review(run_id)
        person.press("w")
        expect(person.page.get_by_role("button", name="Guidelines")).to_be_visible()
        expect(person.page.get_by_text("Why this draft")).to_have_count(0)
        assert "97" not in person.page.locator("main").inner_text()


def test_the_number_in_the_queue_follows_what_others_do(service: Running, people: People) -> None:
    run_id = queue_up(service, "followed", FIELDS, rows(30), threshold=0.9)
    with people.person() as one, people.person() as other:
        one.review(run_id)
        expect(one.page.get_by_text("30 in the queue")).to_be_visible()
        other.review(run_id)
        for _ in range(3):
            other.goes_on("Enter")
        other.is_saved()
        expect(one.page.get_by_text("27 in the queue")).to_be_visible(timeout=5_000)


def test_what_comes_into_an_empty_queue_is_shown_at_once(service: Running, people: People) -> None:
    run_id = queue_up(service, "late", FIELDS, rows(1), threshold=0.9)
    with people.person() as one:
        one.review(run_id)
        one.goes_on_to_nothing("Enter")
    with people.person() as other:
        other.page.goto(f"{other.base}/review/{run_id}")
        expect(other.page.get_by_role("heading", name="Nothing to review now")).to_be_visible()
        service.client.post(
            f"/runs/{run_id}/examples/requeue", {"examples": {}, "note": "look again, please"}
        )
        expect(other.page.locator(".work")).to_contain_text("look again, please", timeout=5_000)


def test_a_senior_sees_what_differs_and_how_the_like_was_settled(service: Running, people: People) -> None:
    run_id = queue_up(service, "alike", FIELDS, rows(3), threshold=0.9, reviewers=2)
    with people.person() as one, people.person() as other, people.person(role="senior") as senior:
        for person, key in ((one, "1"), (other, "2")):
            person.review(run_id)
            for _ in range(3):
                person.goes_on(key if person.example() == "g0" else "1")
            person.is_saved()
        senior.page.goto(f"{senior.base}/disagreements")
        expect(senior.page.locator(".opinion .differs")).to_have_text(["Billing", "Delivery"])
        alike = senior.page.get_by_role("region", name="Settled examples like it").get_by_role("listitem")
        expect(alike).to_have_count(2)
        expect(alike.first.locator("b.as-one")).to_have_text("Billing")
