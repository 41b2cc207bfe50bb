"""A prompt is written, looked at, and tried out on a few examples before anything big is started, over HTTP."""

import io
import json
import re
from decimal import Decimal
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from prelabel import errors, runs
from prelabel.client import Client
from prelabel.draft import Asker, ModelDrafter, Reply, Request
from prelabel.events import webhooks
from prelabel.llm.confidence import confide
from prelabel.models import Call, Draft, Label, Prompt, Run, Slot
from prelabel.money import ledger
from prelabel.operations import gauges
from prelabel.prompt import Instructions, load_prompt, parse_prompt
from prelabel.route import route_drafted
from prelabel.store import Store
from prelabel_api.rights import rights
from tests.api.conftest import SignIn
from tests.api.recording import RecordingQueue
from tests.factories import QUICK, all_of, make_user, work_off_by

MINI = "openai/gpt-4o-mini"
SCHEMA = {"guidelines": "The first wish decides.", "fields": {"topic": ["a", "b", "c"]}}
SHORT = "---\nname: short\ndescription: In few words.\n---\n## system\nLabel by {{ fields[0].name }}: {{ guidelines }}\n## user\n{{ example }}\n"
PRICE = Decimal("0.01")


class Model:
    """Says "a" of all texts but those with "odd" in them, of which it says what fits no schema; each answer costs a cent."""

    name = MINI

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def most(self, _request: Request) -> Decimal:
        return PRICE

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        topic = "z" if "odd" in str(request.messages[1]["content"]) else "a"
        text = json.dumps({"label": {"topic": topic}, "confidence": {"topic": 0.9}})
        return Reply(text, tokens_in=100, tokens_out=20, dollars=PRICE, latency_ms=1_500)


def draft(store: Store, run_id: int, model: Model) -> None:
    """As a worker does."""

    def recall(example_ids: Any, hashes: Any) -> Any:
        with store.reading() as session:
            return ledger.recall(session, [MINI], example_ids, hashes)

    def build(session: Any, run: Run) -> ModelDrafter:
        template = parse_prompt(session.get_one(Prompt, run.prompt_id).text, "stored")
        told = Instructions(template, runs.schema_of(session, run), "stated")
        return ModelDrafter(model, told, confide, Asker(recall=recall))

    work_off_by(store, run_id, build, QUICK)


def bring_in(lead: Client, texts: dict[str, str], gold: dict[str, str]) -> None:
    lead.define_project("p", SCHEMA)
    rows = (
        {"id": name, "text": text} | ({"gold": gold[name]} if name in gold else {})
        for name, text in texts.items()
    )
    lead.bring_in("p", "d", io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode()))


def begin(lead: Client, **body: Any) -> dict[str, Any]:
    return dict(lead.post("/projects/p/datasets/d/trials", {"model": MINI, "prompt": SHORT} | body))


def look(lead: Client, text: str, **body: Any) -> dict[str, Any]:
    return dict(lead.post("/projects/p/prompts/check", {"text": text, "dataset": "d"} | body))


TWELVE = {f"t{number}": f"text {number}" for number in range(12)}


@pytest.fixture
def tried(store: Store, lead: Client) -> int:
    """A trial of four: right on gold, wrong on gold, a failure, and one of which nothing is known."""
    bring_in(lead, TWELVE | {"x": "an odd one"}, {"t3": "a", "t5": "b"})
    run_id = int(begin(lead, examples=["t3", "t5", "x", "t0"])["id"])
    draft(store, run_id, Model())
    return run_id


def test_a_trial_tells_of_each_example_what_came_of_it_and_what_that_cost(lead: Client, tried: int) -> None:
    found = lead.get(f"/trials/{tried}")
    by_name = {one.pop("example"): one for one in found["tried"]}
    assert list(by_name)[:2] == ["t3", "t5"]
    assert {name: (one["right"], one["known_from"]) for name, one in by_name.items()} == {
        "t3": (True, "gold"), "t5": (False, "gold"), "x": (None, ""), "t0": (None, ""),
    }  # fmt: skip
    assert by_name["t3"]["draft"] == {"topic": "a"}
    assert (by_name["t3"]["confidence"], by_name["t3"]["seconds"], by_name["t3"]["calls"]) == (0.9, 1.5, 1)
    assert "after a repair" in by_name["x"]["failure"]
    assert Decimal(by_name["x"]["dollars"]) == 2 * PRICE
    assert (found["stage"], found["drafted"], found["failed"]) == ("done", 4, 1)
    assert (found["right"]["right"], found["right"]["n"]) == (1, 2)
    assert Decimal(found["spent"]) == 5 * PRICE
    assert Decimal(found["whole"]) == Decimal(found["per_example"]) * 13 == 5 * PRICE / 4 * 13


