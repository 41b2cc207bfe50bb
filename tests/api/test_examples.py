"""Leads look through the examples of a run over HTTP."""

import pytest

from prelabel import errors, runs
from prelabel.canonical import Json
from prelabel.client import Client
from prelabel.leading import browse
from prelabel.models import Example
from prelabel.routing import place
from prelabel.store import Store
from tests.factories import PRICE, FakeDrafter, make_run, queue_up, unsure, work_off

ROWS = [
    {"id": "e0", "text": "Die Größe passt nicht"},
    {"id": "e1", "text": "my invoice is wrong"},
    {"id": "e2", "text": "wrong size", "gold": "b"},
    {"id": "e3", "text": "hello"},
]


@pytest.fixture
def run_id(store: Store, reviewer: Client) -> int:
    """Four examples, all drafted as "a": the first is confirmed, the second corrected, two are still queued."""
    run_id = queue_up(store, ROWS)
    by_text = {work["content"]["text"]: work for work in reviewer.post("/queue/claim", {"limit": 10})}
    for row, label in zip(ROWS, "ab", strict=False):
        work = by_text[row["text"]]
        body: dict[str, Json] = {
            "label": {"topic": label},
            "client_token": f"token-{row['id']}",
            "version": work["version"],
        }
        reviewer.post(f"/queue/{work['slot_id']}/submit", body)
    return run_id


def ids(lead: Client, run_id: int, **search: Json) -> list[str]:
    return [one["id"] for one in lead.items(f"/runs/{run_id}/examples", **search)]


def test_all_that_is_known_of_an_example_is_shown(lead: Client, run_id: int) -> None:
    first, second, third, _ = lead.items(f"/runs/{run_id}/examples")
    assert (first["content"], first["status"], first["label"]) == (
        {"text": "Die Größe passt nicht"},
        "settled",
        {"topic": "a"},
    )
    assert (second["draft"], second["label"], second["reviewer"]) == (
        {"topic": "a"},
        {"topic": "b"},
        "a-reviewer",
    )
    assert (third["status"], third["gold"], third["label"]) == ("queued", {"topic": "b"}, None)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"place": "settled"}, ["e0", "e1"]),
        ({"reason": "gold_failed"}, ["e2"]),
        ({"text": "WRONG"}, ["e1", "e2"]),
        ({"text": "größe"}, ["e0"]),
        ({"where": "topic == 'b'"}, ["e1"]),
        ({"where": "reviewer == 'a-reviewer' and confidence < 0.5"}, ["e0", "e1"]),
        ({"corrected": True}, ["e1"]),
        ({"text": "wrong", "place": "queued"}, ["e2"]),
        ({"text": "nowhere"}, []),
    ],
)
def test_examples_are_found_by_what_is_asked_for(
    lead: Client, run_id: int, search: dict[str, Json], found: list[str]
) -> None:
    assert ids(lead, run_id, **search) == found


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"place": "lost"}, "place: 'lost' is not one of waiting, drafted"),
        ({"reason": "x"}, "reason: 'x' is not one of low_confidence"),
        ({"where": "topick == 'b'"}, "topick"),
        ({"where": "("}, "where"),
    ],
)
def test_what_cannot_be_looked_for_is_said(
    lead: Client, run_id: int, search: dict[str, Json], said: str
) -> None:
    with pytest.raises(errors.InputError, match=said):
        ids(lead, run_id, **search)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STRASSE", ["s0"]),
        ("image 1", ["s1"]),
        ("note: see", ["s2"]),
        ("1,2", ["s2"]),
        ("50% _off", ["s3"]),
        ("text", ["s1", "s2"]),
    ],
)
def test_a_text_is_found_wherever_its_words_stand(
    lead: Client, store: Store, text: str, found: list[str]
) -> None:
    picture = {"sha256": "0" * 64, "name": "a.png", "width": 1, "height": 1, "type": "image/png"}
    contents: list[dict[str, Json]] = [
        {"text": "Hauptstraße 5"},
        {"text": "a", "scan": picture},
        {"text": "b", "note": "see", "list": [1, 2]},
    ]
    rows = [{"id": f"s{at}", **content} for at, content in enumerate([*contents, {"text": "50% _off"}])]
    run_id = make_run(store, [*rows[:1], *rows[2:]])
    put_picture(store, run_id, "s1", contents[1])
    assert sorted(ids(lead, run_id, text=text)) == found


