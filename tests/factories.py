"""Rows that tests start from, each with defaults."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select as wide_select
from sqlmodel import Session, SQLModel, col, select

from prelabel import projects, runs
from prelabel.bulk import insert_for_ids, update_rows
from prelabel.dataset import bring_in
from prelabel.draft import CallRecord, Drafter, Keep, Outcome, Reply, Subject
from prelabel.drafters.cascade import Step
from prelabel.errors import ModelError, StoppingError
from prelabel.formats.base import Row
from prelabel.lanes.engine import Engine
from prelabel.models import Draft, Example, Label, Placement, Run, User, now
from prelabel.models.columns import Moment
from prelabel.money.prices import Lane
from prelabel.people import users
from prelabel.prompt import load_prompt
from prelabel.route import route_drafted
from prelabel.routing.place import counts
from prelabel.routing.policy import Policy
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.settings import Settings
from prelabel.store import Store

SCHEMA = LabelSchema.load("fields: {topic: [a, b, c]}")
QUICK = Settings(lease_seconds=5, chunk_size=10, concurrency=4, retry_seconds=0.01)
PRICE = Decimal("0.01")
A = {"topic": "a"}


class FakeDrafter:
    """Drafts what `say` says of a content: (label, confidence), or an error to end with. Each call costs PRICE."""

    name = "fake"
    together = 1

    def __init__(self, say: Callable[[dict[str, Any]], tuple[str, float] | ModelError]) -> None:
        self._say = say
        self.asked: list[int] = []

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        pass

    def most(self, _subject: Subject) -> Decimal | None:
        return PRICE

    def forget(self, subject: Subject) -> None:
        pass

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        self.asked.append(subject.example_id)
        await asyncio.sleep(0)
        said = self._say(subject.content)
        if isinstance(said, StoppingError):
            return Outcome(subject, "stopped", self.name, failure=str(said))
        reply = Reply("{}", dollars=PRICE)
        keep(subject, CallRecord(self.name, "draft", f"hash-{subject.example_id}", "ok", reply=reply))
        if isinstance(said, ModelError):
            return Outcome(subject, "failed", self.name, failure=str(said))
        label, confidence = said
        return Outcome(subject, "drafted", self.name, {"topic": label}, {"topic": confidence})


def sure(content: dict[str, Any]) -> tuple[str, float]:
    """Always "a", surely."""
    return "a", 0.99


def unsure(content: dict[str, Any]) -> tuple[str, float]:
    """Always "a", not at all surely."""
    return "a", 0.4


def make_run(
    store: Store,
    examples: int | Iterable[dict[str, Any]] = 10,
    cap: Decimal | None = None,
    model: str = "fake",
    steps: Sequence[Step] = (),
    lane: Lane = "live",
    schema: LabelSchema = SCHEMA,
    **policy: Any,
) -> int:
    """A started run over a fresh dataset; examples by number, or as rows."""
    values = (
        [{"id": f"e{number}", "text": f"text {number}"} for number in range(examples)]
        if isinstance(examples, int)
        else list(examples)
    )
    with store.writing() as session:
        version = projects.define(session, "p", schema)
        project = projects.find(session, "p")
        dataset = projects.open_dataset(session, project, f"d{len(projects.sizes(session, project))}")
    bring_in(
        store, dataset.id or 0, schema, [Row(number, value) for number, value in enumerate(values, 1)], "test"
    )
    with store.writing() as session:
        plan = Plan(
            dataset,
            version,
            load_prompt("label"),
            steps or [Step(model=model)],
            Policy.model_validate(policy),
            lane,
            cap,
        )
        run = runs.start(session, plan)
    return run.id or 0


def work_off(store: Store, run_id: int, drafter: Drafter, settings: Settings = QUICK) -> None:
    """Draft and route until nothing is left to claim."""
    work_off_by(store, run_id, lambda *_: drafter, settings)


def work_off_by(store: Store, run_id: int, drafters: Callable[..., Drafter], settings: Settings) -> None:
    """As `work_off`, with the drafter that the run asks for."""

    async def work() -> None:
        engine = Engine(store, settings, drafters)
        line = engine.wake(run_id)
        assert line is not None
        await line
        await engine.stop(1)

    asyncio.run(work())


def queued_run(store: Store, examples: int = 10) -> int:
    """A run all of whose examples wait for people, in the order of their numbers."""
    run_id = make_run(store, examples)
    work_off(store, run_id, FakeDrafter(lambda content: ("a", 0.4 + int(content["text"].split()[1]) / 1000)))
    return run_id


def queue_up(
    store: Store,
    examples: int | Iterable[dict[str, Any]],
    schema: LabelSchema = SCHEMA,
    label: dict[str, Any] = A,
    **policy: Any,
) -> int:
    """As `queued_run`, all drafted as `label`, without an engine that drafts: quick for many examples."""
    run_id = make_run(store, examples, schema=schema, **policy)
    with store.writing() as session:
        version_id = runs.get(session, run_id).schema_version_id
        rows = session.exec(select(Placement).where(Placement.run_id == run_id)).all()
        drafts = [
            {
                "run_id": run_id, "example_id": row.example_id, "step": 0, "model": "fake", "prompt_digest": "",
                "label": label, "confidence": 0.4, "confidences": dict.fromkeys(label, 0.4), "alternatives": {},
                "failure": "", "schema_version_id": version_id, "created_at": now(),
            }
            for row in rows
        ]  # fmt: skip
        ids = insert_for_ids(session, Draft, drafts)
        moves = [{"id": row.id, "place": "drafted", "draft_id": ids[run_id, row.example_id]} for row in rows]
        update_rows(session, Placement, moves)
    route_drafted(store, run_id)
    return run_id


def make_user(store: Store, name: str = "rita", role: str = "reviewer") -> User:
    with store.writing() as session:
        return users.create(session, name, role)


def places(store: Store, run_id: int) -> dict[str, int]:
    """How many examples are where, without the empty places."""
    with store.reading() as session:
        return {place: count for place, count in counts(session, run_id).items() if count}


def reasons(store: Store, run_id: int) -> dict[str, str]:
    """Why each queued or failed example is where it is, by external id."""
    with store.reading() as session:
        rows = session.exec(
            select(Example.external_id, Placement.reason)
            .join(Placement, col(Placement.example_id) == Example.id)
            .where(Placement.run_id == run_id, col(Placement.place).in_(("queued", "failed")))
        )
        return dict(rows.all())


def labels(store: Store, run_id: int) -> dict[str, tuple[str, str]]:
    """The label that holds and its source, by external id."""
    with store.reading() as session:
        rows = session.exec(
            select(Example.external_id, Label.value, Label.source)
            .join(Placement, col(Placement.example_id) == Example.id)
            .join(Label, col(Label.id) == Placement.label_id)
            .where(Placement.run_id == run_id)
        )
        return {external_id: (value["topic"], source) for external_id, value, source in rows}


def get_run(store: Store, run_id: int) -> Run:
    with store.reading() as session:
        return runs.get(session, run_id)


def all_of(session: Session, table: type[Any]) -> Sequence[Any]:
    return session.exec(select(table).order_by(table.id)).all()


def age(store: Store, days: float) -> None:
    """Have all that there is happened so many days earlier."""
    with store.engine.begin() as connection:
        for table in SQLModel.metadata.sorted_tables:
            moments = [one for one in table.columns if isinstance(one.type, Moment)]
            keys = list(table.primary_key)
            for row in connection.execute(wide_select(*keys, *moments)).all() if moments else ():
                it = [key == value for key, value in zip(keys, row, strict=False)]
                earlier = {
                    one.name: at and at - timedelta(days=days)
                    for one, at in zip(moments, row[len(keys) :], strict=True)
                }
                connection.execute(table.update().where(*it).values(earlier))
