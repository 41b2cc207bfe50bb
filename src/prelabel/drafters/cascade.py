"""An ordered list of drafters: each is asked only where those before it were not sure enough.

The cheap ones come first (the student costs nothing), and most examples never reach the dear ones. What every step drafted is
kept; the label of the last one asked is the draft that is routed.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from prelabel.draft import Confidence, Drafter, Keep, Outcome, Subject
from prelabel.errors import InputError
from prelabel.models import Run

STUDENT = "student"
"""Name of the drafter that needs no provider: it learns from gold and from settled labels."""
GIVEN = "given"
"""Begins the name of drafts that were brought in, as "given/bert-crf"; alone it means the only ones that there are."""
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Step(BaseModel):
    """One drafter of a cascade.

    `take_from` is the confidence from which its draft is taken: no later step is asked, and the policy accepts it; without
    it, the policy's threshold is. `confidence` is how a model's confidence is had: as it `stated` it, from the `logprobs` of
    its answer, from the agreement of `samples` answers, or of itself with the further models of a `panel`. `shots` is how
    many settled examples it is shown, `per_call` how many examples it is asked about at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: ModelName = STUDENT
    confidence: Confidence = "stated"
    take_from: float | None = Field(default=None, ge=0, le=1)
    samples: int = Field(default=5, ge=2, le=50)
    panel: tuple[ModelName, ...] = Field(default=(), max_length=10)
    shots: int = Field(default=0, ge=0, le=50)
    per_call: int = Field(default=1, ge=1, le=50)

    @model_validator(mode="after")
    def _check(self) -> "Step":
        if is_given(self.model) and (
            self.shots or self.per_call > 1 or self.confidence in ("logprobs", "samples")
        ):
            raise ValueError(
                f"{self.model}: drafts that were brought in are taken as they came, with their own confidence or a panel's"
            )
        if (self.confidence == "panel") != bool(self.panel):
            raise ValueError("panel: name further models for confidence 'panel', and only for it")
        if len({self.model, *self.panel}) <= len(self.panel):
            raise ValueError("panel: name each model once, and not the step's own")
        if self.per_call > 1 and self.confidence != "stated":
            raise ValueError("per_call: several examples a call go with confidence 'stated' only")
        if self.shots and (self.per_call > 1 or self.confidence == "samples"):
            raise ValueError("shots: they go with one example a call, and not with confidence 'samples'")
        return self

    @property
    def is_free(self) -> bool:
        """Whether it asks no provider."""
        return all(name == STUDENT or is_given(name) for name in (self.model, *self.panel))

    @property
    def is_one_question(self) -> bool:
        """Whether it asks one model one question about each example."""
        return not self.is_free and self.confidence in ("stated", "logprobs") and self.per_call == 1

    @property
    def learns(self) -> bool:
        """Whether what people settle changes how it drafts."""
        return self.model == STUDENT or self.shots > 0


Steps = Annotated[tuple[Step, ...], Field(min_length=1, max_length=10)]
_STEPS: TypeAdapter[tuple[Step, ...]] = TypeAdapter(tuple[Step, ...])


def is_given(model: str) -> bool:
    """Whether this names drafts that were brought in."""
    return model == GIVEN or model.startswith(f"{GIVEN}/")


def given_model(name: str) -> str:
    """The model as its drafts name it."""
    return name.removeprefix(f"{GIVEN}/")


def steps_of(run: Run) -> tuple[Step, ...]:
    """The steps of a run's cascade, in their order."""
    return _STEPS.validate_python(run.steps)


def named(steps: Sequence[Step]) -> str:
    """A cascade in a few words, such as "student > openai/gpt-4o"."""
    return " > ".join(" + ".join((step.model, *step.panel)) for step in steps)


def check_for_batches(steps: Sequence[Step]) -> None:
    """Raise InputError where a cascade cannot be asked in batches: they take one question to one model."""
    *free, last = steps
    if last.is_free:
        raise InputError(
            f"the batch lane is for models of a provider: {last.model} costs nothing, let it run live"
        )
    if not last.is_one_question:
        raise InputError(
            "in the batch lane each example is one question to one model: "
            "use confidence 'stated' or 'logprobs' and per_call 1, or let it run live"
        )
    if not all(step.is_free for step in free):
        raise InputError(
            "in the batch lane one model is asked, and before it only what costs nothing, the student or given drafts: "
            "leave the other models out, or let it run live"
        )


class Cascade:
    """Answers `prelabel.draft.Drafter` with several of them, each with the confidence from which its draft is taken."""

    def __init__(self, steps: Sequence[tuple[Drafter, float]]) -> None:
        self.steps = steps
        self.name = " > ".join(drafter.name for drafter, _ in steps)
        self.together = max(drafter.together for drafter, _ in steps)

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Every step looks at all of them: which ones it will be asked about is not known yet."""
        for drafter, _ in self.steps:
            await drafter.prepare(subjects)

    def most(self, subject: Subject) -> Decimal | None:
        """All steps together; None where the price of one is not known."""
        costs = [drafter.most(subject) for drafter, _ in self.steps]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        """Ask one step after the other until one is sure. A step that fails has the next one asked."""
        earlier: list[Outcome] = []
        for index, (drafter, take_from) in enumerate(self.steps):
            outcome = replace(await drafter.draft(subject, keep), step=index)
            is_last = index == len(self.steps) - 1
            if is_last or outcome.ending in ("postponed", "stopped") or outcome.is_sure(take_from):
                break
            earlier.append(outcome)
        for drafter, _ in self.steps[index + 1 :]:
            drafter.forget(subject)
        return replace(outcome, earlier=tuple(earlier))

    def forget(self, subject: Subject) -> None:
        """The example is not wanted any more."""
        for drafter, _ in self.steps:
            drafter.forget(subject)
