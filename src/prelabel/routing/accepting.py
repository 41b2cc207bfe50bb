"""Whether a run accepts drafts without review: paused by a lead, or by the alarm that its audits raise; only a lead resumes.

While it is paused drafting goes on, and what would be accepted goes to people with a note (`prelabel.routing.audits`).
"""

from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.canonical import Json
from prelabel.errors import Conflict
from prelabel.events import alarms, journal
from prelabel.measure.drift import Drift, judge
from prelabel.models import Run, Slot, User, now
from prelabel.routing import audits
from prelabel.routing.policy import Policy
from prelabel.store import Store


def pause(session: Session, run: Run, why: str, by: User | None, **details: Json) -> None:
    """Accept nothing more without review. Raises Conflict where accepting is paused already."""
    _turn(session, run, False, why)
    journal.note(session, by, "accepting.pause", run, why=why, **details)


def resume(session: Session, run: Run, by: User) -> None:
    """Accept again. The test begins anew, with what comes into the queue from now on. Raises Conflict where it is not paused."""
    _turn(session, run, True, "")
    run.audited_from = session.exec(select(func.max(Slot.id))).one() or 0
    session.add(run)
    journal.note(session, by, "accepting.resume", run)


def drift(session: Session, run: Run) -> Drift:
    """What the run's audits say since the test last began."""
    wrong = [not one.right for one in audits.answered(session, run, run.audited_from)]
    return judge(wrong, Policy.model_validate(run.policy).accepted_target)


class Watch:
    """Looks at the audits of all runs again and again; remembers up to which answer it has seen each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[int, int] = {}

    def look(self) -> None:
        """Pause accepting, and raise the alarm, in every run whose new audits show that its drafts have become worse."""
        with self._store.reading() as session:
            newest = audits.newest_answers(session)
        for run_id, label_id in newest.items():
            if self._seen.get(run_id) != label_id:
                self._judge(run_id)
            self._seen[run_id] = label_id

    def _judge(self, run_id: int) -> None:
        """The figures come first, and without a lock: reviewers and workers are not to wait for them."""
        with self._store.reading() as session:
            run = runs.get(session, run_id)
            is_tested = run.accepting and Policy.model_validate(run.policy).audit_share > 0
            began, found = run.audited_from, drift(session, run) if is_tested else None
        if found is None or not found.is_alarm:
            return
        with self._store.writing() as session:
            still = select(Run).where(Run.id == run_id, col(Run.accepting), Run.audited_from == began)
            if run_now := session.exec(still.with_for_update()).first():
                _sound(session, run_now, found)


def _sound(session: Session, run: Run, found: Drift) -> None:
    why = f"drafts have become worse: {found.explain()}"
    figures: dict[str, Json] = {
        "audits": found.audits,
        "wrong": found.wrong,
        "changed_after": found.changed_after,
    }
    pause(session, run, why, None, **figures)
    alarms.raise_(session, run, "drift", f"accepting is paused: {why}", **figures)


def _turn(session: Session, run: Run, on: bool, note: str) -> None:
    session.refresh(run, with_for_update=True)
    if run.accepting == on:
        state = "accepting already" if on else f"not accepting already: {run.accepting_note}"
        raise Conflict(f"run {run.id} is {state}")
    run.accepting, run.accepting_note, run.accepting_since = on, note, now()
    session.add(run)
