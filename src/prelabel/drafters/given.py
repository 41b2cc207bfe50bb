"""Drafts that were brought in, as the answers of a model that costs nothing."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import Session

from prelabel.canonical import Json
from prelabel.draft import Keep, Outcome, Subject
from prelabel.drafters.cascade import GIVEN, Step, given_model, is_given
from prelabel.errors import InputError, LabelError
from prelabel.examples import given_drafts
from prelabel.models import GivenDraft
from prelabel.schemas.versions import Translator


@dataclass(frozen=True)
class Found:
    """The draft of an example as the run's schema has it; None where there is none, or it does not fit: `failure` says which."""

    label: dict[str, Json] | None
    confidence: float | None = None
    failure: str = ""


Find = Callable[[Sequence[Subject]], Mapping[int, Found]]
"""Looks up the drafts of these examples; those without one are left out."""


class GivenDrafter:
    """Answers with what was brought in; an example without such a draft fails, so that the next step, or a person, gets it."""

    together = 1

    def __init__(self, name: str, find: Find) -> None:
        self.name = name
        self._find = find
        self._found: dict[int, Found] = {}

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Look them all up at once."""
        self._found.update(await asyncio.to_thread(self._find, subjects))

    def most(self, _subject: Subject) -> Decimal:
        """Nothing."""
        return Decimal(0)

    async def draft(self, subject: Subject, _keep: Keep) -> Outcome:
        """The draft, each field with the confidence of the whole."""
        missing = Found(None, failure=f"no draft by {given_model(self.name)} was brought in for this example")
        found = self._found.pop(subject.example_id, missing)
        if found.label is None:
            return Outcome(subject, "failed", self.name, failure=found.failure)
        sure = found.confidence
        confidences = {} if sure is None else dict.fromkeys(found.label, sure)
        return Outcome(subject, "drafted", self.name, found.label, confidences)

    def forget(self, subject: Subject) -> None:
        """The example is not wanted any more."""
        self._found.pop(subject.example_id, None)


def find(session: Session, name: str, subjects: Sequence[Subject], into: Translator) -> dict[int, Found]:
    """What `Find` gives, of the model that a step names."""
    contents = {subject.example_id: subject.content for subject in subjects}
    drafts = given_drafts.of_model(session, given_model(name), contents)
    return {key: _found(draft, contents[key], into) for key, draft in drafts.items()}


def resolved(session: Session, dataset_id: int, steps: Sequence[Step]) -> list[Step]:
    """The steps, each with the full name of the brought-in drafts that it asks for.

    Raises InputError, with the names that there are, where one is wrong, or none is given and there are several.
    """
    if not any(is_given(name) for step in steps for name in (step.model, *step.panel)):
        return list(steps)
    there = given_drafts.models(session, dataset_id)
    return [
        step.model_copy(
            update={
                "model": _resolved(step.model, there),
                "panel": tuple(_resolved(name, there) for name in step.panel),
            }
        )
        for step in steps
    ]


def _found(draft: GivenDraft, content: Mapping[str, Json], into: Translator) -> Found:
    try:
        return Found(into.label(draft.label, draft.schema_version_id, content), draft.confidence)
    except LabelError as error:
        return Found(None, failure=f"the draft that was brought in does not fit the schema any more: {error}")


def _resolved(name: str, there: Collection[str]) -> str:
    if not is_given(name):
        return name
    names = ", ".join(f"{GIVEN}/{model}" for model in there)
    if not there:
        raise InputError(
            f"{name}: no drafts were brought in with this dataset: its rows may have them as "
            '"drafts": [{"model": …, "label": …, "confidence": …}]'
        )
    if name == GIVEN:
        if len(there) > 1:
            raise InputError(f"{name}: drafts of several models were brought in, say which: {names}")
        return names
    if given_model(name) not in there:
        raise InputError(
            f"{name}: no drafts of that name were brought in with this dataset; there are {names}"
        )
    return name
