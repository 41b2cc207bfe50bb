"""Pictures of the page, as people see it: `make screenshots` writes them, each light and dark, at the width of a laptop and a phone."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from simulator.process import running as provider_running
from tests.running import TOKEN, Running, running
from tests.web import scenes
from tests.web.person import Person

OUT = Path(__file__).parents[2] / "docs" / "pictures"
SIZES = {"": (1440, 900), "-phone": (390, 844)}
IN_README = ("choice", "spans", "prompt", "figures")
"""These stand small in the README too, each a way to the big one."""


def edited(page: Page) -> None:
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.type(
        "Your order is on its way and will be with you by tomorrow noon. Thank you for your patience!"
    )


def opened(page: Page) -> None:
    page.locator(".grid-row[data-example]").first.wait_for()
    page.keyboard.press("Enter")
    page.locator(".acts-list").wait_for()


def compared(page: Page) -> None:
    page.locator(".similar").wait_for()


def with_guidelines(page: Page) -> None:
    page.get_by_text("What the guidelines say").first.click()
    page.locator(".guidelines").wait_for()
    expect(page.locator(".guidelines .as-written")).to_have_count(0)


def requeue(page: Page) -> None:
    page.keyboard.press("b")
    page.get_by_label("Why, for those who see the examples").fill("Check the new policy on fees")


def helped(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("w")


SCENES: dict[str, tuple[Callable[[Running], int], Callable[[Page], None]]] = {
    "choice": (scenes.choice, lambda page: None),
    "form": (scenes.form, lambda page: None),
    "spans": (scenes.spans, lambda page: page.keyboard.press("j")),
    "boxes": (scenes.boxes, lambda page: page.keyboard.press("j")),
    "pair": (scenes.pair, lambda page: None),
    "text": (scenes.text, edited),
    "helps": (scenes.form, helped),
    "keys": (scenes.choice, lambda page: page.keyboard.press("?")),
}


GUIDELINES = "**One wish only.** Where a customer asks for several things:\n\n1. the first one decides,\n2. a complaint decides before a question."


def fill_in(page: Page) -> None:
    """A schema of three fields, on its way."""
    page.get_by_label("Name").fill("Support tickets")
    for kind in ("Rating", "Boolean"):
        page.get_by_role("button", name=kind, exact=True).click()
    page.get_by_label("Guidelines").fill("Where a ticket asks for several things, the first one decides.")


def written(page: Page) -> None:
    page.get_by_test_id("messages").locator("pre").first.wait_for()


def tried_out(page: Page) -> None:
    page.get_by_test_id("trial-quote").wait_for()
    page.get_by_role("region", name="Examples of the trial").scroll_into_view_if_needed()


def rename(page: Page) -> None:
    """An option is called otherwise, one is removed, and the page has told what that does."""
    page.get_by_role("textbox", name="Guidelines").fill(GUIDELINES)
    schema = page.get_by_label("Schema", exact=True)
    text = schema.input_value().replace("    - age_limit\n", "").replace("activate_my_card", "activate_card")
    schema.fill(text)
    page.get_by_label("activate_my_card of intent").select_option("is called activate_card")
    page.get_by_role("button", name="See what it does to every label").click()
    page.get_by_role("button", name="Apply").scroll_into_view_if_needed()


def counted(page: Page) -> None:
    page.locator(".chart h2").first.wait_for()
    expect(page.locator(".loading")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(1_000)


PLACES: dict[str, tuple[Callable[[Running], int], str, Callable[[Page], None]]] = {
    "examples": (scenes.examples, "/examples?run={run}", lambda page: None),
    "history": (scenes.examples, "/examples?run={run}&place=settled&corrected=yes", opened),
    "acts": (scenes.examples, "/examples?run={run}&place=settled", requeue),
    "conflicts": (scenes.conflicts, "/conflicts?run={run}", lambda page: None),
    "feedback": (
        scenes.told,
        "/feedback",
        with_guidelines,
    ),
    "disagreement": (scenes.disagreement, "/disagreements", compared),
    "runs": (scenes.steered, "/runs", lambda page: None),
    "run": (scenes.steered, "/runs/{run}", lambda page: None),
    "figures": (scenes.figures, "/runs/{run}/figures", counted),
    "project-figures": (scenes.figures, "/projects/support_questions/figures", counted),
    "compare": (scenes.figures, "/compare?runs={before},{run}", counted),
    "new-project": (scenes.steered, "/new", fill_in),
    "new-run": (
        scenes.steered,
        "/projects/bank_questions/new",
        lambda page: page.get_by_text("A model", exact=True).click(),
    ),
    "prompt": (scenes.tried, "/projects/bank_intents/prompt", written),
    "trial": (scenes.tried, "/projects/bank_intents/prompt", tried_out),
    "schema": (scenes.steered, "/projects/bank_questions/schema", rename),
    "project": (scenes.steered, "/projects/bank_questions", lambda page: None),
    "people": (
        scenes.steered,
        "/people",
        lambda page: page.get_by_role("button", name="Make a link").click(),
    ),
    "account": (scenes.steered, "/me", lambda page: None),
}
"""Pages that are no queue: how to fill them, their address, what is done there."""


def main() -> None:
    """Write the pictures that are named, or all, into docs/pictures or the folder given by --out."""
    arguments = sys.argv[1:]
    out = Path(arguments.pop(arguments.index("--out") + 1)) if "--out" in arguments else OUT
    known = list(SCENES) + list(PLACES)
    wanted = [name for name in arguments if name in known] or known
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        provider_running() as provider,
        running(
            Path(home), 1, api_base=f"{provider.url}/v1", prices=f'{{"{scenes.MODEL}": [0.15, 0.6]}}'
        ) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        fillings = {filling: filling(service) for filling in dict.fromkeys(_filling(name) for name in wanted)}
        runs = {name: fillings[_filling(name)] for name in wanted}
        for scheme in ("light", "dark"):
            for suffix, (width, height) in SIZES.items():
                size: Any = {"width": width, "height": height}
                context = browser.new_context(viewport=size, color_scheme=scheme)
                person = Person(context.new_page(), f"http://127.0.0.1:{service.port}")
                person.sign_in(TOKEN)
                person.page.wait_for_selector(".runs li")
                person.page.screenshot(path=out / f"home-{scheme}{suffix}.png")
                for name in wanted:
                    _show(person, name, runs[name])
                    person.page.wait_for_timeout(200)
                    person.page.screenshot(path=out / f"{name}-{scheme}{suffix}.png")
                    if name in IN_README and scheme == "light" and not suffix:
                        _small(out, name)
                context.close()
        browser.close()


def _small(out: Path, name: str) -> None:
    """At half the width and in few colours, so that the README is light."""
    image = Image.open(out / f"{name}-light.png").convert("RGB")
    image.thumbnail((720, 720), Image.Resampling.LANCZOS)
    (out / "small").mkdir(exist_ok=True)
    few = image.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3)  # others lose the small spots of colour
    few.save(out / "small" / f"{name}.png", optimize=True)


def _filling(name: str) -> Callable[[Running], int]:
    return SCENES[name][0] if name in SCENES else PLACES[name][0]


def _show(person: Person, name: str, run_id: int) -> None:
    if name in SCENES:
        person.review(run_id)
        act = SCENES[name][1]
    else:
        _, path, act = PLACES[name]
        person.page.goto(person.base + path.format(run=run_id, before=run_id - 1))
    person.page.wait_for_timeout(900)
    act(person.page)


if __name__ == "__main__":
    main()
