"""Labels anew from all answers of a run together: by how good each person, and the model if wanted, proves to be.

While people work, an example is settled by its own answers alone. Afterwards the answers to all others tell whose word
counts for more; a lead has that done. Nothing is overwritten: each new label is one more row, and the old one stays as history.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.bulk import update_rows
from prelabel.canonical import Json, canonical
from prelabel.errors import InputError
from prelabel.events import journal
from prelabel.leading import by_filter, requeue
from prelabel.leading.by_filter import Held
from prelabel.measure.agreement.crowd import Drafted, with_model
from prelabel.measure.agreement.skill import Answer, Floats, dawid_skene
from prelabel.models import Label, Placement, Run, Slot, User
from prelabel.reports import agreement
from prelabel.reports.agreement import Answered, statistic_of
from prelabel.review.rounds import is_live
from prelabel.routing import order, place
from prelabel.schema import LabelSchema
from prelabel.store import Store

BATCH = 1_000


@dataclass(frozen=True)
class Terms:
    """How labels are told anew.

    By people's answers (Dawid and Skene), or `with_model` by these and the drafts (`prelabel.measure.agreement.crowd`): then audits keep
    the label that people gave them without sight of the draft. What is less sure than `at_least` is left as it is.
    """

    with_model: bool = False
    at_least: float = 0.0


class SkillOf(BaseModel):
    """How probably a person's answers are right, as the answers of all tell; `answers` is what that rests on."""

    name: str
    accuracy: float
    answers: int


class Resettled(BaseModel):
    """`examples` have labels of two people or more, and nobody says that they cannot be labeled.

    `changed` get another label than their consensus, `settled` are those on which people had disagreed and that no senior has settled
    or holds. `unsure` ones stay with seniors, who get the least sure first. `model` is how probably its drafts are right, by what people
    say of other examples; null where it does not count. `act` is the line of the journal; null in a dry run.
    """

    act: int | None
    examples: int
    changed: int
    settled: int
    unsure: int
    skills: list[SkillOf]
    model: float | None


@dataclass(frozen=True)
class _Told:
    """A label, and how sure it is that all of its fields are right."""

    label: dict[str, Json]
    sure: float


@dataclass
class _Estimate:
    """By placement what examples are told to be, of so many; and how good people and the model are."""

    told: dict[int, _Told]
    examples: int
    skills: list[SkillOf]
    model: float | None

    def batches(self) -> Iterator[dict[int, _Told]]:
        """Some examples at a time."""
        ids = list(self.told)
        for at in range(0, len(ids), BATCH):
            yield {placement_id: self.told[placement_id] for placement_id in ids[at : at + BATCH]}


@dataclass(frozen=True)
class _Due:
    """Examples whose consensus changes, and those that wait for a senior who has not taken them up: to be settled, or too unsure."""

    changed: list[Held]
    settled: list[Held]
    unsure: list[Held]


@dataclass
class _Count:
    changed: int = 0
    settled: int = 0
    unsure: int = 0

    def take(self, due: _Due) -> None:
        self.changed += len(due.changed)
        self.settled += len(due.settled)
        self.unsure += len(due.unsure)


@dataclass
class _Fields:
    """What is found field by field: labels and their chances by example, accuracies by person, and of the model."""

    labels: list[dict[str, Json]]
    sure: Floats
    people: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    model: list[float] = field(default_factory=list)


def plan(store: Store, run_id: int, terms: Terms) -> Resettled:
    """What `carry_out` would do now; nothing is changed. Raises NotFound, InputError."""
    count = _Count()
    with store.reading() as session:
        run = runs.get(session, run_id)
        estimate = _estimate(session, run, terms)
        for some in estimate.batches():
            count.take(_due(session, some, terms, lock=False))
            session.expunge_all()
    return _resettled(None, estimate, count)


def carry_out(store: Store, run_id: int, terms: Terms, by: User) -> Resettled:
    """Give examples the label that all answers together make the most probable. Raises NotFound, InputError.

    Only where the label is a consensus, or people have disagreed and no senior has said anything or is about to.
    """
    count = _Count()
    with store.reading() as session:
        estimate = _estimate(session, runs.get(session, run_id), terms)
    for some in estimate.batches():
        with store.writing() as session:
            run = runs.get(session, run_id)
            due = _due(session, some, terms, lock=True)
            requeue.withdraw(session, due.settled)
            for held in (*due.changed, *due.settled):
                _settle(session, run, held.placement, some)
            _rank(session, due.unsure, some)
            count.take(due)
    with store.writing() as session:
        run = runs.get(session, run_id)
        rule = "model_and_people" if terms.with_model else "dawid_skene"
        act = journal.note(
            session, by, "consensus.renew", run, rule=rule, at_least=terms.at_least, changed=count.changed,
            settled=count.settled, unsure=count.unsure,
        )  # fmt: skip
    return _resettled(act, estimate, count)


def _resettled(act: int | None, estimate: _Estimate, count: _Count) -> Resettled:
    return Resettled(
        act=act, examples=estimate.examples, changed=count.changed, settled=count.settled, unsure=count.unsure,
        skills=estimate.skills, model=estimate.model,
    )  # fmt: skip