def test_a_trial_asks_nobody_and_labels_nothing(
    store: Store, lead: Client, tried: int, reviewer: Client
) -> None:
    assert route_drafted(store, tried) == 0
    webhooks.write_down(store)
    assert lead.get(f"/trials/{tried}")["drafted"] == 4
    assert reviewer.post("/queue/claim", {}) == []
    with store.reading() as session:
        assert not all_of(session, Slot)
        assert not all_of(session, Label)
        assert runs.with_work(session) == []
        assert session.get_one(Run, tried).drafted_at is not None
        waits = next(one for one in gauges.figures(session) if one.name == "prelabel_examples")
    assert sum(sample.value for sample in waits.samples) == 0


def test_a_trial_is_no_run(lead: Client, web: TestClient, tried: int) -> None:
    assert list(lead.runs()) == []
    assert lead.get("/projects/p/ledger", by="prompt")["parts"] == []
    of_runs = [
        right for right in rights(cast(FastAPI, web.app)) if right.path.startswith("/v1/runs/{run_id}")
    ]
    assert len(of_runs) > 40
    for right in of_runs:
        path = re.sub(r"{\w+}", str(tried), right.path.removeprefix("/v1"))
        options: dict[str, Any] = {"example": "t3"} if right.method == "GET" else {"body": {"policy": {}}}
        with pytest.raises(errors.PrelabelError) as refused:
            getattr(lead, right.method.lower())(path, **options)
        assert right.method != "GET" or "is a trial, not a run" in str(refused.value)


def test_the_money_of_a_trial_is_the_projects(lead: Client, tried: int) -> None:
    assert Decimal(lead.get("/projects/p")["spent"]) == 5 * PRICE
    [part] = lead.get("/projects/p/cost/parts", by="run")["parts"]
    assert (part["name"], Decimal(part["model_dollars"])) == (f"trial {tried}", 5 * PRICE)
    lead.put("/projects/p/cap", {"cap": "0.05"})
    assert begin(lead, examples=["t1"])["spent"] == "0"


def test_what_a_trial_has_paid_for_a_run_with_its_prompt_pays_no_more(
    store: Store, lead: Client, tried: int
) -> None:
    digest = lead.get(f"/trials/{tried}")["digest"]
    run_id, model = lead.start_run("p", "d", model=MINI, prompt=digest[:8])["id"], Model()
    draft(store, run_id, model)
    assert len(model.asked) == 13 - 4
    assert lead.get(f"/runs/{run_id}")["places"]["settled"] == 12 - 1
    again = int(begin(lead, examples=["t3"])["id"])
    draft(store, again, model)
    found = lead.get(f"/trials/{again}")
    assert (found["tried"][0]["calls"], found["per_example"], found["whole"]) == (0, None, None)


def test_trials_are_listed_the_newest_first_so_that_prompts_can_be_held_against_each_other(
    store: Store, lead: Client, tried: int
) -> None:
    second = int(begin(lead, prompt="label", examples=["t3", "t5"])["id"])
    draft(store, second, Model())
    newest, oldest = lead.items("/projects/p/trials")
    assert (newest["prompt"], oldest["prompt"], "tried" in newest) == ("label", "short", False)
    assert [one["right"]["n"] for one in (newest, oldest)] == [2, 2]
    digests = f"{oldest['digest'][:12]},{newest['digest'][:12]}"
    assert lead.get("/compare", project="p", prompts=digests)["by_gold"] == 2
    shipped, used = lead.items("/projects/p/prompts")
    assert (shipped["ships"], shipped["trials"], shipped["digest"]) == (True, [second], newest["digest"])
    assert (used["ships"], used["trials"], used["runs"], used["text"]) == (False, [tried], [], SHORT)


def test_examples_whose_label_is_known_come_first_and_are_the_same_each_time(
    store: Store, lead: Client
) -> None:
    bring_in(lead, TWELVE, {"t7": "a", "t8": "a"})
    first, second = ([one["example"] for one in begin(lead)["tried"]] for _ in range(2))
    assert first == second
    assert (len(first), set(first[:2])) == (5, {"t7", "t8"})


def test_what_people_have_settled_is_known_too(store: Store, lead: Client, reviewer: Client) -> None:
    bring_in(lead, TWELVE, {})
    run_id = lead.start_run("p", "d", model=MINI, prompt="label", policy={"threshold": 1})["id"]
    draft(store, run_id, Model())
    [work] = reviewer.claim(1)
    work.submit({"topic": "c"})
    [one, *_] = begin(lead, examples=3)["tried"]
    assert (one["example"], one["known"], one["known_from"]) == (work["example_id"], {"topic": "c"}, "people")


def test_the_cap_of_a_trial_holds_and_ends_it(store: Store, lead: Client, sign_in: SignIn) -> None:
    bring_in(lead, TWELVE, {})
    run_id = int(begin(lead, examples=10, cap="0.045")["id"])
    draft(store, run_id, Model())
    found = lead.get(f"/trials/{run_id}")
    assert (found["stage"], found["note"]) == ("cancelled", "the cap of the trial allows no further call")
    assert 0 < Decimal(found["spent"]) <= Decimal("0.045")
    assert next(iter(sign_in("admin").items("/journal", act="trial")))["details"]["cap"] == "0.045"


