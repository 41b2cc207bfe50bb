"""A lead changes the schema of a project in the page, knowing beforehand what becomes of every label, and takes it back."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Running
from tests.web.conftest import People
from tests.web.filling import queue_up
from tests.web.person import Person

TOPICS = ["bill", "parcel", "spam"]
FIELDS = {"topic": {"kind": "choice", "options": TOPICS}}


def settled(service: Running, project: str) -> int:
    """A run whose six examples are accepted: two of each class."""
    drafts = [{"model": "small", "label": label, "confidence": 0.95} for label in TOPICS * 2]
    rows = [{"id": f"s{at}", "text": f"text {at}", "drafts": [draft]} for at, draft in enumerate(drafts)]
    return queue_up(service, project, FIELDS, rows, threshold=0.9)


def labels(service: Running, run_id: int) -> list[str]:
    rows = b"".join(service.client.export(run_id)).splitlines()
    return sorted(row["label"]["topic"] for row in map(json.loads, rows))


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def edit(lead: Person, project: str) -> Page:
    """From the project's page to the editor."""
    lead.page.goto(f"{lead.base}/projects/{project}")
    lead.page.get_by_role("link", name="Change the schema").click()
    expect(lead.page.get_by_label("Schema", exact=True)).to_have_value(
        "fields:\n  topic:\n    kind: choice\n    options:\n    - bill\n    - parcel\n    - spam\n"
    )
    return lead.page


def apply(page: Page) -> None:
    page.get_by_role("button", name="See what it does to every label").click()
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="Change the schema").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_class_is_renamed_and_one_removed_and_all_of_it_taken_back(
    service: Running, people: People, scheme: str
) -> None:
    run_id = settled(service, f"changed-{scheme}")
    with people.person(role="lead", scheme=scheme) as lead:
        page = edit(lead, f"changed-{scheme}")
        page.get_by_label("Schema", exact=True).fill("fields: {topic: [billing, parcel]}")
        page.get_by_role("textbox", name="Guidelines").fill("**Money** comes first.")
        expect(page.locator(".guidelines strong")).to_have_text("Money")
        page.get_by_label("bill of topic").select_option("is called billing")
        page.get_by_role("button", name="See what it does to every label").click()
        table = page.get_by_role("table", name="What becomes of what is there")
        row = table.get_by_role("row", name="Settled labels")
        expect(row).to_contain_text('2 back to the queue2: topic: "spam" is not one of the 2 options')
        assert row.locator("td").all_inner_texts()[:2] == ["2", "2"]
        assert not serious(page)
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_test_id("will")).to_contain_text("2 settled examples go back to the queue")
        assert not serious(page)
        page.get_by_role("dialog").get_by_role("button", name="Change the schema").click()
        expect(page.get_by_role("status").filter(has_text="Version 2 holds")).to_be_visible()
        assert labels(service, run_id) == ["billing", "billing", "parcel", "parcel"]
        versions = page.get_by_role("region", name="Versions")
        expect(versions).to_contain_text("option 'bill' is called 'billing'")
        page.get_by_role("button", name="Take version 1 into the editor").click()
        apply(page)
        expect(page.get_by_role("status").filter(has_text="Version 3 holds")).to_be_visible()
    assert labels(service, run_id) == ["bill", "bill", "parcel", "parcel"]


def test_what_is_wrong_or_has_changed_since_is_not_applied(service: Running, people: People) -> None:
    settled(service, "not-applied")
    with people.person(role="lead") as lead:
        page = edit(lead, "not-applied")
        look = page.get_by_role("button", name="See what it does to every label")
        page.get_by_label("Schema", exact=True).fill("fields:\n  topic: {kind: choice, optons: [a]}\n")
        expect(page.locator(".faults")).to_contain_text("Line 2fields.topic.optons")
        expect(look).to_be_disabled()
        page.get_by_label("Schema", exact=True).fill("fields: {topic: [bill, parcel, spam, other]}")
        look.click()
        page.get_by_role("button", name="Apply").click()
        service.client.put(
            "/projects/not-applied/schema", {"schema": {"fields": {"topic": ["bill", "parcel"]}}}
        )
        page.get_by_role("dialog").get_by_role("button", name="Change the schema").click()
        expect(page.get_by_role("alert")).to_contain_text("have moved to version 2 already")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("textbox", name="Guidelines").fill("Others too.")
        expect(page.get_by_text("It has changed since you looked.")).to_be_visible()
        expect(page.get_by_role("button", name="Apply")).to_have_count(0)
    assert len(list(service.client.items("/projects/not-applied/schema"))) == 2
