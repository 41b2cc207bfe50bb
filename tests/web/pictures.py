"""Pictures of the page, as people see it: `make screenshots` writes them, each light and dark, at the width of a laptop and a phone."""

import io
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect, sync_playwright

from prelabel.client import Client
from prelabel.prompt import load_prompt
from simulator.process import running as provider_running
from tests.running import TOKEN, Running, running
from tests.web.filling import INTENTS, SAID, queue_up, tickets
from tests.web.judged import judged
from tests.web.person import Person

MODEL = "openai/simulated"
OUT = Path(__file__).parents[2] / "docs" / "pictures"
SIZES = {"": (1440, 900), "-phone": (390, 844)}
IN_README = ("choice", "spans", "prompt", "figures")
"""These stand small in the README too, each a way to the big one."""
TEXT = (
    "Ada Lovelace worked with Charles Babbage in London on the Analytical Engine, and wrote its first program in 1843 "
    "for the Royal Society."
)


def at(words: str, label: str = "") -> dict[str, Any]:
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words)} | ({"label": label} if label else {})


def choice(service: Running) -> int:
    return queue_up(
        service, "support_intents", {"intent": {"kind": "choice", "options": INTENTS}}, tickets(60)
    )


def form(service: Running) -> int:
    topics = {
        "billing": "Anything about money",
        "delivery": "Where a parcel is",
        "returns": "Sending it back",
    }
    fields = {
        "topic": {"kind": "choice", "options": topics, "description": "What it is about"},
        "urgent": {"kind": "boolean"},
        "tone": {"kind": "rating", "meanings": {1: "furious", 5: "delighted"}},
        "aspects": {"kind": "choices", "options": ["price", "speed", "service", "quality"]},
    }
    label = {"topic": "billing", "urgent": True, "tone": 2, "aspects": ["price"]}
    rows = [{"id": f"f-{at}", "text": SAID[at % 5], "drafts": [_draft(label)]} for at in range(6)]
    return queue_up(service, "tickets", fields, rows)


def spans(service: Running) -> int:
    fields = {
        "entities": {"kind": "spans", "options": ["person", "place", "organisation", "work"]},
        "facts": {
            "kind": "relations",
            "between": "entities",
            "options": ["worked_with", "wrote", "located_in"],
        },
    }
    entities = [at("Ada Lovelace", "person"), at("Charles Babbage", "person"), at("London", "place")]
    entities += [at("Analytical Engine", "work"), at("Royal Society", "organisation")]
    facts = [
        {"label": "worked_with", "head": at("Ada Lovelace"), "tail": at("Charles Babbage")},
        {"label": "wrote", "head": at("Ada Lovelace"), "tail": at("Royal Society")},
        {"label": "located_in", "head": at("Charles Babbage"), "tail": at("London")},
    ]
    draft = _draft({"entities": entities, "facts": facts})
    return queue_up(
        service, "history", fields, [{"id": f"h-{at}", "text": TEXT, "drafts": [draft]} for at in range(3)]
    )


def boxes(service: Running) -> int:
    image = Image.new("RGB", (640, 480), "#cdbfae")
    draw = ImageDraw.Draw(image)
    for x, y, radius in ((150, 140, 50), (420, 260, 70), (280, 380, 40)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="#8c2f39")
    file = io.BytesIO()
    image.save(file, "PNG")
    fields = {"cells": {"kind": "boxes", "options": ["red", "white", "platelet"]}}
    service.client.define_project("cells", {"fields": fields})
    service.client.upload_image("cells", "first", "a.png", file.getvalue())
    drawn = [_box(100, 90, 100, 100, "red"), _box(350, 190, 140, 140, "white")]
    rows = [{"id": f"c-{at}", "image": "a.png", "drafts": [_draft({"cells": drawn})]} for at in range(3)]
    return queue_up(service, "cells", fields, rows)


def pair(service: Running) -> int:
    row = {
        "prompt": "How do I cook rice?",
        "response_a": "Rinse it, add twice the water, bring it to the boil, then simmer for twelve minutes with the lid on.",
        "response_b": "Rice is the seed of a grass and the staple food of half the world.",
    }
    rows = [row | {"id": f"p-{at}", "drafts": [_draft("A")]} for at in range(3)]
    return queue_up(service, "answers", {"better": {"kind": "preference"}}, rows)


def text(service: Running) -> int:
    said = "Your order are on the way and will be with you by tomorow noon. Thank for your patience!"
    rows = [{"id": f"w-{at}", "text": "Where is my order 7781?", "drafts": [_draft(said)]} for at in range(3)]
    return queue_up(service, "replies", {"answer": {"kind": "text"}}, rows)


