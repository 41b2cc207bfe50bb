"""Several examples go into one call, each has its own answer and its share of the cost."""

import asyncio
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from prelabel.draft import Asker, CallRecord, ModelDrafter, Outcome, Recall, Reply, Request, Subject
from prelabel.drafters.grouping import NANO, GroupDrafter, parts, shares, split
from prelabel.drafting import patience
from prelabel.errors import ModelError, RefusedError, StoppingError, TransientError
from prelabel.models import Call, Placement
from prelabel.money import ledger
from prelabel.money.ledger import Entry
from prelabel.prompt import Instructions, load_prompt
from prelabel.store import Store
from tests.core.test_draft import SCHEMA
from tests.factories import make_run

COST = Decimal("0.100000001")


def answer(topic: str = "billing") -> dict[str, Any]:
    return {"label": {"topic": topic}, "confidence": {"topic": 0.8}}


class GroupModel:
    """Answers with what `say` makes of each example's text, under its number where there are several; or as `whole` says."""

    name = "grouped"

    def __init__(
        self,
        say: Callable[[str], Any] = lambda _text: answer(),
        whole: Callable[[list[Any]], str | ModelError] | None = None,
    ) -> None:
        self._say = say
        self._whole = whole
        self.sizes: list[int] = []

    async def ask(self, request: Request) -> Reply:
        await asyncio.sleep(0)
        texts = re.findall(r"<example-(\w+)>\n(.*)\n</example-\1>", request.messages[1]["content"])
        self.sizes.append(len(texts))
        answers = [self._say(text) for _, text in texts]
        said: str | ModelError = json.dumps({str(number): one for number, one in enumerate(answers, 1)})
        if len(texts) == 1:
            said = json.dumps(answers[0])
        elif self._whole:
            said = self._whole(answers)
        if isinstance(said, ModelError):
            raise said
        return Reply(said, tokens_in=101, tokens_out=23, tokens_cached=50, tokens_reasoning=7, dollars=COST)

    def most(self, request: Request) -> Decimal:
        return Decimal("0.00001") * len(request.messages[1]["content"]) + Decimal("0.1")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.0)


def drafter(model: GroupModel, size: int = 3, recall: Recall | None = None) -> GroupDrafter:
    prompt, asker = load_prompt("label"), Asker(attempts=2, recall=recall)
    alone = ModelDrafter(model, Instructions(prompt, SCHEMA, "stated"), lambda *_: ({}, {}), asker)
    return GroupDrafter(model, Instructions(prompt, SCHEMA, "stated", several=True), asker, alone, size)


Kept = list[tuple[int, CallRecord]]


def drafted(
    model: GroupModel, count: int = 3, wanted: int | None = None, recall: Recall | None = None
) -> tuple[list[Outcome], Kept]:
    """What became of the first `wanted` of the examples 1, 2, 3…, whose texts are their numbers; all calls by example."""
    kept: Kept = []
    subjects = [Subject(number, {"text": str(number)}) for number in range(1, count + 1)]

    async def draft_all() -> list[Outcome]:
        used = drafter(model, recall=recall)
        await used.prepare(subjects)
        keep = lambda subject, call: kept.append((subject.example_id, call))
        return await asyncio.gather(*(used.draft(subject, keep) for subject in subjects[:wanted]))

    return asyncio.run(draft_all()), kept


def ends(kept: Kept) -> list[tuple[int, str, str, int]]:
    return [(example_id, call.purpose, call.outcome, call.requests) for example_id, call in kept]


def test_examples_share_a_call_and_each_has_its_own_answer() -> None:
    model = GroupModel(lambda text: answer("returns" if text == "2" else "billing"))
    found, kept = drafted(model)
    topics = [outcome.label["topic"] for outcome in found if outcome.label]
    assert (topics, model.sizes) == (["billing", "returns", "billing"], [3])
    assert {outcome.confidence for outcome in found} == {0.8}
    assert ends(kept) == [(1, "group", "ok", 1), (2, "group", "ok", 0), (3, "group", "ok", 0)]


def test_the_shares_of_a_call_sum_up_to_it() -> None:
    model = GroupModel()
    _, kept = drafted(model)
    replies = [call.reply for _, call in kept if call.reply]
    assert sum(reply.dollars or 0 for reply in replies) == COST
    for name, total in {"in": 101, "out": 23, "cached": 50, "reasoning": 7}.items():
        assert sum(getattr(reply, f"tokens_{name}") for reply in replies) == total


def test_groups_are_as_large_as_allowed_and_one_that_is_left_over_goes_alone() -> None:
    model = GroupModel()
    found, kept = drafted(model, count=7)
    assert sorted(model.sizes) == [1, 3, 3]
    assert ends(kept)[-1] == (7, "draft", "ok", 1)
    assert {outcome.ending for outcome in found} == {"drafted"}


def test_only_examples_that_are_wanted_are_asked_about() -> None:
    model = GroupModel()
    assert len(drafted(model, count=3, wanted=2)[0]) == 2
    assert model.sizes == [2]


@pytest.mark.parametrize("bad", [answer("weather"), None, {"label": {"topic": "billing"}}])
def test_an_example_whose_answer_does_not_fit_is_asked_for_alone(bad: Any) -> None:
    answers = iter([answer(), bad, answer(), answer("returns")])
    found, kept = drafted(GroupModel(lambda _text: next(answers)))
    assert [outcome.label for outcome in found][1] == {"topic": "returns"}
    assert ends(kept)[1:] == [(2, "group", "invalid", 0), (3, "group", "ok", 0), (2, "draft", "ok", 1)]