def test_a_quote_of_a_trial_is_of_its_examples(store: Store, lead: Client, tried: int) -> None:
    body = {"model": MINI, "prompt": SHORT}
    path = "/projects/p/datasets/d/trials/quotes"
    one, two = (lead.post(path, body | {"examples": names}) for names in (["t1"], ["t1", "t2"]))
    assert (one["examples"], two["examples"]) == (1, 2)
    assert 0 < Decimal(one["dollars"]["mean"]) < Decimal(two["dollars"]["mean"])
    assert Decimal(lead.post(path, body | {"examples": ["t3"]})["dollars"]["mean"]) == 0


def test_a_trial_can_be_ended(store: Store, lead: Client, wake: RecordingQueue) -> None:
    bring_in(lead, TWELVE, {})
    run_id = int(begin(lead)["id"])
    assert lead.post(f"/trials/{run_id}/cancel")["stage"] == "cancelled"
    draft(store, run_id, model := Model())
    assert (model.asked, wake.asked) == ([], [run_id])


def test_a_change_of_the_schema_leaves_trials_as_they_were(store: Store, lead: Client, tried: int) -> None:
    plan = lead.put("/projects/p/schema", {"schema": {"fields": {"topic": ["a", "b", "c", "d"]}}})
    assert plan["runs"] == []
    assert lead.get(f"/trials/{tried}")["schema_version"] == 1


def test_a_preview_shows_the_very_messages_that_a_model_is_sent(store: Store, lead: Client) -> None:
    bring_in(lead, TWELVE, {"t4": "a"})
    shown, model = look(lead, SHORT), Model()
    draft(store, int(begin(lead, examples=1)["id"]), model)
    assert shown["messages"] == list(model.asked[0].messages)
    assert (shown["example"], shown["examples"][0], len(shown["examples"])) == ("t4", "t4", 12)
    assert shown["messages"][0]["content"] == "Label by topic: The first wish decides."
    assert "text 9" in look(lead, SHORT, example="t9")["messages"][1]["content"]
    assert shown["tokens"] > 20
    assert "example" in shown["variables"]["user"]
    assert lead.post("/projects/p/prompts/check", {"text": load_prompt("label").text})["example"] is None


BAD = (
    ("label", None, "front matter between"),
    (SHORT.replace("name: short", "name: [short"), 3, "expected"),
    (SHORT.replace("guidelines", "guidlines"), 6, "has no variable 'guidlines'"),
    (SHORT.replace("fields[0].name", "fields[7].name"), 6, "no element 7"),
    (SHORT.replace("{{ ex", "{% for shot in shots %}\n{{ shot.lable }}{% endfor %}{{ ex"), 9, "lable"),
    (SHORT.replace("{{ guidelines }}", "{% if several %}{{ 1 / 0 }}{% endif %}"), 6, "division by zero"),
    (SHORT.replace("{{ example }}", "{{ example * 99999999 }}"), 8, "makes more than"),
)


def test_a_prompt_that_cannot_be_used_is_named_with_its_line(lead: Client) -> None:
    bring_in(lead, TWELVE, {})
    for text, line, said in BAD:
        found = look(lead, text)
        assert (found["messages"], found["faults"][0]["line"]) == ([], line)
        assert said in found["faults"][0]["reason"]


def test_what_cannot_be_tried_is_refused_and_nothing_is_started(store: Store, lead: Client) -> None:
    bring_in(lead, TWELVE, {})
    for body, said in (
        ({"prompt": SHORT.replace("guidelines", "guidlines")}, "prompt, line 6: .*guidlines"),
        ({"prompt": "abcdef12"}, "has used no prompt whose digest begins with 'abcdef12'"),
        ({"prompt": "lable"}, "there is no prompt 'lable'"),
        ({"prompt": "a\x00b\n"}, "NUL"),
        ({"examples": ["t1", "nowhere"]}, "dataset 'd' has no example 'nowhere'"),
        ({"examples": 21}, "less than or equal to 20"),
        ({"cap": 0}, "greater than 0"),
        ({"policy": {}}, "policy"),
    ):
        with pytest.raises((errors.InputError, errors.NotFound), match=said):
            begin(lead, **body)
    with store.reading() as session:
        assert not any(all_of(session, table) for table in (Run, Call, Draft))


def test_prompts_and_trials_are_for_leads_of_the_project(
    store: Store, lead: Client, reviewer: Client, sign_in: SignIn, tried: int
) -> None:
    for path in (f"/trials/{tried}", "/projects/p/trials", "/projects/p/prompts"):
        with pytest.raises(errors.NotAllowed):
            reviewer.get(path)
    make_user(store, "someone")
    lead.put("/projects/p/members/someone", {})
    for path in (f"/trials/{tried}", "/projects/p/trials", "/projects/p/prompts"):
        with pytest.raises(errors.NotFound):
            sign_in("lead", path).get(path)
