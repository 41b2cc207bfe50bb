"""Twenty examples of each kind, answered by keyboard alone: what is stored is what was seen."""

import io
from functools import partial
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.running import Running
from tests.waiting import wait_until
from tests.web.conftest import People
from tests.web.filling import INTENTS, queue_up, tickets

COUNT = 20


def drafted(rows: list[dict[str, Any]], label: Any) -> list[dict[str, Any]]:
    return [row | {"drafts": [{"model": "small", "label": label, "confidence": 0.5}]} for row in rows]


def texts(count: int = COUNT, text: str = "🤔 Ada Lovelace met Charles Babbage") -> list[dict[str, Any]]:
    return [{"id": f"e-{number}", "text": text} for number in range(count)]


def settled(service: Running, run_id: int) -> dict[str, Any]:
    """The labels of a run by example."""
    items = service.client.items(f"/runs/{run_id}/examples", place="settled")
    return {item["id"]: item["label"] for item in items}


def test_a_choice_is_confirmed_by_one_key_and_corrected_by_typing(service: Running, people: People) -> None:
    run_id = queue_up(service, "choice", {"intent": {"kind": "choice", "options": INTENTS}}, tickets(COUNT))
    expected = {}
    with people.person() as person:
        person.review(run_id)
        for number in range(COUNT):
            if number % 2:
                shown = person.picked().splitlines()[-1].lower().replace(" ", "_")
                expected[person.goes_on("Enter")] = shown
            else:
                person.press("/")
                person.types("exch ra")
                expected[person.goes_on("Enter")] = "exchange_rate"
        person.is_saved()
    labels = {name: label["intent"] for name, label in settled(service, run_id).items()}
    assert {name: label.lower() for name, label in labels.items()} == expected


def test_short_lists_have_a_digit_each(service: Running, people: People) -> None:
    fields = {"topic": {"kind": "choice", "options": ["billing", "delivery", "returns"]}}
    run_id = queue_up(service, "short", fields, drafted(texts(), "billing"))
    expected = {}
    with people.person() as person:
        person.review(run_id)
        for number in range(COUNT):
            digit = number % 3
            expected[person.goes_on(str(digit + 1))] = ["billing", "delivery", "returns"][digit]
        person.is_saved()
    assert {name: label["topic"] for name, label in settled(service, run_id).items()} == expected


def test_several_options_are_toggled_and_then_accepted(service: Running, people: People) -> None:
    fields = {"aspects": {"kind": "choices", "options": ["price", "speed", "service"]}}
    run_id = queue_up(service, "choices", fields, drafted(texts(), ["price"]))
    with people.person() as person:
        person.review(run_id)
        for _ in range(COUNT):
            person.goes_on("1", "3", "2", "Enter")
        person.is_saved()
    assert {tuple(label["aspects"]) for label in settled(service, run_id).values()} == {("speed", "service")}


@pytest.mark.parametrize(
    ("kind", "draft", "keys", "expected"),
    [
        ({"kind": "boolean"}, True, ["n"], False),
        ({"kind": "rating", "min": 1, "max": 5}, 2, ["4"], 4),
        ({"kind": "number", "min": 0, "unit": "kg"}, 3.5, ["e", "1", "2", ".", "5", "Enter"], 12.5),
        ({"kind": "text"}, "Helo", ["e", "End", "!", "Control+Enter"], "Helo!"),
    ],
    ids=["boolean", "rating", "number", "text"],
)
def test_one_value_is_given_by_keyboard(
    service: Running, people: People, kind: dict[str, Any], draft: Any, keys: list[str], expected: Any
) -> None:
    run_id = queue_up(service, kind["kind"], {"value": kind}, drafted(texts(), draft))
    with people.person() as person:
        person.review(run_id)
        for _ in range(COUNT):
            person.goes_on(*keys)
        person.is_saved()
    labels = settled(service, run_id)
    assert len(labels) == COUNT
    assert [label["value"] for label in labels.values()] == [expected] * COUNT


