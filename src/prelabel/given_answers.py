"""People's answers that were given elsewhere, as by annotators of another tool: each goes through the queue like one given here.

So all its rules hold: a label that fits the schema, each person once, as many people as the policy asks for, and what they
come to is settled, or goes to a senior.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from prelabel import journal, review, runs
from prelabel.canonical import Json, digest
from prelabel.errors import Conflict, InputError, NotFound, PrelabelError
from prelabel.models import Example, Placement, Review, Run, User
from prelabel.review import Answer
from prelabel.review.leases import claim_example
from prelabel.store import Store

BATCH = 200
MOST_FAULTS = 100
KEYS = {"example", "reviewer", "label", "seconds", "comment"}


@dataclass
class Report:
    """What an import of answers did; `bad_rows` holds the first faults as (row, what is wrong)."""

    rows: int = 0
    taken: int = 0
    already_there: int = 0
    bad: int = 0
    bad_rows: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, row: int, why: str) -> None:
        """Count a row that was not taken."""
        self.bad += 1
        if len(self.bad_rows) < MOST_FAULTS:
            self.bad_rows.append((row, why))


def bring_in(
    store: Store, run_id: int, rows: Iterable[Mapping[str, Json]], lease_seconds: float, by: User
) -> Report:
    """Have each row's `reviewer` answer its `example` (by its external id) with its `label`.

    Rows that cannot be taken are listed with their reason; the same row again changes nothing. Raises NotFound.
    """
    report = Report()
    for some in batches(rows, BATCH):
        with store.writing() as session:
            run = runs.get(session, run_id)
            placements, people = _known(session, run, some)
            for row in some:
                report.rows += 1
                try:
                    _take(session, run, row, placements, people, lease_seconds, report)
                except PrelabelError as error:
                    report.refuse(report.rows, str(error))
    with store.writing() as session:
        run = runs.get(session, run_id)
        journal.note(session, by, "answers.import", run, taken=report.taken, bad=report.bad)
    return report


def batches(rows: Iterable[Mapping[str, Json]], size: int) -> Iterator[list[Mapping[str, Json]]]:
    """Rows, so many at a time."""
    batch: list[Mapping[str, Json]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _known(
    session: Session, run: Run, rows: Iterable[Mapping[str, Json]]
) -> tuple[dict[str, int], dict[str, User]]:
    """Placements by the external id of their example, and people by name."""
    ids = {str(row.get("example")) for row in rows}
    found = session.exec(
        select(Example.external_id, Placement.id)
        .join(Placement, col(Placement.example_id) == Example.id)
        .where(Placement.run_id == run.id, col(Example.external_id).in_(ids))
    )
    names = {str(row.get("reviewer")) for row in rows}
    people = session.exec(select(User).where(col(User.name).in_(names), col(User.disabled_at).is_(None)))
    return {name: key or 0 for name, key in found}, {one.name: one for one in people}


def _take(
    session: Session,
    run: Run,
    row: Mapping[str, Json],
    placements: Mapping[str, int],
    people: Mapping[str, User],
    lease_seconds: float,
    report: Report,
) -> None:
    placement_id, user = _addressed(row, placements, people)
    token = f"given-{digest([run.id, placement_id, row.get('label')])[:24]}"
    if session.exec(select(Review.id).where(Review.user_id == user.id, Review.client_token == token)).first():
        report.already_there += 1
        return
    placement = session.get_one(Placement, placement_id)
    if placement.place != "queued":
        raise Conflict(f"example {row['example']!r} is {placement.place}, not queued")
    seconds = row.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 86_400:
        raise InputError(f"seconds: must be a number from 0 to 86,400, not {seconds!r}")
    said: Any = row.get("label")
    schema = runs.schema_of(session, run)
    label = said if isinstance(said, dict) or schema.only is None else {schema.only: said}
    with session.begin_nested():
        slot_id = claim_example(session, user.id or 0, placement, lease_seconds)
        answer = Answer(token, float(seconds), str(row.get("comment") or ""))
        review.submit(session, user.id or 0, slot_id, label, answer)
    report.taken += 1


def _addressed(
    row: Mapping[str, Json], placements: Mapping[str, int], people: Mapping[str, User]
) -> tuple[int, User]:
    if unknown := row.keys() - KEYS:
        raise InputError(f"{min(unknown)}: is not one of {', '.join(sorted(KEYS))}")
    example, reviewer = str(row.get("example")), str(row.get("reviewer"))
    if example not in placements:
        raise NotFound(f"example: there is none {example!r} in the run")
    if reviewer not in people:
        raise NotFound(f"reviewer: there is no user {reviewer!r}")
    return placements[example], people[reviewer]
