"""What is removed of examples that are not to be kept: all that may hold somebody's words.

Rows stay, and with them every count, time, cost, verdict and confidence. Of labels all stays that was chosen, counted or pointed at:
classes, ratings, numbers, places of spans and boxes. In written texts each word becomes a number, the same for the same word of an
example, so that whatever is computed of how far two of its labels are apart stays as it was. What goes and what stays, column by
column, stands in docs/operations.md; a test looks for words in every column of every table.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, text
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select, update

from prelabel.bulk import update_rows
from prelabel.canonical import Json
from prelabel.measure.guarantee.slices import META
from prelabel.models import (
    OPEN,
    Call,
    Conflict,
    Dataset,
    Draft,
    Example,
    GivenDraft,
    Label,
    Placement,
    Review,
    Run,
    SchemaVersion,
    Scratch,
    Slot,
)
from prelabel.runs import schema_at
from prelabel.schema import LabelSchema

GONE = "removed"
"""What stands where a model's failure was told: that it failed counts."""
WORD = re.compile(r"\S+")


class Words:
    """Numbers for the words of one example, in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def numbered(self, said: str) -> str:
        """The text with its numbers in place of words; spaces and lines stay."""
        return WORD.sub(lambda word: self._numbers.setdefault(word[0], str(len(self._numbers) + 1)), said)


def remove_replies(session: Session, example_ids: Collection[int], moment: datetime) -> None:
    """Remove the raw replies of models for these examples; calls stay with what they cost."""
    session.exec(update(Call).where(col(Call.example_id).in_(example_ids)).values(reply=None, detail=""))
    marked = update(Example).where(col(Example.id).in_(example_ids))
    session.exec(marked.values(replies_removed_at=moment))


def remove(session: Session, dataset: Dataset, example_ids: Collection[int], moment: datetime) -> None:
    """Remove the contents of these examples of a dataset, and all that was said of them. Nobody is asked about them any more."""
    remove_replies(session, example_ids, moment)
    run_ids = session.exec(select(Run.id).where(Run.dataset_id == dataset.id)).all()
    within = (col(Placement.run_id).in_(run_ids), col(Placement.example_id).in_(example_ids))
    placement_ids = [one or 0 for one in session.exec(select(Placement.id).where(*within))]
    _blank_labels(session, [one or 0 for one in run_ids], example_ids, placement_ids)
    _blank_remarks(session, [one or 0 for one in run_ids], example_ids, placement_ids)
    _end_questions(session, placement_ids, moment)
    kept = _kept_meta(session, dataset)
    examples = session.exec(select(Example).where(col(Example.id).in_(example_ids))).all()
    rows = [
        {"id": one.id, "content": {}, "content_hash": "", "meta": _part(one.meta, kept), "removed_at": moment}
        for one in examples
    ]
    update_rows(session, Example, rows)


def _blank_labels(
    session: Session, run_ids: Sequence[int], example_ids: Collection[int], placement_ids: Sequence[int]
) -> None:
    blanking = _Labels(session)
    blanking.take(Example, "gold", col(Example.id), col(Example.id).in_(example_ids))
    blanking.take(
        GivenDraft, "label", col(GivenDraft.example_id), col(GivenDraft.example_id).in_(example_ids)
    )
    for model, column in ((Draft, "label"), (Review, "label"), (Label, "value")):
        which = (col(model.run_id).in_(run_ids), col(model.example_id).in_(example_ids))
        blanking.take(model, column, col(model.example_id), *which)
    blanking.take_odds(run_ids, example_ids)
    blanking.take_shown(placement_ids)


class _Labels:
    """Takes the words out of labels, wherever they stand, each under the version of the schema that it is of."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._words: dict[int, Words] = defaultdict(Words)
        self._schemas: dict[int, LabelSchema] = {}

    def take(self, model: Any, column: str, example_id: Any, *which: Any) -> None:
        """The labels in a column; rows that hold no word are not written."""
        held = col(getattr(model, column))
        found = wide_select(col(model.id), example_id, held, col(model.schema_version_id))
        rows = []
        for key, example, label, version_id in self._session.execute(
            found.where(*which, held.is_not(None)).order_by(col(model.id))
        ):
            blank = self._blank(example, label, version_id)
            if blank != label:
                rows.append({"id": key, column: blank})
        update_rows(self._session, model, rows)

    def take_odds(self, run_ids: Sequence[int], example_ids: Collection[int]) -> None:
        """The probabilities of what a model thought possible as well."""
        found = wide_select(col(Draft.id), col(Draft.alternatives), col(Draft.schema_version_id)).where(
            col(Draft.run_id).in_(run_ids), col(Draft.example_id).in_(example_ids)
        )
        rows = [
            {"id": key, "alternatives": kept}
            for key, odds, version_id in self._session.execute(found)
            if (kept := self._odds(odds, version_id)) != odds
        ]
        update_rows(self._session, Draft, rows)

    def take_shown(self, placement_ids: Sequence[int]) -> None:
        """What checks showed in place of a draft."""
        shown = select(Slot).where(
            col(Slot.placement_id).in_(placement_ids), col(Slot.shown_draft).is_not(None)
        )
        rows = []
        for slot in self._session.exec(shown.order_by(col(Slot.id))):
            said: dict[str, Any] = dict(slot.shown_draft or {})
            version_id = said["schema_version_id"]
            label = self._blank(slot.example_id, said["label"], version_id)
            odds = self._odds(said["alternatives"], version_id)
            rows.append({"id": slot.id, "shown_draft": said | {"label": label, "alternatives": odds}})
        update_rows(self._session, Slot, rows)

    def _blank(self, example_id: int, label: dict[str, Json], version_id: int) -> dict[str, Json]:
        return self._schema(version_id).without_words(label, self._words[example_id].numbered)

    def _odds(self, odds: dict[str, dict[str, float]], version_id: int) -> dict[str, dict[str, float]]:
        """Those of fields with classes."""
        fields = self._schema(version_id).fields
        return {
            name: said for name, said in odds.items() if name in fields and fields[name].classes() is not None
        }

    def _schema(self, version_id: int) -> LabelSchema:
        if version_id not in self._schemas:
            version = self._session.get_one(SchemaVersion, version_id)
            self._schemas[version_id] = schema_at(version.document)
        return self._schemas[version_id]


