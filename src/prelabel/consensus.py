"""From several people's answers to one label, or to the senior. Pure.

How many people are asked, and how their answers become one, is in the run's policy: `Redundancy`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from prelabel.canonical import Json, canonical
from prelabel.errors import InputError
from prelabel.kinds import AnyKind
from prelabel.models import REASONS
from prelabel.schema import Label, LabelSchema

Reviewers = Annotated[int, Field(ge=1, le=50)]
Tolerance = Annotated[float, Field(ge=0, le=1)]


class Redundancy(BaseModel):
    """How many people answer an example, and when their answers count as one.

    `reviewers` holds for all reasons, or is given by reason (1 where a reason is left out). `tolerance` is the distance at
    which two values of a field still count as the same, for all fields or by field (0 where one is left out). With
    `draft_votes` the draft counts as one more answer, but in audits, which judge it. With `feedback` reviewers are shown what
    the senior made of their answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    reviewers: Reviewers | dict[str, Reviewers] = 1
    consensus: Literal["majority", "unanimous"] = "majority"
    tolerance: Tolerance | dict[str, Tolerance] = 0.0
    draft_votes: bool = False
    feedback: bool = False

    @field_validator("reviewers")
    @classmethod
    def _check_reasons(cls, given: int | dict[str, int]) -> int | dict[str, int]:
        unknown = [reason for reason in given if reason not in REASONS] if isinstance(given, dict) else []
        if unknown:
            raise ValueError(f"reviewers: {unknown[0]!r} is not one of the reasons {', '.join(REASONS)}")
        return given

    def check_fields(self, schema: LabelSchema) -> None:
        """Raise InputError where a tolerance is given for a field that the schema does not have."""
        unknown = [] if isinstance(self.tolerance, float) else [*self.tolerance.keys() - schema.fields.keys()]
        if unknown:
            raise InputError(f"policy.tolerance: {unknown[0]!r} is not a field of the schema")

    def reviewers_for(self, reason: str) -> int:
        """How many different people are to answer an example that is queued for this reason."""
        return self.reviewers if isinstance(self.reviewers, int) else self.reviewers.get(reason, 1)

    def tolerance_of(self, field: str) -> float:
        """The largest distance at which two values of a field count as the same."""
        return self.tolerance.get(field, 0.0) if isinstance(self.tolerance, dict) else self.tolerance


@dataclass(frozen=True)
class Vote:
    """One answer. `label` None: it cannot be labeled. `user_id` None: it is the draft's."""

    label: Label | None
    user_id: int | None = None


@dataclass(frozen=True)
class Settled:
    """The answers amount to this label."""

    label: dict[str, Json]


@dataclass(frozen=True)
class Unlabelable:
    """More than half of the people say that the example cannot be labeled."""


@dataclass(frozen=True)
class Disagreement:
    """The senior has to settle it: how far the answers are apart in each field on which they do not agree.

    All fields are at 1 where some say that the example cannot be labeled and others label it.
    """

    fields: dict[str, float]

    @property
    def worst(self) -> float:
        """The largest of them, in [0, 1]."""
        return max(self.fields.values())


Found = tuple[Json] | None
"""A value that is agreed on, which may itself be None; or that there is none."""


class Rule(Protocol):
    """How the votes on one field become one value: the seam for rules that know how good each annotator is.

    `annotators` are the users of the values, in their order; None is the draft.
    """

    def __call__(
        self, field: str, kind: AnyKind, values: Sequence[Json], annotators: Sequence[int | None]
    ) -> Found:
        """The value, or None where it is left to the senior."""
        ...


def conclude(
    schema: LabelSchema, policy: Redundancy, votes: Sequence[Vote]
) -> Settled | Unlabelable | Disagreement:
    """What these answers to one example amount to, by the policy's rule; at least one is a person's."""
    people = [vote for vote in votes if vote.user_id is not None]
    refusals = sum(vote.label is None for vote in people)
    if 2 * refusals > len(people):
        return Unlabelable()
    if refusals:
        return Disagreement(dict.fromkeys(schema.fields, 1.0))
    annotators = [vote.user_id for vote in votes]
    labels = [schema.normalize(vote.label) for vote in votes if vote.label is not None]
    label: dict[str, Json] = {}
    apart: dict[str, float] = {}
    for name, kind in schema.fields.items():
        values = [one[name] for one in labels]
        if not schema.applies(name, label):
            label[name] = None
            continue
        found = rule_of(policy)(name, kind, values, annotators)
        if found is None:
            apart[name] = spread(kind, values)
        else:
            (label[name],) = found
    if apart:
        return Disagreement(apart)
    return Settled(label) if schema.holds_together(label) else Disagreement(dict.fromkeys(schema.fields, 1.0))


def rule_of(policy: Redundancy) -> Rule:
    """The rule that the policy names."""

    def majority(
        field: str, kind: AnyKind, values: Sequence[Json], annotators: Sequence[int | None]
    ) -> Found:
        return _combined(kind, values) or _near(kind, values, policy.tolerance_of(field))

    def unanimous(
        field: str, kind: AnyKind, values: Sequence[Json], annotators: Sequence[int | None]
    ) -> Found:
        return _near(kind, values, policy.tolerance_of(field))

    return majority if policy.consensus == "majority" else unanimous


def spread(kind: AnyKind, values: Sequence[Json]) -> float:
    """The largest distance between any two values."""
    return max((_distance(kind, a, b) for a in values for b in values), default=0.0)


def _combined(kind: AnyKind, values: Sequence[Json]) -> Found:
    """What the kind itself makes of the values; a value left empty in an optional field is one as any other."""
    given = [value for value in values if value is not None]
    if 2 * len(given) < len(values):
        return (None,)
    if len(given) < len(values):
        texts = [canonical(value) for value in given]
        return next((
            (value,) for value, text in zip(given, texts, strict=True) if 2 * texts.count(text) > len(values)
        ), None)  # fmt: skip
    value = kind.combine(given)
    return None if value is None else (value,)


def _near(kind: AnyKind, values: Sequence[Json], tolerance: float) -> Found:
    """The value nearest to all others, where no two are further apart than the tolerance."""
    if spread(kind, values) > tolerance:
        return None
    return (min(values, key=lambda value: sum(_distance(kind, value, other) for other in values)),)


def _distance(kind: AnyKind, a: Json, b: Json) -> float:
    """The kind's own; a value left empty is as far as can be from any other."""
    if a is None or b is None:
        return float(a is not b)
    return kind.distance(a, b)