def examples(service: Running) -> int:
    """Some accepted, some queued, of which a person has answered three."""
    run_id = queue_up(
        service,
        "intents_in_march",
        {"intent": {"kind": "choice", "options": INTENTS}},
        tickets(400),
        threshold=0.7,
    )
    for work in service.client.post("/queue/claim", {"limit": 3, "run_id": run_id}):
        body = {"label": {"intent": INTENTS[9]}, "client_token": f"picture-{work['slot_id']}", "seconds": 4.2}
        service.client.post(f"/queue/{work['slot_id']}/submit", body)
    return run_id


def conflicts(service: Running) -> int:
    """Two texts that are nearly the same, labeled otherwise."""
    said = {
        "card_arrival": "When will my new card arrive?",
        "card_linking": "when will my new card arrive, please",
    }
    rows = [
        {"id": f"t-{at}", "text": text, "drafts": [{"model": "small", "label": label, "confidence": 0.95}]}
        for at, (label, text) in enumerate(said.items())
    ]
    fields = {"intent": {"kind": "choice", "options": INTENTS}}
    run_id = queue_up(service, "contradicting", fields, rows, threshold=0.9)
    service.client.post(f"/runs/{run_id}/conflicts")
    while service.client.get(f"/runs/{run_id}/conflicts/search")["finished_at"] is None:
        time.sleep(0.2)
    return run_id


def disagreement(service: Running) -> int:
    """Two reviewers, of one mind on all examples but the first."""
    rows = [
        {"id": f"d-{at}", "text": text, "drafts": [_draft("billing")]}
        for at, text in enumerate(
            (SAID[3], "There is a fee on my statement twice", "A fee that I cannot place, again")
        )
    ]
    topics = {"billing": "Anything about **money**", "delivery": "Where a parcel is"}
    run_id = queue_up(
        service, "disputed", {"topic": {"kind": "choice", "options": topics}}, rows, reviewers=2
    )
    for name in ("ann", "ben"):
        service.client.post("/users", {"name": name, "role": "reviewer"})
        token = service.client.post(f"/users/{name}/tokens", {"name": "pictures"})["token"]
        with Client(f"http://127.0.0.1:{service.port}", token) as client:
            for work in client.post("/queue/claim", {"limit": 3, "run_id": run_id}):
                is_apart = work["example_id"] == "d-0" and name == "ben"
                label = {"topic": "delivery" if is_apart else "billing"}
                body = {"label": label, "client_token": f"picture-{name}-{work['slot_id']}", "seconds": 5}
                client.post(f"/queue/{work['slot_id']}/submit", body)
    return run_id


def told(service: Running) -> int:
    """Two answers of ours that differ from another reviewer's, settled by a senior: one as we said, one otherwise."""
    rows = [{"id": f"w-{at}", "text": SAID[at], "drafts": [_draft("billing")]} for at in (3, 1)]
    topics = {"billing": "Anything about **money**", "card": "The card itself: lost, kept, broken"}
    fields = {"topic": {"kind": "choice", "options": topics}}
    run_id = queue_up(service, "fees_and_cards", fields, rows, reviewers=2, feedback=True)
    for name, role, claim, topics_said in (
        ("", "", "claim", {"w-3": "billing", "w-1": "billing"}),
        ("dan", "reviewer", "claim", {"w-3": "card", "w-1": "card"}),
        ("eva", "senior", "adjudications/claim", {"w-3": "billing", "w-1": "card"}),
    ):
        client = _signed_in(service, name, role) if name else service.client
        for work in client.post(f"/queue/{claim}", {"limit": 2, "run_id": run_id}):
            label = {"topic": topics_said[work["example_id"]]}
            comment = (
                "The machine has it: that is about the card, whatever it costs."
                if work["example_id"] == "w-1"
                else ""
            )
            body = {
                "label": label,
                "client_token": f"picture-told-{name}-{work['slot_id']}",
                "comment": comment if name == "eva" else "",
            }
            client.post(f"/queue/{work['slot_id']}/submit", body)
    return run_id


def _signed_in(service: Running, name: str, role: str) -> Client:
    service.client.post("/users", {"name": name, "role": role})
    token = service.client.post(f"/users/{name}/tokens", {"name": "pictures"})["token"]
    return Client(f"http://127.0.0.1:{service.port}", token)


def _draft(label: Any) -> dict[str, Any]:
    return {"model": "small", "label": label, "confidence": 0.6}