def test_the_better_of_two_responses_is_told_by_a_digit(service: Running, people: People) -> None:
    rows = [
        {"id": f"p-{number}", "prompt": "Why?", "response_a": "So.", "response_b": "Because <b>of</b> it."}
        for number in range(COUNT)
    ]
    run_id = queue_up(service, "preference", {"better": {"kind": "preference"}}, drafted(rows, "A"))
    with people.person() as person:
        person.review(run_id)
        expect(person.page.get_by_label("Response B")).to_contain_text("Because <b>of</b> it.")
        for number in range(COUNT):
            person.goes_on(str(number % 3 + 1))
        person.is_saved()
    found = [label["better"] for label in settled(service, run_id).values()]
    assert {value: found.count(value) for value in set(found)} == {"A": 7, "B": 7, "tie": 6}


def test_spans_are_drawn_by_keyboard_at_the_code_points_that_were_seen(
    service: Running, people: People
) -> None:
    fields = {"entities": {"kind": "spans", "options": ["person", "place"]}}
    ada = {"start": 2, "end": 5, "label": "person"}
    run_id = queue_up(service, "spans", fields, drafted(texts(), {"entities": [ada]}))
    with people.person() as person:
        person.review(run_id)
        for _ in range(COUNT):
            person.press("j", "Shift+ArrowRight")  # Ada -> Ada Lovelace
            person.press("Escape", *["ArrowRight"] * 5, "Shift+ArrowRight", "2")  # Charles Babbage
            person.goes_on("Enter")
        person.is_saved()
    text = texts()[0]["text"]
    for label in settled(service, run_id).values():
        drawn = [(text[one["start"] : one["end"]], one["label"]) for one in label["entities"]]
        assert drawn == [("Ada Lovelace", "person"), ("Charles Babbage", "place")]


def test_spans_are_related_by_keyboard(service: Running, people: People) -> None:
    fields = {
        "who": {"kind": "spans", "options": ["person"]},
        "facts": {"kind": "relations", "between": "who", "options": ["met", "knew"]},
    }
    who = [{"start": 2, "end": 14, "label": "person"}, {"start": 19, "end": 34, "label": "person"}]
    run_id = queue_up(service, "relations", fields, drafted(texts(), {"who": who, "facts": []}))
    with people.person() as person:
        person.review(run_id)
        for _ in range(COUNT):
            person.goes_on("j", "r", "j", "2", "Enter")
        person.is_saved()
    expected = [
        {"label": "knew", "head": {"start": 2, "end": 14}, "tail": {"start": 19, "end": 34}},
    ]
    assert [label["facts"] for label in settled(service, run_id).values()] == [expected] * COUNT


def on_screen(scale: list[float], x: float, y: float) -> tuple[float, float]:
    return scale[0] * x + scale[1], scale[0] * y + scale[2]


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "#c9b9a4").save(file, "PNG")
    return file.getvalue()


def test_a_box_that_is_drawn_with_the_mouse_is_stored_to_the_pixel(service: Running, people: People) -> None:
    fields = {"cells": {"kind": "boxes", "options": ["red", "white"]}}
    service.client.define_project("boxes", {"fields": fields})
    service.client.upload_image("boxes", "first", "a.png", picture())
    rows = [{"id": f"i-{number}", "image": "a.png"} for number in range(3)]
    run_id = queue_up(service, "boxes", fields, drafted(rows, {"cells": []}))
    with people.person() as person:
        person.review(run_id)
        for _ in range(3):
            scale = person.page.locator(".stage > svg").evaluate(
                "svg => { const m = svg.getScreenCTM(); return [m.a, m.e, m.f] }"
            )
            at = partial(on_screen, scale)
            mouse = person.page.mouse
            mouse.move(*at(100, 120))
            mouse.down()
            mouse.move(*at(300, 220), steps=3)
            mouse.up()
            person.goes_on("2", "Shift+ArrowRight", "Enter")
        person.is_saved()
    for label in settled(service, run_id).values():
        (box,) = label["cells"]
        pixels = [box["x"] * 640, box["y"] * 480, box["width"] * 640, box["height"] * 480]
        assert pixels == pytest.approx([100, 120, 201, 100], abs=1.5)
        assert box["label"] == "white"


def test_boxes_are_drawn_by_keyboard_alone(service: Running, people: People) -> None:
    fields = {"cells": {"kind": "boxes", "options": ["red", "white"]}}
    service.client.define_project("keys", {"fields": fields})
    service.client.upload_image("keys", "first", "a.png", picture())
    rows = [{"id": f"k-{number}", "image": "a.png"} for number in range(COUNT)]
    run_id = queue_up(service, "keys", fields, drafted(rows, {"cells": []}))
    with people.person() as person:
        person.review(run_id)
        for _ in range(COUNT):
            person.goes_on("b", "ArrowRight", "Alt+ArrowDown", "Shift+ArrowUp", "1", "Enter")
        person.is_saved()
    for label in settled(service, run_id).values():
        (box,) = label["cells"]
        pixels = [box["x"] * 640, box["y"] * 480, box["width"] * 640, box["height"] * 480]
        assert pixels == pytest.approx([261, 190, 120, 119], abs=0.01)


