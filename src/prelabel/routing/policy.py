"""The rule by which a draft is accepted, or sent to people with a reason. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from prelabel.consensus import Redundancy
from prelabel.measure.gate import Gate
from prelabel.measure.guarantee.slices import check_by
from prelabel.measure.guarantee.terms import Loss
from prelabel.schema import Label, LabelSchema


class Policy(Redundancy):
    """The rule by which a draft is accepted, and how many people answer one that is not (`Redundancy`).

    A draft is accepted when its confidence reaches `threshold`, or the bar of a cascade's step that has its own. With `gold` set
    to "gate", a draft that misses its gold goes to people, and where gold accuracy is not surely (lower Wilson bound) at
    `gold_target`, for the run or for a class, nothing of that slice is accepted; "measure" only counts. `confidence`
    "calibrated" first maps the model's confidence to the share that was right at that confidence on gold. With `blind_audit` an audit shows its reviewers no draft.

    The rule "guarantee" takes no threshold: at most a share `epsilon` of all labels is wrong, with a chance of 1 - `alpha`; with
    `delta` also at most such a share of those accepted without review. People answer an audit sample of `audits` drafts, or of
    as many as are planned ("auto"), and what these show decides up to which `uncertainty` drafts are accepted: one minus
    their confidence, or the chance of being wrong that is learned from what people have settled before (docs/guarantee.md).
    With several `looks` the audits are asked for in parts, and who leads may end them after any ("every": whenever one more wrong
    draft is allowed); that costs a little of what can be accepted at the end. With `loss` "distance" it is the mean distance of all labels from right ones that is at most `epsilon`. With `slices`, a field of
    the schema or "meta.KEY", each slice by the drafts' class or by that key keeps `epsilon` by itself, all at once with 1 - `alpha`.

    `gold_share` is how large a share of the queue are checks of the people: gold whose draft met it, mixed in unseen. Its label
    stays that of gold. `seeded_share` of the checks show a wrong draft, to see whether it is found.
    Who is surely under `reviewer_bar`, once `reviewer_bar_after` of their answers could be judged, is paused, and others are
    asked about the newest `reviewer_recall` of their answers, or about all that no one else has confirmed.

    `audit_share` is how large a share of the drafts that would be accepted people answer all the same, drawn at random
    (`prelabel.routing.audits`). `accepted_target` is the share of them that is to be right: where audits show that it surely is not,
    accepting is paused; without it, where they show that it has become worse.
    """

    rule: Literal["threshold", "guarantee"] = "threshold"
    threshold: float = Field(default=0.9, ge=0, le=1)
    confidence: Literal["raw", "calibrated"] = "raw"
    gold: Literal["gate", "measure"] = "gate"
    gold_target: float | None = Field(default=None, gt=0, lt=1)
    blind_audit: bool = True
    gold_share: float = Field(default=0.0, ge=0, le=0.5)
    seeded_share: float = Field(default=0.3, ge=0, le=1)
    reviewer_bar: float | None = Field(default=None, gt=0, lt=1)
    reviewer_bar_after: int = Field(default=10, ge=1)
    reviewer_recall: int | None = Field(default=None, ge=0)
    audit_share: float = Field(default=0.0, ge=0, le=0.5)
    accepted_target: float | None = Field(default=None, gt=0, lt=1)
    epsilon: float | None = Field(default=None, gt=0, lt=1)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    delta: float | None = Field(default=None, gt=0, lt=1)
    audits: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    uncertainty: Literal["confidence", "learned"] = "confidence"
    looks: Annotated[int, Field(ge=1, le=50)] | Literal["every"] = 1
    loss: Loss = "wrong"
    slices: str = ""

    @model_validator(mode="after")
    def _gold_settles(self) -> "Policy":
        if self.gold_share and self.gold != "gate":
            raise ValueError(
                'gold_share: checks are of gold that settles its examples; leave `gold` at "gate"'
            )
        return self

    @model_validator(mode="after")
    def _audits_show_it(self) -> "Policy":
        if self.audit_share and self.rule == "guarantee":
            raise ValueError('audit_share: the rule "guarantee" draws its own audit sample; say `audits`')
        if self.accepted_target is not None and not self.audit_share:
            raise ValueError("accepted_target: only audits can show it; give an `audit_share` above 0")
        return self

    @model_validator(mode="after")
    def _promises(self) -> "Policy":
        if self.rule == "guarantee":
            if self.epsilon is None:
                raise ValueError(
                    "epsilon: say which share of the labels may be wrong at most, as in 0.05; the rule "
                    '"guarantee" is about that'
                )
            if not self.blind_audit:
                raise ValueError(
                    'blind_audit: an audit that shows its draft says little of it; under the rule "guarantee" leave it at true'
                )
            if self.loss == "distance" and self.delta is not None:
                raise ValueError(
                    "delta: is a share of wrong labels, which a mean distance does not count; leave one of them out"
                )
            if self.looks != 1 and (self.loss == "distance" or self.slices):
                raise ValueError("looks: several go neither with distances nor with slices")
            return self
        own = {"epsilon", "alpha", "delta", "audits", "uncertainty", "looks", "loss", "slices"}
        asked = [name for name in sorted(own & self.model_fields_set) if not self._is_usual(name)]
        if asked:
            raise ValueError(
                f'{asked[0]}: goes with the rule "guarantee" alone, and the rule is "{self.rule}"'
            )
        return self

    def check_fields(self, schema: LabelSchema) -> None:
        """Raise InputError where something is said of a field that the schema does not have, or that has no classes."""
        super().check_fields(schema)
        if self.slices:
            check_by(self.slices, schema)

    def _is_usual(self, name: str) -> bool:
        return bool(getattr(self, name) == type(self).model_fields[name].default)

    def is_blind(self, decision: "Decision") -> bool:
        """Whether people are to answer without sight of the draft."""
        return decision.blind or (decision.reason == "audit" and self.blind_audit)


@dataclass(frozen=True)
class Drafted:
    """A draft as routing sees it; `label` is None where it failed. `take_from` is the bar of a step that has its own."""

    label: Label | None
    confidence: float | None
    gold: Label | None = None
    take_from: float | None = None

    def is_sure(self, calibrated: float, policy: Policy) -> bool:
        """Whether its confidence reaches the bar: the policy's for the calibrated one, or its step's for the raw one."""
        if self.take_from is None or self.confidence is None:
            return calibrated >= policy.threshold
        return self.confidence >= self.take_from


@dataclass(frozen=True)
class Decision:
    """`source` is set for a settled label ("auto", "gold"), `reason` for one that goes to people; neither for one of the pool
    of a guarantee, which waits for the audit.

    They see no draft where it is `blind`: so sure a draft would tell them that the example is gold.
    """

    confidence: float | None
    source: str = ""
    reason: str = ""
    blind: bool = False

    @property
    def waits(self) -> bool:
        """Whether the example stays where it is."""
        return not (self.source or self.reason)


def decide(
    drafted: Drafted, schema: LabelSchema, policy: Policy, gate: Gate, calibrate: Callable[[float], float]
) -> Decision:
    """Where a draft goes. A draft without any confidence is never accepted by itself."""
    if drafted.label is None:
        return Decision(None, reason="draft_failed")
    confidence = None if drafted.confidence is None else calibrate(drafted.confidence)
    if drafted.gold is not None and policy.gold == "gate":
        right = schema.distance(drafted.label, drafted.gold) == 0
        if right:
            return Decision(confidence, source="gold")
        looks_accepted = policy.rule == "guarantee" or (
            confidence is not None and drafted.is_sure(confidence, policy)
        )
        return Decision(confidence, reason="gold_failed", blind=looks_accepted)
    is_held_back = policy.gold == "gate" and not gate.admits(classes_of(schema, drafted.label))
    if policy.rule == "guarantee":
        return Decision(confidence, reason="gold_failed" if is_held_back else "")
    if confidence is None or not drafted.is_sure(confidence, policy):
        return Decision(confidence, reason="low_confidence")
    return Decision(confidence, reason="gold_failed") if is_held_back else Decision(confidence, source="auto")


def classes_of(schema: LabelSchema, label: Label) -> list[str | None]:
    """The class of each field of a label, in the schema's order."""
    return [kind.class_of(label.get(name)) for name, kind in schema.fields.items()]
