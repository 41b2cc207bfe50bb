"""People's answers that were given elsewhere, as by annotators of another tool: each goes through the queue like one given here.

So all its rules hold: a label that fits the schema, each person once, as many people as the policy asks for, and what they
come to is settled, or goes to a senior.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlmodel import Session, col, select

from prelabel import review, runs
from prelabel.canonical import Json, digest
from prelabel.errors import Conflict, InputError, NotFound, PrelabelError
from prelabel.events import journal
from prelabel.formats import jsonl
from prelabel.formats.base import Row
from prelabel.kinds.base import shown
from prelabel.models import Example, Placement, Review, Run, User
from prelabel.review import Answer
from prelabel.review.leases import claim_example, one_at_a_time
from prelabel.routing import place
from prelabel.store import Store

BATCH = 200
LONGEST_COMMENT = 20_000
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


def bring_in(store: Store, run_id: int, stream: BinaryIO, lease_seconds: float, by: User) -> Report:
    """Have the `reviewer` of each line answer its `example` (by its external id) with its `label`. Lines are JSON objects.

    Rows that cannot be read or taken are listed with their reason; the same row again changes nothing. Raises NotFound.
    """
    report = Report()
    with store.reading() as session:
        schema = runs.schema_of(session, runs.get(session, run_id))
    for some in _batches(jsonl.read(stream, schema)):
        with store.writing() as session:
            run = runs.get(session, run_id)
            placements, people = _known(session, run, [row.value for row in some if row.value])
            for row in some:
                report.rows += 1
                try:
                    _take(session, run, _readable(row), placements, people, lease_seconds, report)
                except PrelabelError as error:
                    report.refuse(row.number, str(error))
    with store.writing() as session:
        run = runs.get(session, run_id)
        journal.note(session, by, "answers.import", run, taken=report.taken, bad=report.bad)
    return report


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _readable(row: Row) -> Mapping[str, Json]:
    if row.value is None:
        raise InputError(f"{row.field}: {row.fault}" if row.field else row.fault)
    return row.value


def _known(
    session: Session, run: Run, rows: Iterable[Mapping[str, Json]]
) -> tuple[dict[str, int], dict[str, User]]:
    """Placements by the external id of their example, and people by name; both locked, in an order that all who lock them keep."""
    ids = {str(row.get("example")) for row in rows}
    found = session.exec(
        select(Example.external_id, Placement.id)
        .join(Placement, col(Placement.example_id) == Example.id)
        .where(Placement.run_id == run.id, col(Example.external_id).in_(ids))
    )
    names = {str(row.get("reviewer")) for row in rows}
    people = session.exec(
        select(User).where(col(User.name).in_(names), col(User.disabled_at).is_(None)).order_by(col(User.id))
    ).all()
    placements = {name: key or 0 for name, key in found}
    for one in people:
        one_at_a_time(session, one.id or 0)
    place.lock(session, list(placements.values()))
    return placements, {one.name: one for one in people}


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
        raise Conflict(f"example {shown(row['example'])} is {placement.place}, not queued")
    seconds = row.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 86_400:
        raise InputError(f"seconds: must be a number from 0 to 86,400, not {shown(seconds)}")
    comment = row.get("comment") or ""
    if not isinstance(comment, str) or len(comment) > LONGEST_COMMENT:
        raise InputError(f"comment: must be a text of at most {LONGEST_COMMENT:,} characters")
    said: Any = row.get("label")
    schema = runs.schema_of(session, run)
    label = said if isinstance(said, dict) or schema.only is None else {schema.only: said}
    with session.begin_nested():
        slot_id = claim_example(session, user.id or 0, placement, lease_seconds)
        answer = Answer(token, float(seconds), comment)
        review.submit(session, user.id or 0, slot_id, label, answer)
    report.taken += 1


def _addressed(
    row: Mapping[str, Json], placements: Mapping[str, int], people: Mapping[str, User]
) -> tuple[int, User]:
    if unknown := row.keys() - KEYS:
        raise InputError(f"{min(unknown)}: is not one of {', '.join(sorted(KEYS))}")
    example, reviewer = str(row.get("example")), str(row.get("reviewer"))
    if example not in placements:
        raise NotFound(f"example: there is none {shown(example)} in the run")
    if reviewer not in people:
        raise NotFound(f"reviewer: there is no user {shown(reviewer)}")
    return placements[example], people[reviewer]
