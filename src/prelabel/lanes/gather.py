"""Which examples a batch is to ask about, and which can be drafted without it, for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from prelabel.draft import Drafter, Keep, ModelDrafter, Outcome, Request, Subject
from prelabel.errors import LabelError

Free = Sequence[tuple[Drafter, float]]
"""Drafters that cost nothing, in their order, each with the confidence from which its draft is taken."""


@dataclass
class Gathered:
    """`drafted` cost nothing, `live` lack but a repair, `questions` (with the example's id) are to be asked.

    `earlier` holds, by example, the drafts of which the free drafters were not sure.
    """

    drafted: list[Outcome] = field(default_factory=list)
    live: list[int] = field(default_factory=list)
    questions: list[tuple[str, Request]] = field(default_factory=list)
    earlier: dict[int, tuple[Outcome, ...]] = field(default_factory=dict)


async def gather(free: Free, asked: ModelDrafter, subjects: Sequence[Subject]) -> Gathered:
    """Have the free drafters draft what they are sure of, recall what was paid for, and write questions for the rest."""
    found, left = Gathered(), subjects
    for step, (drafter, take_from) in enumerate(free):
        left = await _draft(found, step, drafter, take_from, left)
    await asked.prepare(left)
    for subject in left:
        _ask(found, asked, subject)
    return found


async def _draft(
    found: Gathered, step: int, drafter: Drafter, take_from: float, subjects: Sequence[Subject]
) -> list[Subject]:
    """Those of the subjects of which the drafter is not sure."""
    left = []
    await drafter.prepare(subjects)
    for subject in subjects:
        earlier = found.earlier.get(subject.example_id, ())
        outcome = replace(await drafter.draft(subject, _NOTHING), step=step)
        if outcome.is_sure(take_from):
            found.drafted.append(replace(outcome, earlier=earlier))
        else:
            found.earlier[subject.example_id] = (*earlier, outcome)
            left.append(subject)
    return left


def _ask(found: Gathered, asked: ModelDrafter, subject: Subject) -> None:
    """Take the answer that was paid for before, or put the question on the list."""
    key = subject.example_id
    reply = asked.remembered(subject)
    if reply is None:
        found.questions.append((str(key), asked.opening(subject)))
        return
    try:
        outcome = asked.read(subject, reply)
    except LabelError:
        found.live.append(key)
    else:
        found.drafted.append(replace(outcome, step=asked.step, earlier=found.earlier.get(key, ())))


_NOTHING: Keep = lambda _subject, _call: None  # what is free has no calls
