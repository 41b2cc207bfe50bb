"""Where a run's guarantee stands: what it waits for, how many audits are answered, and how many of these drafts were wrong."""

from typing import Literal

from pydantic import BaseModel
from sqlmodel import Session, col, func, select

from prelabel import drawn, place, runs
from prelabel.errors import InputError
from prelabel.guarantee import cutting
from prelabel.measure.guarantee.hypergeometric import budget_of, most_errors
from prelabel.models import AuditDraw, Draft, Drawn, Example, Label, Placement, Run
from prelabel.policy import Policy
from prelabel.versions import Translator

Status = Literal["drafting", "preparing", "auditing", "reviewing", "settled", "by_people"]


class Standing(BaseModel):
    """How far a run is with its guarantee, for leads: it tells of audits.

    `status`: "drafting" until the pool is whole; "preparing" while people settle what the audit is planned from; "auditing";
    "reviewing" what lies behind the cut; "settled"; or "by_people" where nothing was left to be accepted without review.
    `errors` are wrong drafts among the audits that are `answered` or `failed` (had no label), `errors_allowed` what may be wrong
    among them before the cut. `expected` labels are to be saved, by the plan; `saved` are, by the newest cut. `based_on` says
    what ranking and plan rest on. None where it is not known yet.
    """

    run_id: int
    status: Status
    waits_for: str
    epsilon: float
    alpha: float
    delta: float | None
    examples: int
    pool: int | None = None
    ranked_by: str = ""
    based_on: str = ""
    audits: int | None = None
    answered: int = 0
    failed: int = 0
    errors: int = 0
    errors_allowed: int | None = None
    expected: float | None = None
    saved: int | None = None


def standing(session: Session, run: Run) -> Standing:
    """Where it stands now. Raises InputError where the run promises nothing."""
    policy = Policy.model_validate(run.policy)
    if policy.rule != "guarantee":
        raise InputError(
            f"run {run.id} routes by a threshold, which guarantees nothing: start one with --at-most-wrong 5%, "
            'or with the policy {"rule": "guarantee", "epsilon": 0.05}'
        )
    places, draw = place.counts(session, run.id or 0), drawn.draw_of(session, run)
    status, waits_for = _status(session, run, places, draw)
    known = {} if draw is None else _of_draw(session, run, draw)
    return Standing(
        run_id=run.id or 0,
        status=status,
        waits_for=waits_for,
        epsilon=policy.epsilon or 0,
        alpha=policy.alpha,
        delta=policy.delta,
        examples=sum(places.values()),
        **known,
    )


def waits_for(session: Session, run: Run, places: dict[str, int]) -> str:
    """What a run waits for by its guarantee, as a sentence without a beginning; empty where nothing, or it promises nothing."""
    if run.policy.get("rule") != "guarantee":
        return ""
    return _status(session, run, places, drawn.draw_of(session, run))[1]


def _status(session: Session, run: Run, places: dict[str, int], draw: AuditDraw | None) -> tuple[Status, str]:
    if draw is None:
        return _before_draw(session, run, places)
    audits = drawn.audits(session, run)
    left = audits.drawn - audits.answered - audits.failed
    if left:
        return (
            "auditing",
            f"{left:,} of {audits.drawn:,} audits to be answered; then the rest is accepted or queued",
        )
    if cutting.is_due(session, run) or not cutting.is_finished(cutting.newest(session, run)):
        return "auditing", "a worker, to accept and queue by the audits, which are all answered"
    if places["queued"]:
        return "reviewing", f"{places['queued']:,} examples that people still review"
    return "settled", ""


def _before_draw(session: Session, run: Run, places: dict[str, int]) -> tuple[Status, str]:
    if places["waiting"]:
        return (
            "drafting",
            f"{places['waiting']:,} examples to be drafted: the audit is drawn from all of them at once",
        )
    first = session.exec(
        select(func.count()).where(
            Placement.run_id == run.id, Placement.place == "queued", Placement.reason == "low_confidence"
        )
    ).one()
    if first:
        return "preparing", f"{first:,} reviews, which the audit is planned from"
    if places["drafted"]:
        return "preparing", "a worker, to draw the audit sample"
    return "by_people", f"{places['queued']:,} examples that people still review" if places["queued"] else ""


def _of_draw(session: Session, run: Run, draw: AuditDraw) -> dict[str, object]:
    audits, cut = drawn.audits(session, run), cutting.newest(session, run)
    size, epsilon, alpha = (draw.terms[name] for name in ("audits", "epsilon", "alpha"))
    return {
        "pool": draw.pool,
        "ranked_by": draw.ranked_by,
        "based_on": draw.note,
        "audits": audits.drawn,
        "answered": audits.answered,
        "failed": audits.failed,
        "errors": audits.failed + _wrong(session, run),
        "errors_allowed": most_errors(draw.pool, size[-1], budget_of(epsilon, draw.examples), alpha),
        "expected": draw.planned["saved"] if draw.planned else None,
        "saved": _saved(session, run) if cut else None,
    }


def _wrong(session: Session, run: Run) -> int:
    """Audits whose label is another than their draft."""
    into, schema = Translator.of(session, run), runs.schema_of(session, run)
    rows = session.exec(
        select(Draft, Label, Example.content)
        .select_from(Drawn)
        .join(
            Placement,
            (col(Placement.run_id) == Drawn.run_id) & (col(Placement.example_id) == Drawn.example_id),
        )
        .join(Draft, col(Draft.id) == Drawn.draft_id)
        .join(Example, col(Example.id) == Drawn.example_id)
        .join(Label, col(Label.id) == Placement.label_id)
        .where(Drawn.run_id == run.id, col(Drawn.audited), Placement.place == "settled")
    ).all()
    found = 0
    for draft, label, content in rows:
        drafted = into.fitting(draft.label, draft.schema_version_id, content)
        value = into.fitting(label.value, label.schema_version_id, content)
        found += drafted is None or value is None or schema.distance(drafted, value) > 0
    return found


def _saved(session: Session, run: Run) -> int:
    accepted = select(func.count()).select_from(Placement).join(Label, col(Label.id) == Placement.label_id)
    return session.exec(
        accepted.where(Placement.run_id == run.id, Placement.place == "settled", Label.source == "auto")
    ).one()
