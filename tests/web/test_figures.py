"""The figures of a run, of a project and of two runs side by side, as charts and as tables."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Running
from tests.web.conftest import People
from tests.web.judged import judged

CHARTS = [
    *("Cost per example", "What happened to the drafts", "Error against share accepted"),
    *("Reliability of confidence", "Seconds per example", "Draft accuracy", "Most frequent corrections"),
    *("Confusion", "Throughput", "Agreement", "Spend against cap", "Alarms"),
]
VIOLATIONS = "addEventListener('securitypolicyviolation', (one) => { (window.refused ??= []).push(one.violatedDirective) })"


@pytest.fixture(scope="module")
def run_ids(service: Running) -> tuple[int, int]:
    return judged(service, "support_intents")


def settled(page: Page) -> None:
    """All charts have loaded."""
    page.locator(".chart").first.wait_for()
    expect(page.locator(".chart[aria-busy=true]")).to_have_count(0)


def serious(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [one for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_chart_opens_within_the_policy_and_axe_finds_nothing_serious(
    people: People, run_ids: tuple[int, int], scheme: str
) -> None:
    small, large = run_ids
    paths = [
        f"/runs/{large}/figures",
        "/projects/support_intents/figures",
        f"/compare?runs={small},{large}",
    ]
    with people.person(role="lead", scheme=scheme) as lead:
        lead.page.add_init_script(VIOLATIONS)
        for path in paths:
            lead.page.goto(lead.base + path)
            lead.page.locator("main h2").first.wait_for()
            if "compare" not in path:
                settled(lead.page)
            assert serious(lead.page) == []
            assert lead.page.evaluate("window.refused ?? []") == []
        lead.page.goto(lead.base + paths[0])
        settled(lead.page)
        names = [one.get_attribute("aria-label") for one in lead.page.locator(".chart").all()]
        assert names == CHARTS
        assert lead.page.locator(".chart figure svg").count() >= 9


def test_the_table_of_a_chart_says_what_the_api_says_and_is_taken_along(
    service: Running, people: People, run_ids: tuple[int, int]
) -> None:
    run_id = run_ids[1]
    paces = service.client.get(f"/runs/{run_id}/paces")["paces"]
    assert sum(one["n"] for one in paces)
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/runs/{run_id}/figures")
        settled(lead.page)
        chart = lead.page.get_by_role("region", name="Seconds per example")
        show = chart.get_by_role("button", name="Show as table")
        show.focus()
        lead.page.keyboard.press("Enter")
        table = chart.get_by_role("table")
        expect(table).to_be_visible()
        for one in paces:
            if one["n"]:
                expect(table).to_contain_text(f"{one['n']:,}")
        with lead.page.expect_download() as taken:
            chart.get_by_role("link", name="CSV").click()
        lines = taken.value.path().read_text().splitlines()
        assert len(lines) == len(paces) + 1


def test_on_a_phone_nothing_runs_out_of_the_page(people: People, run_ids: tuple[int, int]) -> None:
    small, large = run_ids
    with people.person(role="lead", width=390, height=844) as lead:
        for path in (f"/runs/{large}/figures", f"/compare?runs={small},{large}"):
            lead.page.goto(lead.base + path)
            lead.page.locator("main h2").first.wait_for()
            assert lead.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_better_of_two_runs_is_named_with_the_examples_behind_it(
    service: Running, people: People, run_ids: tuple[int, int]
) -> None:
    small, large = run_ids
    found = service.client.get("/compare", runs=f"{small},{large}")
    assert found["difference"]["only_second"] > found["difference"]["only_first"]
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/compare?runs={small},{large}")
        expect(lead.page.get_by_role("main")).to_contain_text(f"Run {large}")
        for one in found["discordant"]["items"][:3]:
            expect(lead.page.get_by_role("main")).to_contain_text(one["example_id"])
