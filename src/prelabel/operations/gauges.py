"""How things stand now, for Prometheus: read from the database when it is scraped, each figure by an index.

`ix_placement_run_id_place_is_gold_id` gives the places, `ix_slot_open` the queue, `ix_slot_expiring` and `ix_placement_lease_owner`
the leases, `ix_delivery_due_at` the webhooks. What is settled is not counted: it only grows, and the figures would take longer each month.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import case, or_, text
from sqlalchemy import select as wide_select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.models import (
    HELD,
    OPEN,
    PLACES,
    REASONS,
    RUN_STATES,
    Acknowledgement,
    Alarm,
    Delivery,
    Placement,
    Reservation,
    Run,
    Slot,
    UnsentLabel,
    now,
)
from prelabel.store import Store

log = logging.getLogger(__name__)
FRESH_SECONDS = 10.0
"""How long figures are given again as they are: however many scrape, the database is asked no more often."""
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
UNSETTLED = [place for place in PLACES if place != "settled"]


class FromDatabase(Collector):
    """The figures of one database; `prelabel_database_up` alone where it does not answer."""

    def __init__(self, store: Store, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._store = store
        self._fresh_seconds = fresh_seconds
        self._reading = threading.Lock()
        self._known: Sequence[Metric] = ()
        self._read_at = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing: to register is not to ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The figures as they were read last, or anew."""
        with self._reading:
            if time.monotonic() - self._read_at > self._fresh_seconds:
                self._known = self._read()
                self._read_at = time.monotonic()
            return self._known

    def _read(self) -> list[Metric]:
        began = time.monotonic()
        try:
            with self._store.reading() as session:
                found = [*figures(session)]
        except SQLAlchemyError as error:
            log.warning("figures for Prometheus are left out, the database does not answer: %s", error)
            return [_one("prelabel_database_up", "Whether the database answered.", 0)]
        took = _one(
            "prelabel_database_figures_seconds", "Time it took to read these.", time.monotonic() - began
        )
        return [_one("prelabel_database_up", "Whether the database answered.", 1), took, *found]


def add(registry: CollectorRegistry, store: Store) -> None:
    """Have a registry give the figures of a database too: that of the API, so that they are there once, however many workers are."""
    registry.register(FromDatabase(store))


def figures(session: Session) -> Iterator[Metric]:
    """All figures, by queries."""
    moment = now()
    yield from _of_runs(session)
    yield from _of_queue(session, moment)
    yield _by(
        "prelabel_leases", "Leases that hold: examples being drafted, slots open at reviewers.", "kind",
        {"draft": _leased(session, moment), "review": _claimed(session, moment)},
    )  # fmt: skip
    yield _by(
        "prelabel_alarms_open", "Alarms that nobody has acknowledged, by kind.", "kind", _alarms(session)
    )
    yield from _of_webhooks(session, moment)
    yield _one("prelabel_workers_alive", "Worker processes that live.", runs.workers_alive(session))


def _of_runs(session: Session) -> Iterator[Metric]:
    real = ~col(Run.trial)
    states = dict(session.exec(select(Run.state, func.count()).where(real).group_by(Run.state)).all())
    yield _by("prelabel_runs", "Runs by state.", "state", dict.fromkeys(RUN_STATES, 0) | states)
    paused = session.exec(select(func.count()).select_from(Run).where(~col(Run.accepting))).one()
    yield _one("prelabel_runs_not_accepting", "Runs in which nothing is accepted without review.", paused)
    rows = session.exec(
        select(Run.state, Run.lane, Placement.place, func.count())
        .join(Placement, col(Placement.run_id) == Run.id)
        .where(col(Placement.place).in_(UNSETTLED), or_(real, col(Placement.place) == "waiting"))
        .group_by(Run.state, Run.lane, Placement.place)
    )
    places, to_draft = Counter(dict.fromkeys(UNSETTLED, 0)), 0
    for state, lane, place, count in rows:
        places[place] += count
        to_draft += count if (state, lane, place) == ("running", "live", "waiting") else 0
    yield _by("prelabel_examples", "Examples of runs that are not settled, by place.", "place", places)
    yield _one(
        "prelabel_examples_to_draft",
        "Examples that live runs which are not paused have still to draft.",
        to_draft,
    )
    held = session.exec(select(func.sum(Reservation.dollars)).where(Reservation.expires_at >= now())).one()
    yield _one("prelabel_reserved_dollars", "Dollars set aside for calls to come.", float(held or 0))


def _of_queue(session: Session, moment: datetime) -> Iterator[Metric]:
    queue = GaugeMetricFamily(
        "prelabel_queue_slots", "Answers that people are asked for.", labels=("reason", "role")
    )
    oldest = GaugeMetricFamily(
        "prelabel_queue_oldest_seconds",
        "How long the longest waiting of them does.",
        labels=("reason", "role"),
    )
    whom = case((col(Slot.for_senior), "senior"), else_="reviewer")
    rows = session.execute(
        wide_select(col(Slot.reason), whom, func.count(), func.min(Slot.asked_at))
        .where(text(OPEN))
        .group_by(col(Slot.reason), col(Slot.for_senior))
    )
    found = {(reason, role): (count, since) for reason, role, count, since in rows}
    for key in [(reason, role) for reason in REASONS for role in ("reviewer", "senior")]:
        count, since = found.get(key, (0, moment))
        queue.add_metric(key, count)
        oldest.add_metric(key, (moment - since).total_seconds())
    return iter((queue, oldest))


def _leased(session: Session, moment: datetime) -> int:
    held = (col(Placement.lease_owner) > "", col(Placement.lease_until) >= moment)
    return session.exec(select(func.count()).select_from(Placement).where(*held)).one()


def _claimed(session: Session, moment: datetime) -> int:
    held = select(func.count()).select_from(Slot).where(text(HELD))
    return session.exec(held.where(col(Slot.lease_until) >= moment)).one()


def _alarms(session: Session) -> Mapping[str, int]:
    is_seen = select(Acknowledgement.id).where(Acknowledgement.alarm_id == Alarm.id).exists()
    rows = session.exec(select(Alarm.kind, func.count()).where(~is_seen).group_by(Alarm.kind))
    return dict(rows.all())


def _of_webhooks(session: Session, moment: datetime) -> Iterator[Metric]:
    pending = col(Delivery.due_at) > BEGINNING  # "is not null" would have SQLite read them all
    count, since = session.exec(select(func.count(), func.min(Delivery.created_at)).where(pending)).one()
    yield _one("prelabel_webhook_deliveries_pending", "Messages that webhooks are still to be sent.", count)
    waited = (moment - since).total_seconds() if count else 0
    yield _one("prelabel_webhook_oldest_seconds", "How long the longest waiting of them does.", waited)
    unsent = session.exec(select(func.count()).select_from(UnsentLabel)).one()
    yield _one("prelabel_webhook_labels_unsent", "Settled labels that are to become such messages.", unsent)


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _by(name: str, says: str, label: str, values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=(label,))
    for value, count in values.items():
        family.add_metric((value,), count)
    return family
