"""Labels anew from all answers of a run together: by how good each person is, as their answers show (Dawid and Skene 1979).

While people work, an example is settled by its own answers alone. Afterwards the answers to all others tell whose word
counts for more; a lead has that done. Nothing is overwritten: each new label is one more row, and the old one stays as history.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel
from sqlmodel import Session, col, select

from prelabel import agreement, by_filter, journal, place, requeue, runs
from prelabel.agreement import Answered, statistic_of
from prelabel.canonical import Json, canonical
from prelabel.errors import InputError
from prelabel.measure.agreement.skill import Answer, Skill, dawid_skene
from prelabel.models import Label, Placement, Run, Slot, User
from prelabel.review.rounds import is_live
from prelabel.schema import LabelSchema
from prelabel.store import Store

BATCH = 1_000


class SkillOf(BaseModel):
    """How probably a person's answers are right, as the answers of all tell; `answers` is what that rests on."""

    name: str
    accuracy: float
    answers: int


class Resettled(BaseModel):
    """`examples` have labels of two people or more, and nobody says that they cannot be labeled. `changed` get another label than their consensus, `settled` are those on
    which people had disagreed and that no senior has settled or holds. `act` is the line of the journal; null in a dry run."""

    act: int | None
    examples: int
    changed: int
    settled: int
    skills: list[SkillOf]


@dataclass(frozen=True)
class _Found:
    placement_id: int
    label: dict[str, Json]


def plan(store: Store, run_id: int) -> Resettled:
    """What `carry_out` would do now; nothing is changed. Raises NotFound, InputError."""
    with store.reading() as session:
        run = runs.get(session, run_id)
        found, skills, count = _estimate(session, run)
        changed = settled = 0
        for some in _batches(found):
            one_changed, one_settled = _due(session, some, lock=False)
            changed, settled = changed + len(one_changed), settled + len(one_settled)
            session.expunge_all()
    return Resettled(act=None, examples=count, changed=changed, settled=settled, skills=skills)


def carry_out(store: Store, run_id: int, by: User) -> Resettled:
    """Give examples the label that all answers together make the most probable. Raises NotFound, InputError.

    Only where the label is a consensus, or people have disagreed and no senior has said anything or is about to.
    """
    with store.reading() as session:
        found, skills, count = _estimate(session, runs.get(session, run_id))
    changed = settled = 0
    for some in _batches(found):
        with store.writing() as session:
            run = runs.get(session, run_id)
            again, anew = _due(session, some, lock=True)
            requeue.withdraw(session, anew)
            for held in (*again, *anew):
                _settle(session, run, held.placement, some)
            changed, settled = changed + len(again), settled + len(anew)
    with store.writing() as session:
        run = runs.get(session, run_id)
        act = journal.note(
            session, by, "consensus.renew", run, rule="dawid_skene", changed=changed, settled=settled
        )
    return Resettled(act=act, examples=count, changed=changed, settled=settled, skills=skills)


def _estimate(session: Session, run: Run) -> tuple[list[_Found], list[SkillOf], int]:
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
    labels: list[dict[str, Json]] = [{} for _ in found]
    accuracies: dict[int, list[float]] = defaultdict(list)
    for name in schema.fields:
        _add_field(schema, name, found, labels, users, accuracies)
    names = agreement.names(session, set(users))
    given = {user: sum(user in one.labels for one in found) for user in users}
    skills = [
        SkillOf(name=names[user], accuracy=float(np.mean(accuracies[user])), answers=given[user])
        for user in users
        if accuracies[user]
    ]
    fitting = [
        _Found(one.placement_id, label)
        for one, label in zip(found, labels, strict=True)
        if schema.holds_together(label)
    ]
    return fitting, skills, len(found)


def _add_field(
    schema: LabelSchema,
    name: str,
    found: Sequence[Answered],
    labels: list[dict[str, Json]],
    users: Sequence[int],
    accuracies: dict[int, list[float]],
) -> None:
    """The field's most probable values, where it applies beside the earlier ones; and how good people are at it."""
    values = _values(found, name)
    if not values:
        for label in labels:
            label[name] = None
        return
    number, code = (
        {user: at for at, user in enumerate(users)},
        {canonical(value): at for at, value in enumerate(values)},
    )
    answers = [
        Answer(at, number[user], code[canonical(label.get(name))])
        for at, one in enumerate(found)
        for user, label in one.labels.items()
    ]
    skill: Skill = dawid_skene(answers, len(found), len(users), len(values))
    for label, best in zip(labels, skill.classes.argmax(axis=1), strict=True):
        label[name] = values[best] if schema.applies(name, label) else None
    for user in users:
        accuracies[user].append(skill.accuracy(number[user]))


def _values(found: Sequence[Answered], name: str) -> list[Json]:
    seen = {canonical(label.get(name)): label.get(name) for one in found for label in one.labels.values()}
    return [seen[key] for key in sorted(seen)]


def _batches(found: Sequence[_Found]) -> Iterator[dict[int, dict[str, Json]]]:
    for at in range(0, len(found), BATCH):
        yield {one.placement_id: one.label for one in found[at : at + BATCH]}


def _due(
    session: Session, labels: dict[int, dict[str, Json]], *, lock: bool
) -> tuple[list[by_filter.Held], list[by_filter.Held]]:
    """Of these examples those whose consensus changes, and those that wait for a senior who has not taken them up."""
    ids = sorted(labels)
    if lock:
        place.lock(session, ids)
    held = by_filter.load(session, ids, is_locking=lock)
    label_ids = [one.placement.label_id for one in held if one.source == "consensus"]
    now = {row.id: row.value for row in session.exec(select(Label).where(col(Label.id).in_(label_ids)))}
    changed = [
        one for one in held
        if one.source == "consensus" and now[one.placement.label_id] != labels[one.placement.id or 0]
    ]  # fmt: skip
    return changed, [one for one in held if one.placement.place == "queued" and _waits_for_senior(one.slots)]


def _waits_for_senior(slots: Sequence[Slot]) -> bool:
    still_open = [slot for slot in slots if slot.state == "open"]
    return bool(still_open) and all(slot.for_senior and not is_live(slot) for slot in still_open)


def _settle(session: Session, run: Run, placement: Placement, labels: dict[int, dict[str, Json]]) -> None:
    label = Label(
        run_id=run.id or 0, example_id=placement.example_id, value=labels[placement.id or 0], source="consensus",
        draft_id=placement.draft_id, schema_version_id=run.schema_version_id,
    )  # fmt: skip
    place.settle(session, placement, label)
