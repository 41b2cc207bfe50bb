"""What a certificate rests on: its terms, fixed before the audit sample is drawn, and the records of an export."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prelabel.canonical import Json
from prelabel.measure.guarantee.chain import spending
from prelabel.measure.guarantee.slices import slice_level

Source = Literal["auto", "review", "consensus", "adjudication", "gold"]
Loss = Literal["wrong", "distance"]
"""What epsilon is a share of: drafts that are wrong, each as much as any other, or how far they are from right, on average."""


class Record(BaseModel):
    """One example of an export, as far as the certificate depends on it; other keys do not matter.

    `uncertainty` is what the draft was ranked by when the audit sample was drawn; None where the example was not in the pool:
    its draft had failed, or people had settled it before. `audited`: it is in the audit sample. `status` "failed": people could
    not label it; its draft counts as wrong where it is audited. `meta` matters where slices are made by it.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    id: str
    content: dict[str, Json] = Field(default_factory=dict)
    draft: dict[str, Json] | None
    label: dict[str, Json] | None
    source: Source | None
    uncertainty: float | None
    audited: bool = False
    status: str = "settled"
    meta: Json = None

    @property
    def is_unlabelable(self) -> bool:
        """Whether people were asked, and could not label it."""
        return self.label is None and self.status == "failed"

    @model_validator(mode="after")
    def _has_a_draft(self) -> "Record":
        if self.uncertainty is not None and self.draft is None:
            raise ValueError("an example with an uncertainty has a draft")
        return self


class Slicing(BaseModel):
    """Slices of the pool by the class of a field or by a key of meta (`slices.slice_of`), and how many of each are audited.

    Nothing of a slice without audits is accepted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: str = Field(min_length=1)
    audits: dict[str, int]


class Terms(BaseModel):
    """What is fixed before the audit sample is drawn; all the rest of a certificate follows from the records.

    `epsilon` is the largest share of wrong labels, or with `loss` "distance" the largest mean distance.
    `audits` are the sizes of the audit sample at each look, up to the one that the certificate is given at; `spent` says how
    much of alpha may be used up by each (alpha at the last planned look), None for a single look. `delta` is the largest share
    of the labels accepted without review that may be wrong, where that is asked for beside epsilon. With `slices` all of this
    holds for each slice by itself, and for all together with 1 - alpha.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    seed: str = Field(min_length=16)
    epsilon: float = Field(gt=0, lt=1)
    alpha: float = Field(gt=0, lt=1)
    loss: Loss = "wrong"
    audits: tuple[int, ...] = Field(min_length=1)
    spent: tuple[float, ...] | None = None
    delta: float | None = Field(default=None, gt=0, lt=1)
    slices: Slicing | None = None
    label_schema: dict[str, Json]

    @model_validator(mode="after")
    def _looks_fit(self) -> "Terms":
        if list(self.audits) != sorted(set(self.audits)) or self.audits[0] < 1:
            raise ValueError("audits are sizes of 1 or more, each larger than the one before")
        spent = self.levels
        if len(spent) != len(self.audits) or list(spent) != sorted(spent):
            raise ValueError("spent needs a level for each look, none lower than the one before")
        if not 0 < spent[0] <= spent[-1] <= self.alpha:
            raise ValueError("spent lies above 0 and not above alpha")
        return self

    @model_validator(mode="after")
    def _forms_fit(self) -> "Terms":
        if self.loss == "distance" and self.delta is not None:
            raise ValueError("delta is a share of wrong labels: it does not go with distances")
        if len(self.audits) > 1 and (self.loss == "distance" or self.slices):
            raise ValueError("several looks go neither with distances nor with slices")
        if self.slices:
            each = self.slices.audits.values()
            if min(each, default=0) < 1 or sum(each) != self.audits[0]:
                raise ValueError("the audits of the slices are 1 or more each, and all audits together")
        return self

    @property
    def levels(self) -> tuple[float, ...]:
        """Alpha that may be used up by each look."""
        return self.spent or tuple(spending(self.audits, self.alpha))

    def at_look(self, look: int) -> "Terms":
        """The terms of a certificate that is given at this look, the first being 1."""
        return (
            self.model_copy(update={"audits": self.audits[:look], "spent": self.levels[:look]})
            if len(self.audits) > 1
            else self
        )

    def of_slice(self, name: str) -> "Terms":
        """The terms of one slice by itself."""
        if self.slices is None:
            return self
        level = slice_level(self.alpha, len(self.slices.audits))
        return self.model_copy(update={"alpha": level, "audits": (self.slices.audits[name],), "slices": None})