def _estimate(session: Session, run: Run, terms: Terms) -> _Estimate:
    """The most probable label of each example with two answers or more."""
    schema = runs.schema_of(session, run)
    unfit = [name for name, kind in schema.fields.items() if statistic_of(kind) == "alpha, by distance"]
    if unfit:
        raise InputError(
            f"{unfit[0]}: is of kind {schema.fields[unfit[0]].kind}; skill can be told from choices, booleans, ratings and "
            "preferences only"
        )
    found = [one for one in agreement.answered(session, run) if len(one.labels) > 1 and not one.is_flagged]
    users = sorted({user_id for one in found for user_id in one.labels})
    fields = _Fields([{} for _ in found], np.ones(len(found)))
    for name in schema.fields:
        _add_field(schema, name, found, fields, users, terms)
    told = {
        one.placement_id: _Told(label, float(sure))
        for one, label, sure in zip(found, fields.labels, fields.sure, strict=True)
        if schema.holds_together(label)
    }
    names = agreement.names(session, set(users))
    skills = [
        SkillOf(
            name=names[user], accuracy=float(np.mean(accuracies)), answers=sum(user in one.labels for one in found)
        )
        for user, accuracies in sorted(fields.people.items())
    ]  # fmt: skip
    return _Estimate(told, len(found), skills, float(np.mean(fields.model)) if fields.model else None)


def _add_field(
    schema: LabelSchema,
    name: str,
    found: Sequence[Answered],
    fields: _Fields,
    users: Sequence[int],
    terms: Terms,
) -> None:
    """The field's most probable values, where it applies beside the earlier ones; and how good people and the model are at it."""
    values = _values(found, name, terms.with_model)
    if not values:
        for label in fields.labels:
            label[name] = None
        return
    number = {user: at for at, user in enumerate(users)}
    code = {canonical(value): at for at, value in enumerate(values)}
    answers = [
        Answer(at, number[user], code[canonical(label.get(name))])
        for at, one in enumerate(found)
        for user, label in one.labels.items()
    ]
    if terms.with_model:
        drafts = [_drafted(one, name, code) for one in found]
        crowd = with_model(answers, drafts, len(users), len(values))
        classes, right = crowd.classes, [float(crowd.right[number[user]]) for user in users]
        fields.model += [float(crowd.model[at, one.cls]) for at, one in enumerate(drafts) if one]
    else:
        skill = dawid_skene(answers, len(found), len(users), len(values))
        classes, right = skill.classes, [skill.accuracy(number[user]) for user in users]
    for at, best in enumerate(classes.argmax(axis=1)):
        applies = schema.applies(name, fields.labels[at])
        fields.labels[at][name] = values[best] if applies else None
        fields.sure[at] *= classes[at, best] if applies else 1.0
    for user, accuracy in zip(users, right, strict=True):
        fields.people[user].append(accuracy)


def _values(found: Sequence[Answered], name: str, is_with_drafts: bool) -> list[Json]:
    """The different values of a field that anyone has given."""
    seen: dict[str, Json] = {}
    for one in found:
        drafted = [one.draft] if is_with_drafts and one.draft is not None else []
        seen |= {canonical(label.get(name)): label.get(name) for label in (*one.labels.values(), *drafted)}
    return [seen[key] for key in sorted(seen)]


def _drafted(one: Answered, name: str, code: Mapping[str, int]) -> Drafted | None:
    if one.draft is None:
        return None
    return Drafted(code[canonical(one.draft.get(name))], one.confidences.get(name))


def _due(session: Session, told: Mapping[int, _Told], terms: Terms, *, lock: bool) -> _Due:
    """What is to become of these examples."""
    ids = sorted(told)
    if lock:
        place.lock(session, ids)
    held = [
        one for one in by_filter.load(session, ids, is_locking=lock)
        if not one.is_removed and not (terms.with_model and any(slot.reason == "audit" for slot in one.slots))
    ]  # fmt: skip
    label_ids = [one.placement.label_id for one in held if one.source == "consensus"]
    now = {row.id: row.value for row in session.exec(select(Label).where(col(Label.id).in_(label_ids)))}

    def is_sure(one: Held) -> bool:
        return told[one.placement.id or 0].sure >= terms.at_least

    changed = [
        one for one in held
        if one.source == "consensus" and is_sure(one) and now[one.placement.label_id] != told[one.placement.id or 0].label
    ]  # fmt: skip
    waiting = [one for one in held if one.placement.place == "queued" and _waits_for_senior(one.slots)]
    return _Due(
        changed,
        [one for one in waiting if is_sure(one)],
        [one for one in waiting if not is_sure(one)],
    )


def _waits_for_senior(slots: Sequence[Slot]) -> bool:
    still_open = [slot for slot in slots if slot.state == "open"]
    return bool(still_open) and all(slot.for_senior and not is_live(slot) for slot in still_open)


def _settle(session: Session, run: Run, placement: Placement, told: Mapping[int, _Told]) -> None:
    label = Label(
        run_id=run.id or 0, example_id=placement.example_id, value=told[placement.id or 0].label, source="consensus",
        draft_id=placement.draft_id, schema_version_id=run.schema_version_id,
    )  # fmt: skip
    place.settle(session, placement, label)


def _rank(session: Session, unsure: Sequence[Held], told: Mapping[int, _Told]) -> None:
    """Have seniors get the least sure first."""
    rows = [
        {
            "id": slot.id,
            "priority": order.anew(slot.priority, order.for_senior(1 - told[one.placement.id or 0].sure)),
        }
        for one in unsure
        for slot in one.open_slots
    ]
    update_rows(session, Slot, rows)