def test_a_form_of_several_fields_goes_from_one_to_the_next(service: Running, people: People) -> None:
    fields = {
        "toxic": {"kind": "boolean"},
        "how": {"kind": "choice", "options": ["insult", "threat"], "when": {"toxic": True}},
        "tone": {"kind": "rating"},
    }
    run_id = queue_up(service, "form", fields, drafted(texts(), {"toxic": False, "how": None, "tone": 3}))
    with people.person() as person:
        person.review(run_id)
        for number in range(COUNT):
            person.goes_on(*(["y", "2", "5", "Enter"] if number % 2 else ["Enter"]))
        person.is_saved()
    found = [tuple(label.values()) for label in settled(service, run_id).values()]
    assert sorted(map(str, found)) == sorted([str((False, None, 3))] * 10 + [str((True, "threat", 5))] * 10)


def test_an_answer_is_taken_back_and_given_anew(service: Running, people: People) -> None:
    run_id = queue_up(service, "undo", {"intent": {"kind": "choice", "options": INTENTS}}, tickets(6))
    with people.person() as person:
        person.review(run_id)
        first, second = person.goes_on("Enter"), person.goes_on("Enter")
        person.is_saved()
        person.press("z")
        expect(person.page.locator(".work .meta .num")).to_have_text(second)
        person.press("z")
        expect(person.page.locator(".work .meta .num")).to_have_text(first)
        person.press("/")
        person.types("age limit")
        assert person.goes_on("Enter") == first
        assert person.goes_on("Enter") == second
        person.is_saved()
    wait_until(lambda: len(settled(service, run_id)) == 2)
    labels = settled(service, run_id)
    assert labels[first]["intent"] == "age_limit"
    assert set(labels) == {first, second}


def test_a_held_key_answers_one_example_and_letters_in_a_field_are_no_commands(
    service: Running, people: People
) -> None:
    run_id = queue_up(service, "guards", {"intent": {"kind": "choice", "options": INTENTS}}, tickets(10))
    with people.person() as person:
        person.review(run_id)
        first = person.example()
        person.page.keyboard.down("Enter")
        for _ in range(5):
            person.page.keyboard.down("Enter")  # repeats, as of a key that is held
        person.page.keyboard.up("Enter")
        person.is_saved()
        second = person.example()
        assert second != first
        person.press("/")
        person.types("sfz")
        assert person.example() == second
        person.press("Escape")
    assert set(settled(service, run_id)) == {first}


def test_a_flag_needs_a_word_and_a_skip_does_not(service: Running, people: People) -> None:
    run_id = queue_up(service, "flags", {"intent": {"kind": "choice", "options": INTENTS}}, tickets(3))
    with people.person() as person, people.person():
        person.review(run_id)
        flagged = person.example()
        person.press("f", "Enter")
        assert person.example() == flagged
        person.types("not a sentence")
        person.goes_on("Enter")
        person.goes_on("s")
        person.is_saved()
    failed = list(service.client.items(f"/runs/{run_id}/examples", place="failed"))
    assert [(one["id"]) for one in failed] == [flagged]


def test_names_of_spans_and_arcs_of_relations_are_drawn_at_once(service: Running, people: People) -> None:
    fields = {
        "who": {"kind": "spans", "options": ["person"]},
        "facts": {"kind": "relations", "between": "who", "options": ["met"]},
    }
    who = [{"start": 2, "end": 14, "label": "person"}, {"start": 19, "end": 34, "label": "person"}]
    met = [{"label": "met", "head": {"start": 2, "end": 14}, "tail": {"start": 19, "end": 34}}]
    run_id = queue_up(service, "drawn", fields, drafted(texts(2), {"who": who, "facts": met}))
    with people.person() as person:
        person.review(run_id)
        expect(person.page.locator(".arcs .tagl")).to_have_text(["person", "person"])
        expect(person.page.locator(".arcs path")).to_have_count(1)