def _box(x: int, y: int, width: int, height: int, label: str) -> dict[str, Any]:
    return {"x": x / 640, "y": y / 480, "width": width / 640, "height": height / 480, "label": label}


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


def requeue(page: Page) -> None:
    page.keyboard.press("b")
    page.get_by_label("Why, for those who see the examples").fill("Check the new policy on fees")


def helped(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("w")


SCENES: dict[str, tuple[Callable[[Running], int], Callable[[Page], None]]] = {
    "choice": (choice, lambda page: None),
    "form": (form, lambda page: None),
    "spans": (spans, lambda page: page.keyboard.press("j")),
    "boxes": (boxes, lambda page: page.keyboard.press("j")),
    "pair": (pair, lambda page: None),
    "text": (text, edited),
    "helps": (form, helped),
    "keys": (choice, lambda page: page.keyboard.press("?")),
}


def steered(service: Running) -> int:
    """A run of which some is settled and some waits, with files and people around it."""
    fields = {"intent": {"kind": "choice", "options": INTENTS}}
    run_id = queue_up(service, "bank_questions", fields, tickets(60), threshold=0.6, audit_share=0.05)
    for name, role in (("Ann", "lead"), ("Bo", "senior"), ("Cem", "reviewer")):
        service.client.post("/users", {"name": name, "role": role})
    service.client.put("/projects/bank_questions/members/Ann", {})
    return run_id


GUIDELINES = "**One wish only.** Where a customer asks for several things:\n\n1. the first one decides,\n2. a complaint decides before a question."


def fill_in(page: Page) -> None:
    """A schema of three fields, on its way."""
    page.get_by_label("Name").fill("Support tickets")
    for kind in ("Rating", "Boolean"):
        page.get_by_role("button", name=kind, exact=True).click()
    page.get_by_label("Guidelines").fill("Where a ticket asks for several things, the first one decides.")


def tried(service: Running) -> int:
    """Two trials of a prompt; of some of the examples gold is known."""
    rows = [
        row | ({"gold": INTENTS[0 if number != 2 else 9]} if number < 4 else {})
        for number, row in enumerate(tickets(40))
    ]
    fields = {"intent": {"kind": "choice", "options": INTENTS}}
    queue_up(service, "bank_intents", fields, rows)
    text = load_prompt("label").text
    for prompt in (
        "label",
        text.replace("best.\n", "best. Two wishes in one text: the first one counts.\n", 1),
    ):
        body = {"model": MODEL, "prompt": prompt, "examples": 6}
        trial = service.client.post("/projects/bank_intents/datasets/first/trials", body)["id"]
        while service.client.get(f"/trials/{trial}")["stage"] == "drafting":
            time.sleep(0.2)
    return int(trial)


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


def figures(service: Running) -> int:
    """Two runs that are drafted and reviewed; the later one."""
    return judged(service, "support_questions", 900)[1]


PLACES: dict[str, tuple[Callable[[Running], int], str, Callable[[Page], None]]] = {
    "examples": (examples, "/examples?run={run}", lambda page: None),
    "history": (examples, "/examples?run={run}&place=settled&corrected=yes", opened),
    "acts": (examples, "/examples?run={run}&place=settled", requeue),
    "conflicts": (conflicts, "/conflicts?run={run}", lambda page: None),
    "feedback": (
        told,
        "/feedback",
        lambda page: page.get_by_text("What the guidelines say").first.click(),
    ),
    "disagreement": (disagreement, "/disagreements", compared),
    "runs": (steered, "/runs", lambda page: None),
    "run": (steered, "/runs/{run}", lambda page: None),
    "figures": (figures, "/runs/{run}/figures", counted),
    "project-figures": (figures, "/projects/support_questions/figures", counted),
    "compare": (figures, "/compare?runs={before},{run}", counted),
    "new-project": (steered, "/new", fill_in),
    "new-run": (
        steered,
        "/projects/bank_questions/new",
        lambda page: page.get_by_text("A model", exact=True).click(),
    ),
    "prompt": (tried, "/projects/bank_intents/prompt", written),
    "trial": (tried, "/projects/bank_intents/prompt", tried_out),
    "schema": (steered, "/projects/bank_questions/schema", rename),
    "project": (steered, "/projects/bank_questions", lambda page: None),
    "people": (steered, "/people", lambda page: page.get_by_role("button", name="Make a link").click()),
    "account": (steered, "/me", lambda page: None),
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
            Path(home), 1, api_base=f"{provider.url}/v1", prices=f'{{"{MODEL}": [0.15, 0.6]}}'
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