def put_picture(store: Store, run_id: int, example: str, content: dict[str, Json]) -> None:
    """An example with an image, as an import that has found the image would write it."""
    with store.writing() as session:
        run = runs.get(session, run_id)
        session.add(
            Example(dataset_id=run.dataset_id, external_id=example, content_hash=example, content=content)
        )
        session.flush()
        place.fill(session, run)


def test_pages_follow_each_other_without_gap_or_repeat(lead: Client, run_id: int) -> None:
    for limit in (1, 2, 3, 4):
        assert ids(lead, run_id, limit=limit) == ["e0", "e1", "e2", "e3"]
        assert ids(lead, run_id, limit=limit, text="wrong") == ["e1", "e2"]


def test_a_long_search_goes_on_with_the_next_page(
    lead: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse, "SCANNED", 3)
    run_id = make_run(store, 10)
    work_off(store, run_id, FakeDrafter(lambda content: ("a", int(content["text"].split()[1]) / 100)))
    where = "confidence > 0.065 and confidence < 0.075"
    page = lead.get(f"/runs/{run_id}/examples", where=where)
    assert (page["items"], page["next"] is None) == ([], False)
    assert ids(lead, run_id, where=where) == ["e7"]


def test_of_a_run_that_is_not_there_it_is_said(lead: Client) -> None:
    with pytest.raises(errors.NotFound):
        ids(lead, 77)


@pytest.mark.parametrize("search", [{}, {"place": "queued"}, {"text": "wrong"}, {"where": "topic == 'b'"}])
def test_an_outline_tells_how_many_there_are_and_where_each_page_begins(
    lead: Client, run_id: int, search: dict[str, Json]
) -> None:
    for size in (1, 3):
        outline = lead.get(f"/runs/{run_id}/examples/outline", size=size, **search)
        pages = [
            lead.get(f"/runs/{run_id}/examples", after=one["after"], limit=one["examples"], **search)["items"]
            for one in outline["pages"]
        ]
        assert [one["id"] for page in pages for one in page] == ids(lead, run_id, **search)
        assert (outline["examples"], outline["next"]) == (sum(map(len, pages)), None)


@pytest.mark.parametrize("search", [{}, {"text": "text"}])
def test_a_long_outline_comes_in_parts(
    lead: Client, store: Store, monkeypatch: pytest.MonkeyPatch, search: dict[str, Json]
) -> None:
    monkeypatch.setattr(browse, "OUTLINED", 4)
    monkeypatch.setattr(browse, "MOST_OUTLINED", 4)
    path, after, found = f"/runs/{make_run(store, 10)}/examples/outline", 0, list[int]()
    while after is not None:
        part = lead.get(path, after=after, **search)
        found, after = [*found, part["examples"]], part["next"]
    assert found == [4, 4, 2]


def test_the_history_of_an_example_has_every_act_in_order(
    lead: Client, reviewer: Client, run_id: int
) -> None:
    reviewer.post("/queue/undo", {"client_token": "token-undo"})
    history = lead.get(f"/runs/{run_id}/examples/history", example="e1")
    draft, answer, label, undone = history["acts"]
    assert (draft["what"], draft["drafted"]["confidence"], draft["label"]) == ("draft", 0.4, {"topic": "a"})
    assert (answer["what"], answer["who"], answer["label"], answer["reason"]) == (
        "corrected",
        "a-reviewer",
        {"topic": "b"},
        "low_confidence",
    )
    assert (answer["is_undone"], label["who"], label["holds"]) == (True, "review", False)
    assert (undone["what"], history["record"]["status"]) == ("undone", "queued")


def test_the_history_tells_what_a_draft_has_cost(lead: Client, store: Store) -> None:
    run_id = make_run(store, 1)
    work_off(store, run_id, FakeDrafter(unsure))
    [draft] = lead.get(f"/runs/{run_id}/examples/history", example="e0")["acts"]
    assert (float(draft["drafted"]["dollars"]), draft["drafted"]["calls"]) == (float(PRICE), 1)


def test_the_history_of_what_is_not_there_is_not_found(lead: Client, run_id: int) -> None:
    with pytest.raises(errors.NotFound, match="no example 'e/9'"):
        lead.get(f"/runs/{run_id}/examples/history", example="e/9")
