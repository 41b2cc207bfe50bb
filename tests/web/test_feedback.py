"""A reviewer sees what a senior decided on their answers, and why."""

import uuid
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from prelabel.client import Client
from tests.running import Running
from tests.web.conftest import People
from tests.web.filling import queue_up

TOPICS = {"billing": "Anything about **money**", "delivery": "Where a parcel is"}


def disputed(service: Running, project: str, examples: int) -> int:
    """A run that shows feedback, in which two people answer each example."""
    draft = {"model": "small", "label": "billing", "confidence": 0.5}
    rows = [{"id": f"f{at}", "text": f"a fee for parcel {at}", "drafts": [draft]} for at in range(examples)]
    fields = {"topic": {"kind": "choice", "options": TOPICS}}
    return queue_up(service, project, fields, rows, reviewers=2, feedback=True)


def answer(service: Running, token: str, run_id: int, topic: str, claim: str = "claim", **said: Any) -> None:
    """Everything that somebody is given of a run."""
    with Client(f"http://127.0.0.1:{service.port}", token) as client:
        for work in client.post(f"/queue/{claim}", {"limit": 10, "run_id": run_id}):
            body = {"label": {"topic": topic}, "client_token": uuid.uuid4().hex, "version": work["version"]}
            client.post(f"/queue/{work['slot_id']}/submit", body | said)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def test_a_reviewer_is_told_what_a_senior_decided_and_why(service: Running, people: People) -> None:
    run_id = disputed(service, "told", 2)
    with people.person() as rita, people.person() as sam, people.person(role="senior") as senior:
        page = rita.page
        link = page.get_by_role("link", name="Feedback")
        link.click()
        expect(page.get_by_role("heading", name="No feedback yet")).to_be_visible()
        answer(service, rita.token, run_id, "billing")
        answer(service, sam.token, run_id, "delivery")
        answer(service, senior.token, run_id, "delivery", "adjudications/claim", comment="<b>A parcel</b>")
        page.goto(rita.base)
        expect(link).to_have_text("Feedback2 new")
        link.focus()
        rita.press("Enter")
        first = page.get_by_role("article").first
        expect(first).to_contain_text("settled otherwise")
        expect(first).to_contain_text("Why <b>A parcel</b>")
        assert first.locator("tbody td").all_inner_texts() == ["Billing", "Delivery"]
        first.get_by_text("What the guidelines say").focus()
        rita.press("Enter")
        expect(first.get_by_role("region", name="Guidelines")).to_contain_text("Where a parcel is")
        assert not serious(page)
        page.goto(rita.base)
        expect(link).to_have_text("Feedback")
        sam.page.goto(f"{sam.base}/feedback")
        expect(sam.page.get_by_text("settled as you answered")).to_have_count(2)
