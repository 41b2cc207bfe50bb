"""A lead edits a prompt, sees what a model would be sent, tries it out, and takes it into a run."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from simulator.process import running as provider_running
from tests.running import Running, running
from tests.web.conftest import People

MODEL = "openai/simulated"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><b>x</b>"
SCHEMA = {"guidelines": HOSTILE, "fields": {"topic": ["billing", "delivery"]}}
SAID = {f"t-{number}": f"Where is parcel {number}?" for number in range(6)} | {HOSTILE: HOSTILE}
BROKEN = "I do not know"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A worker whose model says "billing" of every text but one, of which it has no label to give."""
    home = tmp_path_factory.mktemp("prompts")
    sure = {"label": {"topic": "billing"}, "confidence": {"topic": 0.8}}
    answers = [{"text": text, "answer": BROKEN if name == "t-5" else sure} for name, text in SAID.items()]
    (home / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    with provider_running(home / "answers.jsonl") as provider:
        prices = json.dumps({MODEL: [1, 2]})
        options: dict[str, Any] = {"api_base": f"{provider.url}/v1", "prices": prices, "sweep_seconds": 1}
        with running(home / "home", 1, **options) as found:
            yield found


def bring_in(service: Running, project: str, said: dict[str, str] = SAID) -> None:
    gold = {"t-0": "delivery", "t-1": "billing", "t-2": "billing"}
    rows = (
        {"id": name, "text": text} | ({"gold": gold[name]} if name in gold else {})
        for name, text in said.items()
    )
    service.client.define_project(project, SCHEMA)
    service.client.bring_in(
        project,
        "first",
        BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode()),
        file_format="jsonl",
    )


def replace(page: Page, old: str, new: str) -> None:
    """Edit the prompt, as if the words were typed over."""
    area = page.get_by_label("Prompt", exact=True)
    expect(area).to_have_value(re.compile(re.escape(old)))
    area.fill(area.input_value().replace(old, new))


def choose(example: Locator, name: str) -> None:
    example.fill(name)
    example.press("Enter")


def try_out(page: Page, *, by_id: str) -> None:
    page.get_by_label("Or these examples, by id").fill(by_id)
    expect(page.get_by_test_id("trial-quote")).to_contain_text(re.compile("likely|paid for before"))
    page.get_by_role("button", name=re.compile("^Try it on")).click()


def test_a_prompt_is_edited_tried_out_and_taken_into_a_run(service: Running, people: People) -> None:
    bring_in(service, "edited")
    with people.person(role="lead") as lead:
        page = lead.page
        page.goto(f"{lead.base}/projects/edited")
        page.get_by_role("link", name="Prompt", exact=True).click()
        replace(page, "You label examples", "Kindly label {{ guidlines }}")
        expect(page.locator(".faults")).to_contain_text("Line 7the system part has no variable 'guidlines'")
        expect(page.get_by_role("button", name=re.compile("^Try it on"))).to_be_disabled()
        replace(page, "{{ guidlines }}", "examples")
        sent = page.get_by_test_id("messages")
        expect(sent.get_by_label("System message")).to_contain_text("Kindly label examples for a dataset")
        page.get_by_label("For the example").fill("t-5")
        expect(sent.get_by_label("User message")).to_contain_text("Where is parcel 5?")
        expect(sent.get_by_test_id("tokens")).to_contain_text("tokens go in")
        page.get_by_label("Model", exact=True).fill(MODEL)
        try_out(page, by_id="t-0, t-1, t-2, t-5")
        rows = page.get_by_role("region", name="Examples of the trial").locator("tbody tr")
        expect(rows.filter(has_text="t-0")).to_contain_text("Wrong")
        expect(rows.filter(has_text="t-1")).to_contain_text("80%")
        expect(rows.filter(has_text="t-5")).to_contain_text("also after a repair")
        expect(page.get_by_test_id("sums")).to_contain_text("2 of 3")
        expect(page.get_by_test_id("sums")).to_contain_text("7 examples at that price")
        page.get_by_role("link", name="Start a run with this prompt").click()
        chosen = page.get_by_role("combobox", name="Prompt", exact=True).locator("option:checked")
        expect(chosen).to_contain_text("trial 1")
        expect(page.get_by_label("Model", exact=True)).to_have_value(MODEL)
        page.get_by_role("button", name="Start the run").click()
        expect(page.get_by_test_id("pace")).to_be_visible()
        assert list(service.client.items("/projects/edited/prompts"))[1]["runs"]


def test_what_the_model_is_sent_is_shown_for_any_example_and_an_unknown_id_is_told(
    service: Running, people: People
) -> None:
    said = {f"t-{number}": f"Where is parcel {number}?" for number in range(30)}
    bring_in(service, "any_example", said)
    with people.person(role="lead") as lead:
        page = lead.page
        page.goto(f"{lead.base}/projects/any_example/prompt")
        example = page.get_by_label("For the example")
        expect(example).not_to_have_value("")
        offered = page.locator("datalist option").evaluate_all("options => options.map(one => one.value)")
        other = min(set(said) - set(offered))
        choose(example, other)
        expect(page.get_by_label("User message")).to_contain_text(said[other])
        choose(example, "t-99")
        expect(page.get_by_role("alert")).to_contain_text("has no example 't-99'")
        choose(example, offered[3])
        expect(page.get_by_label("User message")).to_contain_text(said[offered[3]])


def test_earlier_trials_are_held_against_each_other_and_taken_back_into_the_editor(
    service: Running, people: People
) -> None:
    bring_in(service, "compared")
    with people.person(role="lead") as lead:
        page = lead.page
        page.goto(f"{lead.base}/projects/compared/prompt")
        page.get_by_label("Model", exact=True).fill(MODEL)
        for number, word in enumerate(("My own", "Another"), 1):
            replace(page, "# Fields" if number == 1 else "# My own", f"# {word}")
            expect(page.get_by_label("System message")).to_contain_text(f"# {word}")
            try_out(page, by_id="t-1")
            listed = page.get_by_role("region", name="Trials of the project").locator("tbody tr")
            expect(listed).to_have_count(number)
            expect(listed.first).to_contain_text("1 of 1")
        listed.last.get_by_role("button", name=re.compile("^Edit the prompt of trial")).click()
        expect(page.get_by_label("Prompt", exact=True)).to_have_value(re.compile("# My own"))
        replace(page, "# My own", "# Nothing is lost")
        page.reload()
        expect(page.get_by_label("Prompt", exact=True)).to_have_value(re.compile("# Nothing is lost"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_text_is_text_and_axe_finds_nothing_serious(
    service: Running, people: People, scheme: str
) -> None:
    bring_in(service, f"hostile_{scheme}")
    with people.person(role="lead", scheme=scheme) as lead:
        page = lead.page
        page.goto(f"{lead.base}/projects/hostile_{scheme}/prompt")
        replace(page, "name: label", f"name: '{HOSTILE.replace(chr(39), '')}'")
        page.get_by_label("Model", exact=True).fill(MODEL)
        try_out(page, by_id=HOSTILE)
        expect(page.get_by_role("region", name="Examples of the trial")).to_contain_text("80%")
        expect(page.get_by_test_id("messages")).to_contain_text("<b>x</b>")
        page.get_by_text("What may stand in it").click()
        assert (page.title(), page.locator("main img, main b b").count()) == ("Prelabel", 0)
        found = Axe().run(page).response["violations"]
        assert not [
            (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
        ]
