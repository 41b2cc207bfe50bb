"""What the pictures of the page show: a run, and all around it, for each."""

import io
from functools import partial
from typing import Any

from PIL import Image, ImageDraw

from prelabel.client import Client
from prelabel.prompt import load_prompt
from tests.running import Running
from tests.waiting import wait_until
from tests.web.filling import INTENTS, SAID, queue_up, tickets
from tests.web.judged import judged

MODEL = "openai/simulated"


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
    search = f"/runs/{run_id}/conflicts/search"
    wait_until(lambda: service.client.get(search)["finished_at"], service.logs)
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


def steered(service: Running) -> int:
    """A run of which some is settled and some waits, with files and people around it."""
    fields = {"intent": {"kind": "choice", "options": INTENTS}}
    run_id = queue_up(service, "bank_questions", fields, tickets(60), threshold=0.6, audit_share=0.05)
    for name, role in (("Ann", "lead"), ("Bo", "senior"), ("Cem", "reviewer")):
        service.client.post("/users", {"name": name, "role": role})
    service.client.put("/projects/bank_questions/members/Ann", {})
    return run_id


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
        wait_until(partial(is_over, service, trial), service.logs)
    return int(trial)


def is_over(service: Running, trial: int) -> bool:
    return bool(service.client.get(f"/trials/{trial}")["stage"] != "drafting")


def figures(service: Running) -> int:
    """Two runs that are drafted and reviewed; the later one."""
    return judged(service, "support_questions", 900, threshold=0.65)[1]
