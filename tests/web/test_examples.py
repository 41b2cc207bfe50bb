"""A lead looks through examples, and moves many at once, by keyboard: what is found, shown and done is what the API says."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Running
from tests.web.conftest import People
from tests.web.filling import INTENTS, queue_up, tickets

FIELDS: dict[str, Any] = {"intent": {"kind": "choice", "options": INTENTS}}
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> \u202eevil"


@pytest.fixture(scope="module")
def run_id(service: Running) -> int:
    """600 tickets, of which those with a confidence of 0.7 and more are accepted."""
    return queue_up(service, "browse", FIELDS, tickets(600), threshold=0.7)


def shown(page: Page) -> int:
    """How many examples the page says it has found, once it has found all."""
    count = page.get_by_test_id("count")
    expect(count).not_to_contain_text("so far")
    expect(count.locator("b")).to_be_visible()
    return int(count.locator("b").inner_text().replace(",", ""))


def first_row(page: Page) -> str:
    row = page.locator(".grid-row[data-example]").first
    expect(row).to_be_visible()
    return row.get_attribute("data-example") or ""


def test_all_of_a_run_can_be_gone_through_by_keyboard(service: Running, people: People, run_id: int) -> None:
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/examples?run={run_id}")
        assert (first_row(lead.page), shown(lead.page)) == ("t-0", 600)
        lead.press("ArrowDown", "ArrowDown", "Enter")
        panel = lead.page.get_by_role("complementary", name="Example t-2")
        expect(panel).to_contain_text("Drafted")
        lead.press("j")
        expect(lead.page.get_by_role("complementary", name="Example t-3")).to_be_visible()
        lead.press("Escape")
        expect(lead.page.get_by_role("complementary")).to_have_count(0)
        lead.press("End")
        expect(lead.page.locator('[data-example="t-599"]')).to_be_visible()
        assert lead.page.locator(".grid-row[data-example]").count() < 60
        lead.press("Home")
        expect(lead.page.locator('[data-example="t-0"]')).to_be_visible()


def test_filters_are_in_the_address_and_outlive_a_reload(
    service: Running, people: People, run_id: int
) -> None:
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/examples?run={run_id}")
        first_row(lead.page)
        lead.press("/")
        lead.types("MACHINE TOOK")
        lead.press("Enter")
        lead.page.get_by_label("Place", exact=True).select_option("queued")
        lead.page.get_by_label("Confidence to, in percent").fill("40")
        found = list(
            service.client.items(
                f"/runs/{run_id}/examples", place="queued", text="machine took", where="confidence <= 0.4"
            )
        )
        expect(lead.page.get_by_test_id("count").locator("b")).to_have_text(str(len(found)))
        lead.page.reload()
        assert (first_row(lead.page), shown(lead.page)) == (found[0]["id"], len(found))
        expect(lead.page.get_by_label("Text", exact=True)).to_have_value("MACHINE TOOK")
        lead.press("c")
        expect(lead.page.get_by_test_id("count").locator("b")).to_have_text("600")


def test_a_label_and_who_gave_it_are_looked_for(service: Running, people: People) -> None:
    own = queue_up(service, "by-label", FIELDS, tickets(3))
    with people.person("rosa") as rosa, people.person(role="lead") as lead:
        rosa.review(own)
        answered = rosa.goes_on("Enter")
        rosa.is_saved()
        [example] = service.client.items(f"/runs/{own}/examples", place="settled")
        lead.page.goto(f"{lead.base}/examples?run={own}&reviewer=rosa")
        assert (first_row(lead.page), shown(lead.page)) == (answered, 1)
        lead.page.get_by_label("Label", exact=True).select_option(f"intent={example['label']['intent']}")
        assert shown(lead.page) == 1
        lead.page.goto(f"{lead.base}/examples?run={own}&open={answered}")
        panel = lead.page.get_by_role("complementary")
        expect(panel.get_by_role("listitem")).to_have_count(3)
        expect(panel).to_contain_text("Confirmed rosa")


def test_nothing_found_and_what_cannot_be_looked_for_are_said(
    service: Running, people: People, run_id: int
) -> None:
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/examples?run={run_id}&text=nowhere")
        expect(lead.page.get_by_role("heading", name="Nothing is found")).to_be_visible()
        lead.page.goto(f"{lead.base}/examples?run={run_id}&where=topick+%3D%3D+1")
        expect(lead.page.get_by_role("alert")).to_contain_text("topick")


def test_on_a_phone_all_but_the_search_waits_behind_a_button(
    service: Running, people: People, run_id: int
) -> None:
    with people.person(role="lead", width=390, height=844) as lead:
        lead.page.goto(f"{lead.base}/examples?run={run_id}")
        first_row(lead.page)
        expect(lead.page.get_by_label("Place")).to_be_hidden()
        lead.page.get_by_role("button", name="Filters").click()
        lead.page.get_by_label("Place").select_option("settled")
        expect(lead.page.get_by_role("button", name="Filters: 1")).to_have_attribute("aria-expanded", "true")
        assert lead.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_many_are_requeued_after_the_page_has_said_how_many(
    service: Running, people: People, run_id: int
) -> None:
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/examples?run={run_id}&from=85")
        found = shown(lead.page)
        lead.press("b")
        expect(lead.page.get_by_test_id("plan")).to_contain_text(f"{found} examples are requeued")
        lead.page.get_by_label("Why, for those who see the examples").fill("check dates")
        lead.press("Enter")
        expect(lead.page.get_by_test_id("count")).to_have_text(f"{found} examples requeued")
    moved = list(service.client.items(f"/runs/{run_id}/examples", reason="requested"))
    assert len(moved) == found > 10
    assert min(one["confidence"] for one in moved) >= 0.85


def test_a_reviewer_has_no_such_place(service: Running, people: People) -> None:
    with people.person() as reviewer, people.person(role="senior") as senior:
        for person, sees in ((reviewer, 0), (senior, 1)):
            rail = person.page.get_by_role("navigation")
            expect(rail.get_by_role("link", name="Examples")).to_have_count(0)
            expect(rail.get_by_role("link", name="Conflicts")).to_have_count(sees)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(service: Running, people: People, run_id: int, scheme: str) -> None:
    with people.person(role="lead", scheme=scheme) as lead:
        lead.page.goto(f"{lead.base}/examples?run={run_id}&open=t-1")
        first_row(lead.page)
        expect(lead.page.get_by_role("complementary")).to_contain_text("Drafted")
        found = Axe().run(lead.page).response["violations"]
        assert not [
            (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
        ]


def test_hostile_text_is_shown_as_text(service: Running, people: People) -> None:
    row = {
        "id": "<b>1</b>/?&",
        "text": HOSTILE,
        "drafts": [{"model": "<i>", "label": HOSTILE[:150], "confidence": 0.5}],
    }
    fields = {"topic": {"kind": "choice", "options": [HOSTILE[:150], "other"], "description": HOSTILE}}
    own = queue_up(service, "hostile-browse", fields, [row])
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/examples?run={own}")
        assert first_row(lead.page) == row["id"]
        lead.press("Enter")
        expect(lead.page.get_by_role("complementary")).to_contain_text(
            "<script>document.title='owned'</script>"
        )
        assert lead.page.title() == "Prelabel"
        assert lead.page.locator("img[src='x']").count() == 0
        assert "\u202e" not in lead.page.locator("main").inner_text()
