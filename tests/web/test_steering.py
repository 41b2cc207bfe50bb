"""A run is paused, given another cap and cancelled from its page, which hears of all that happens elsewhere."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.running import Running, running
from tests.web.conftest import People


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Without any worker, so that a run stays as it is left."""
    with running(tmp_path_factory.mktemp("idle"), 0) as found:
        yield found


@pytest.fixture
def run_id(service: Running, tmp_path: Path) -> int:
    client = service.client
    client.define_project(tmp_path.name.replace("_", "-"), {"fields": {"topic": ["a", "b"]}})
    name = tmp_path.name.replace("_", "-")
    client.bring_in(name, "first", BytesIO(b'{"text": "x"}\n'), file_format="jsonl")
    return int(client.start_run(name, "first", model="openai/gpt-4o-mini", cap="2")["id"])


def test_a_run_without_a_worker_says_so(people: People, run_id: int) -> None:
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/runs/{run_id}")
        expect(lead.page.get_by_role("alert")).to_contain_text("no worker is running")


def test_a_lead_pauses_raises_the_cap_and_cancels(service: Running, people: People, run_id: int) -> None:
    with people.person(role="lead") as lead:
        page = lead.page
        page.goto(f"{lead.base}/runs/{run_id}")
        page.get_by_label("Another cap, in dollars").fill("0")
        page.get_by_role("button", name="Set").click()
        expect(page.get_by_label("Money").get_by_role("alert")).to_contain_text("cap")
        expect(page.locator("header .chip")).to_have_text("Drafting")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("header .chip")).to_have_text("Paused")
        page.get_by_label("Another cap, in dollars").fill("7.5")
        page.get_by_role("button", name="Set and go on").click()
        expect(page.get_by_label("Money")).to_contain_text("of at most $7.50")
        expect(page.locator("header .chip")).to_have_text("Drafting")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="End drafting for good").click()
        expect(page.locator("header .chip")).to_have_text("Cancelled")
    assert service.client.run(run_id)["state"] == "cancelled"


def test_the_page_hears_of_what_happens_elsewhere(service: Running, people: People, run_id: int) -> None:
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/runs/{run_id}")
        expect(lead.page.locator("header .chip")).to_have_text("Drafting")
        service.client.post(f"/runs/{run_id}/pause", {})
        expect(lead.page.locator("header .chip")).to_have_text("Paused")
        expect(lead.page.get_by_text("paused by a lead")).to_be_visible()