@pytest.mark.parametrize("whole", ["no JSON", "[]", "{}", json.dumps(answer())])
def test_where_the_whole_answer_is_of_no_use_each_goes_alone(whole: str) -> None:
    model = GroupModel(whole=lambda _answers: whole)
    found, kept = drafted(model)
    assert {outcome.ending for outcome in found} == {"drafted"}
    assert [outcome for _, _, outcome, _ in ends(kept)[:3]] == ["invalid"] * 3
    assert model.sizes == [3, 1, 1, 1]


def test_where_the_whole_is_refused_each_goes_alone_and_what_it_cost_is_shared() -> None:
    paid = Reply("", tokens_in=10, dollars=COST)
    found, kept = drafted(GroupModel(whole=lambda _answers: RefusedError("no", paid)))
    assert {outcome.ending for outcome in found} == {"drafted"}
    assert [row[1:] for row in ends(kept)[:3]] == [("group", "refused", 1), *[("group", "refused", 0)] * 2]
    assert sum(call.reply.dollars or 0 for _, call in kept[:3] if call.reply) == COST


@pytest.mark.parametrize(
    ("error", "ending", "tries"),
    [(TransientError("busy"), "postponed", 2), (StoppingError("key"), "stopped", 1)],
)
def test_where_no_answer_comes_all_of_the_group_end_alike(error: ModelError, ending: str, tries: int) -> None:
    found, kept = drafted(GroupModel(whole=lambda _answers: error))
    assert [outcome.ending for outcome in found] == [ending] * 3
    assert [row[0] for row in ends(kept)] == [1] * tries


def test_a_group_that_was_answered_before_a_crash_is_not_asked_again() -> None:
    _, kept = drafted(GroupModel())
    known = [(example_id, call.request_hash, call.reply) for example_id, call in kept if call.reply]
    model = GroupModel()
    found, again = drafted(model, recall=lambda *_: known)
    assert (model.sizes, again) == ([], [])
    assert [outcome.label for outcome in found] == [{"topic": "billing"}] * 3


def test_of_a_group_that_was_written_in_part_only_the_rest_is_asked_for() -> None:
    _, kept = drafted(GroupModel())
    known = [(example_id, call.request_hash, call.reply) for example_id, call in kept[:1] if call.reply]
    model = GroupModel(lambda _text: answer("returns"))
    found, again = drafted(model, recall=lambda *_: known)
    topics = [outcome.label["topic"] for outcome in found if outcome.label]
    assert (topics, model.sizes) == (["billing", "returns", "returns"], [2])
    assert [example_id for example_id, _ in again] == [2, 3]


def test_a_share_is_never_taken_for_the_answer_to_a_whole_request() -> None:
    model = GroupModel()
    _, kept = drafted(model)
    _, alone = drafted(GroupModel(), count=1)
    hashes = {call.request_hash for _, call in kept}
    assert len(hashes) == 3
    assert alone[0][1].request_hash not in hashes


def test_the_ledger_gives_each_example_its_own_share_back(store: Store) -> None:
    run_id = make_run(store, 3)
    _, kept = drafted(GroupModel(lambda text: answer("returns" if text == "2" else "billing")))
    with store.writing() as session:
        ids = session.exec(select(Placement.example_id).order_by(col(Placement.example_id))).all()
        ledger.record(session, [Entry(run_id, ids[number - 1], call) for number, call in kept])
        found = ledger.recall(session, ["grouped"], ids, [])
        assert [call.requests for call in session.exec(select(Call).order_by(col(Call.id)))] == [1, 0, 0]
        assert ledger.spent(session, run_id) == COST
    topics = {example_id: json.loads(reply.text)["label"]["topic"] for example_id, _, reply in found}
    assert [topics[example_id] for example_id in sorted(topics)] == ["billing", "returns", "billing"]


def test_the_most_that_it_can_cost_counts_its_share_and_going_alone() -> None:
    used, subject = drafter(GroupModel()), Subject(1, {"text": "1"})
    asyncio.run(used.prepare([subject]))
    assert Decimal("0.3") < (used.most(subject) or 0) < Decimal("0.31")


def test_a_group_that_would_cost_more_than_its_members_is_not_asked() -> None:
    class Steep(GroupModel):
        def most(self, request: Request) -> Decimal:
            return super().most(request) * (10 if request.examples > 1 else 1)

    model = Steep()
    drafted(model)
    assert model.sizes == [1, 1, 1]


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=50), st.integers(0, 10**9), st.integers(0, 10**6)
)
def test_what_a_reply_took_is_shared_out_exactly(weights: list[int], nanos: int, tokens: int) -> None:
    reply = Reply("x", (), tokens, tokens // 2, tokens // 3, tokens // 7, nanos * NANO, "own", 5)
    found = shares(reply, weights)
    for name in ("tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning", "dollars"):
        assert sum(getattr(share, name) for share in found) == getattr(reply, name)
    assert all(share.tokens_cached <= share.tokens_in for share in found)
    assert all(share.tokens_reasoning <= share.tokens_out for share in found)
    assert {(share.price_version, share.text) for share in found} == {("own", "")}


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_no_part_is_further_than_one_from_its_weight_nor_above_it_where_the_whole_is_not(
    total: int, weights: list[int]
) -> None:
    whole = sum(weights)
    for part, weight in zip(split(total, weights), weights, strict=True):
        assert part >= 0
        assert not whole or abs(part * whole - total * weight) <= whole
        assert part <= weight or total > whole


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps), st.integers(2, 50))
def test_any_text_has_as_many_parts_as_there_are_examples(text: str, count: int) -> None:
    assert len(parts(text, count)) == count
