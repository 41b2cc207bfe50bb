"""From an empty server to labels in a file, without leaving the page."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.running import Running
from tests.web.conftest import People
from tests.web.lead import SCHEMA, file_of, start, tickets, upload

UNCLEAR = [
    {"id": f"u-{number}", "text": said} for number, said in enumerate(("Hello", "Thanks", "Good evening"))
]


def test_a_lead_goes_from_an_empty_server_to_labels_in_a_file(
    service: Running, people: People, tmp_path: Path
) -> None:
    with people.person(role="lead") as lead:
        page = lead.page
        page.get_by_role("link", name="Begin").click()
        page.get_by_role("link", name="New project").click()
        page.get_by_label("Name").fill("Support tickets")
        page.get_by_label("Schema", exact=True).fill(SCHEMA)
        page.get_by_label("Guidelines").fill("The first wish decides: **always**.")
        page.get_by_role("button", name="Create project").click()
        upload(lead, file_of(tmp_path, [*tickets(24, gold=24), *UNCLEAR]))
        run_id = start(lead)
        page.get_by_role("link", name=re.compile("^Review [0-9]")).click(timeout=120_000)
        expect(page.locator(".work")).to_be_visible()
        answered = lead.goes_on("1")
        lead.is_saved()
        page.goto(f"{lead.base}/runs/{run_id}")
        expect(page.get_by_label("Figures")).to_contain_text("from 1 answer")
        with page.expect_download() as days:
            page.get_by_role("link", name="Day by day").click()
        assert Path(days.value.path()).read_text().startswith("day,")
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("^Download [0-9]+ example")).click()
        labels = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert {one["id"]: one["label"]["category"] for one in labels if one["reviewer"]} == {answered: "billing"}
    guidelines = service.client.get("/projects/support_tickets")["schema"]["guidelines"]
    assert guidelines == "The first wish decides: **always**."
