"""Where a run's guarantee stands: what it waits for, how many audits are answered, and how many of these drafts were wrong."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.errors import InputError
from prelabel.guarantee import cutting
from prelabel.measure.guarantee.chain import looks
from prelabel.measure.guarantee.hypergeometric import budget_of, most_errors
from prelabel.measure.guarantee.judging import pools
from prelabel.measure.guarantee.slices import NONE, slice_of
from prelabel.measure.guarantee.terms import Loss, Terms
from prelabel.models import AuditDraw, Draft, Drawn, Example, Label, Placement, Run
from prelabel.routing import drawn, place
from prelabel.routing.policy import Policy
from prelabel.schemas.versions import Translator

Status = Literal["drafting", "preparing", "auditing", "reviewing", "settled", "by_people"]


class SliceStanding(BaseModel):
    """A slice of the pool: how many of it are audited, at which level, and how many of these drafts were wrong so far, or `lost`
    in all by distances.
    """

    name: str
    pool: int
    audits: int
    alpha: float
    errors: int = 0
    errors_allowed: int | None = None
    lost: float = 0.0


class Now(BaseModel):
    """What a certificate would say that is given at this look, with the same chance: valid at whichever one stops."""

    look: int
    audits: int
    saved: int
    saved_share: float


class Standing(BaseModel):
    """How far a run is with its guarantee, for leads: it tells of audits.

    `status`: "drafting" until the pool is whole; "preparing" while people settle what the audit is planned from; "auditing";
    "reviewing" what lies behind the cut; "settled"; or "by_people" where nothing was left to be accepted without review.
    `errors` are wrong drafts among the audits that are `answered` or `failed` (had no label), `errors_allowed` what may be wrong
    among them before the cut, at the `look` that the audits are at, of so many `looks`, which cost `looks_cost` of
    them at the last. `now` is what could be accepted if audits ended at the last look that is answered. By distances,
    `lost` is what they lose in all. With `slices` each has its own. `expected` labels are to be saved, by the plan; `saved` are, by the
    newest cut. `based_on` says
    what ranking and plan rest on. None where it is not known yet.
    """

    run_id: int
    status: Status
    waits_for: str
    epsilon: float
    alpha: float
    delta: float | None
    loss: Loss
    slices_by: str
    examples: int
    pool: int | None = None
    ranked_by: str = ""
    based_on: str = ""
    look: int = 0
    looks: int = 1
    audits: int | None = None
    audits_planned: int | None = None
    answered: int = 0
    failed: int = 0
    errors: int = 0
    errors_allowed: int | None = None
    looks_cost: int = 0
    now: Now | None = None
    lost: float = 0.0
    slices: list[SliceStanding] = []
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
        loss=policy.loss,
        slices_by=policy.slices,
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
        more = len(draw.terms["audits"]) - drawn.look_of(session, run)
        then = f"{more} further looks, or the end by --now" if more else "the rest is accepted or queued"
        return "auditing", f"{left:,} of {audits.drawn:,} audits to be answered; then {then}"
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
    audits, cut, look = drawn.audits(session, run), cutting.newest(session, run), drawn.look_of(session, run)
    terms, losses = Terms.model_validate(draw.terms), _losses(session, run, look)
    return {
        "pool": draw.pool,
        "ranked_by": draw.ranked_by,
        "based_on": draw.note,
        "look": look,
        "looks": len(terms.audits),
        "audits": audits.drawn,
        "audits_planned": terms.audits[-1],
        "answered": audits.answered,
        "failed": audits.failed,
        "errors": sum(loss > 0 for _, loss in losses),
        **_allowed(draw, terms, look),
        "now": None if cut else _now(session, run, draw, look if audits.is_over else look - 1),
        "lost": sum(loss for _, loss in losses),
        "slices": _slices(session, run, terms, losses),
        "expected": draw.planned["saved"] if draw.planned else None,
        "saved": _saved(session, run) if cut else None,
    }


def _allowed(draw: AuditDraw, terms: Terms, look: int) -> dict[str, int]:
    """What may be wrong at this look, and how much more could be at the last one if it were the only one."""
    if terms.loss != "wrong" or terms.slices:
        return {}
    budget = budget_of(terms.epsilon, draw.examples)
    once = most_errors(draw.pool, terms.audits[-1], budget, terms.alpha)
    each = looks(draw.pool, budget, terms.audits, terms.levels) if len(terms.audits) > 1 else [once]
    return {"errors_allowed": each[look - 1], "looks_cost": once - each[-1]}


def _now(session: Session, run: Run, draw: AuditDraw, look: int) -> Now | None:
    """None before a look is answered, and where one look is all there is."""
    if look < 1 or len(draw.terms["audits"]) == 1 or not drawn.audits(session, run, look=look).is_over:
        return None
    saved = sum(cut.accepted for cut in cutting.cuts_at(session, run, draw, look).values())
    return Now(
        look=look, audits=draw.terms["audits"][look - 1], saved=saved, saved_share=saved / draw.examples
    )


def _slices(
    session: Session, run: Run, terms: Terms, losses: Sequence[tuple[str, float]]
) -> list[SliceStanding]:
    """Each slice that is audited."""
    if terms.slices is None:
        return []
    records = [record for _, record in cutting.records_of(session, run, terms)]
    errors, lost, found = Counter(name for name, loss in losses if loss > 0), dict[str, float](), []
    for name, loss in losses:
        lost[name] = lost.get(name, 0.0) + loss
    for pool in pools(records, terms):
        own, size = terms.of_slice(pool.name), len(pool.records)
        allowed = most_errors(size, len(pool.sample), budget_of(own.epsilon, size), own.alpha)
        found.append(
            SliceStanding(
                name=pool.name, pool=size, audits=len(pool.sample), alpha=own.alpha, errors=errors[pool.name],
                errors_allowed=allowed if terms.loss == "wrong" else None, lost=lost.get(pool.name, 0.0),
            )
        )  # fmt: skip
    return found


def _losses(session: Session, run: Run, look: int) -> list[tuple[str, float]]:
    """The slice and the distance of draft and label of each audit that is answered, or 1 where it could not be."""
    into, schema = Translator.of(session, run), runs.schema_of(session, run)
    rows = session.execute(
        wide_select(Draft, Label, col(Example.content), col(Example.meta))
        .select_from(Drawn)
        .join(
            Placement,
            (col(Placement.run_id) == Drawn.run_id) & (col(Placement.example_id) == Drawn.example_id),
        )
        .join(Draft, col(Draft.id) == Drawn.draft_id)
        .join(Example, col(Example.id) == Drawn.example_id)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .where(
            *(col(Drawn.run_id) == run.id, col(Drawn.look).between(1, look)),
            col(Placement.place).in_(("settled", "failed")),
        )
    ).all()
    by, found = run.policy.get("slices"), []
    for draft, label, content, meta in rows:
        drafted = into.fitting(draft.label, draft.schema_version_id, content)
        value = into.fitting(label.value, label.schema_version_id, content) if label else None
        loss = 1.0 if drafted is None or value is None else schema.distance(drafted, value)
        found.append((slice_of(by, drafted, meta, schema) if by else NONE, loss))
    return found


def _saved(session: Session, run: Run) -> int:
    accepted = select(func.count()).select_from(Placement).join(Label, col(Label.id) == Placement.label_id)
    return session.exec(
        accepted.where(Placement.run_id == run.id, Placement.place == "settled", Label.source == "auto")
    ).one()