def _blank_remarks(
    session: Session, run_ids: Sequence[int], example_ids: Collection[int], placement_ids: Sequence[int]
) -> None:
    """What people and models said beside labels."""

    def of(model: Any) -> Any:
        return update(model).where(col(model.run_id).in_(run_ids), col(model.example_id).in_(example_ids))

    session.exec(of(Draft).where(col(Draft.failure) != "").values(failure=GONE))
    session.exec(of(Review).where(col(Review.comment) != "").values(comment=""))
    session.exec(of(Placement).where(col(Placement.note) != "").values(note=""))
    told = select(Placement).where(col(Placement.id).in_(placement_ids), col(Placement.reason).contains(":"))
    reasons = [{"id": one.id, "reason": one.reason.partition(":")[0]} for one in session.exec(told)]
    update_rows(session, Placement, reasons)
    session.exec(delete(Scratch).where(col(Scratch.placement_id).in_(placement_ids)))
    session.exec(_doubts(placement_ids).values(why="", comment=""))


def _doubts(placement_ids: Sequence[int]) -> Any:
    """Conflicts with an example on either side."""
    sides = (col(Conflict.placement_id), col(Conflict.other_placement_id))
    return update(Conflict).where(or_(*(side.in_(placement_ids) for side in sides)))


def _end_questions(session: Session, placement_ids: Sequence[int], moment: datetime) -> None:
    """Take back what people are still asked: of conflicts, and of a run that was cancelled, whose examples are set aside."""
    still_open = _doubts(placement_ids).where(col(Conflict.dismissed_at).is_(None))
    session.exec(still_open.values(dismissed_at=moment))
    waiting = update(Slot).where(col(Slot.placement_id).in_(placement_ids), text(OPEN))
    session.exec(
        waiting.values(
            state="withdrawn",
            claimed_by=None,
            lease_until=None,
            assigned_until=None,
            version=Slot.version + 1,
        )
    )
    queued = update(Placement).where(col(Placement.id).in_(placement_ids), col(Placement.place) == "queued")
    session.exec(queued.values(place="failed", reason=GONE))


def _kept_meta(session: Session, dataset: Dataset) -> set[str]:
    """The keys of `meta` by which a guarantee of the dataset is sliced: its figures rest on their values."""
    policies = session.exec(select(Run.policy).where(Run.dataset_id == dataset.id))
    slices = {str(policy.get("slices") or "") for policy in policies}
    return {by.removeprefix(META) for by in slices if by.startswith(META)}


def _part(meta: Json, names: Collection[str]) -> Json:
    """What is kept of an example's meta; None: nothing."""
    return {name: meta[name] for name in names if name in meta} or None if isinstance(meta, dict) else None
