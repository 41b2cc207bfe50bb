"""How long contents are kept, over HTTP, and that figures are the same before and after they go."""

from typing import Any

import pytest
from typer.testing import CliRunner

from prelabel import review
from prelabel.cli.commands import app
from prelabel.client import Client
from prelabel.errors import InputError
from prelabel.events import webhooks
from prelabel.review import Answer
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.api.test_measure import reviewed_run
from tests.factories import age, make_user, queue_up

DAYS = 30
FIGURES = (
    "/runs/1", "/runs/1/quality", "/runs/1/drift", "/runs/1/calibration", "/runs/1/ledger", "/runs/1/cost",
    "/runs/1/cost/parts", "/runs/1/days", "/runs/1/risk", "/projects/p/ledger", "/projects/p/cost/parts",
    "/projects/p/cost/splits", "/runs/1/reviewers", "/runs/1/agreement",
)  # fmt: skip
SPANS = LabelSchema.load("fields: {said: {kind: text}, who: {kind: spans, options: [person, place]}}")
DRAFT = {"said": "they met in a town", "who": [{"start": 0, "end": 4, "label": "place"}]}
BETTER = {"said": "in a town they met", "who": [{"start": 0, "end": 4, "label": "person"}]}


def figures(lead: Client) -> dict[str, Any]:
    """All that is told of a run, but the moment at which it was."""
    return {path: bare(lead.get(path)) for path in FIGURES}


def bare(found: Any, *others: str) -> Any:
    if isinstance(found, list):
        return [bare(one, *others) for one in found]
    if not isinstance(found, dict):
        return found
    return {name: bare(value, *others) for name, value in found.items() if name not in ("as_of", *others)}


def remove(lead: Client, days: int = DAYS, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = lead.post("/projects/p/removals", {"older_than_days": days, **options})
    return found


def test_figures_are_the_same_once_contents_are_gone(store: Store, lead: Client) -> None:
    run_id = reviewed_run(store, "aab", reviewers=2)
    answered_by_another(store, run_id)
    webhooks.write_down(store)
    age(store, DAYS + 1)
    before = figures(lead)
    assert remove(lead)["examples"] == 40
    assert figures(lead) == before


def answered_by_another(store: Store, run_id: int) -> None:
    user = make_user(store, "another").id or 0
    with store.writing() as session:
        for work in review.claim(session, user, 100, 60, run_id):
            review.submit(session, user, work.slot_id, {"topic": "a"}, Answer(f"another {work.slot_id}"))
    senior = make_user(store, "senior", "senior").id or 0
    with store.writing() as session:
        for work in review.claim(session, senior, 100, 60, run_id, for_senior=True):
            review.submit(session, senior, work.slot_id, {"topic": "b"}, Answer(f"senior {work.slot_id}"))


def test_figures_of_texts_and_places_in_them_are_the_same_too(store: Store, lead: Client) -> None:
    run_id = queue_up(store, [{"id": f"e{n}", "text": f"Anna met Bob, {n}"} for n in range(6)], SPANS, DRAFT)
    rita = make_user(store).id or 0
    with store.writing() as session:
        for number, work in enumerate(review.claim(session, rita, 9, 60)):
            review.submit(
                session, rita, work.slot_id, (DRAFT, BETTER)[number % 2], Answer(f"{run_id} {number}")
            )
    webhooks.write_down(store)
    age(store, DAYS + 1)
    before = figures(lead)
    assert remove(lead)["examples"] == 6
    after = figures(lead)
    assert bare(after, "drafted", "settled") == bare(before, "drafted", "settled")
    [said, _] = after["/runs/1/ledger"]["corrections"]
    assert said == {"field": "said", "drafted": "1 2 3 4 5", "settled": "3 4 5 1 2", "count": 3}


def test_it_is_said_what_would_go_before_anything_does(store: Store, lead: Client) -> None:
    reviewed_run(store)
    webhooks.write_down(store)
    age(store, DAYS + 1)
    assert remove(lead, dry_run=True) == {"examples": 40, "replies": 0, "images": 0, "kept": 0, "left": 0}
    assert remove(lead, dry_run=True)["examples"] == 40
    assert remove(lead)["examples"] == 40
    newest = lead.get("/runs/1/examples", limit=1)["items"][0]
    assert (newest["content"], bool(newest["removed_at"])) == ({}, True)


def test_a_change_of_how_long_contents_are_kept_stands_in_the_journal(
    store: Store, lead: Client, sign_in: Any
) -> None:
    reviewed_run(store)
    assert lead.get("/projects/p/retention") == {"days": None, "replies_days": None}
    wanted = {"days": 90, "replies_days": 30}
    assert lead.put("/projects/p/retention", wanted) == lead.put("/projects/p/retention", wanted) == wanted
    [line] = sign_in("admin").get("/journal", act="retention.")["items"]
    assert line["details"] == {"before": {"days": None, "replies_days": None}} | wanted


@pytest.mark.parametrize(
    "ages", [{"days": 0}, {"days": 36_501}, {"replies_days": -1}, {"days": 1.5}, {"day": 3}]
)
def test_ages_that_there_are_not_are_refused(store: Store, lead: Client, ages: dict[str, Any]) -> None:
    reviewed_run(store)
    with pytest.raises(InputError):
        lead.put("/projects/p/retention", ages)


def test_the_command_line_says_what_would_go_asks_and_does_it(
    store: Store, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str, answer: str = "") -> str:
        monkeypatch.setattr(
            Client, "from_settings", lambda _: sign_in("lead", f"{len(words)}{answer}{words[-1]}")
        )
        return CliRunner().invoke(app, words, input=answer).output

    reviewed_run(store)
    webhooks.write_down(store)
    age(store, DAYS + 1)
    assert "40" in run("forget", "--older-than", "30d", "--dry-run")
    assert "Abort" in run("forget", "--older-than", "30d", answer="n")
    assert "no way back" in run("forget", "--older-than", "30d", "--project", "p", answer="y")
    assert '"examples": 0' in run("forget", "--older-than", "30", "--json")
    assert "kept for 90 days" in run("retention", "90d")
    shown = run("retention", "--replies", "7d")
    assert "kept for 90 days" in shown, "an age that is not given stays"
    assert "replies of models for 7 days" in shown
    assert "kept for ever" in run("retention", "--none")


def test_the_journal_says_who_removed_how_many(store: Store, lead: Client, sign_in: Any) -> None:
    reviewed_run(store)
    webhooks.write_down(store)
    age(store, DAYS + 1)
    remove(lead)
    [line] = sign_in("admin").get("/journal", act="content.")["items"]
    assert (line["user"], line["subject"]) == ("a-lead", "dataset d0")
    assert line["details"] == {"examples": 40, "older_than_days": DAYS}
