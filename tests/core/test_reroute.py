"""A run gets another policy while workers route and leads move examples: nothing keeps the old one, nothing that moved is moved."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from prelabel import route
from prelabel.errors import Conflict
from prelabel.leading import reroute
from prelabel.models import Placement, Run, User
from prelabel.routing import place
from prelabel.routing.policy import Policy
from prelabel.store import Store
from tests.factories import FakeDrafter, make_run, make_user, places, reasons, work_off

LOWER = Policy(threshold=0.2)


@pytest.fixture
def run_id(store: Store) -> int:
    """Six examples, 0.0 to 0.5 sure, all with people."""
    run_id = make_run(store, 6, threshold=0.9)
    work_off(store, run_id, FakeDrafter(lambda content: ("a", int(content["text"].split()[1]) / 10)))
    return run_id


@pytest.fixture
def lena(store: Store) -> User:
    return make_user(store, "lena", "lead")


def between(monkeypatch: pytest.MonkeyPatch, store: Store, what: Callable[[Session], None]) -> None:
    """Have something happen, once, between the search for examples and their lock."""
    lock, done = place.lock, list[bool]()

    def locked(session: Session, ids: Any) -> None:
        if not done:
            done.append(True)
            what(session)
        lock(session, ids)

    monkeypatch.setattr(place, "lock", locked)


def move(session: Session, place: str, reason: str, count: int = 2) -> None:
    for row in session.exec(select(Placement).order_by(col(Placement.id).desc()).limit(count)):
        row.place, row.reason = place, reason
        session.add(row)
    session.flush()


@pytest.mark.parametrize(("place", "reason"), [("failed", "closed: enough"), ("queued", "requested")])
def test_what_a_lead_has_moved_since_it_was_found_stays(
    store: Store, run_id: int, lena: User, monkeypatch: pytest.MonkeyPatch, place: str, reason: str
) -> None:
    between(monkeypatch, store, lambda session: move(session, place, reason))
    done = reroute.carry_out(store, run_id, LOWER, 60, lena)
    assert done.accepted == 2
    assert places(store, run_id)[place] == (2 if place == "failed" else 4)
    if place == "queued":
        assert sorted(reasons(store, run_id).values()) == ["low_confidence"] * 2 + ["requested"] * 2


def test_who_is_overtaken_by_another_policy_stops(
    store: Store, run_id: int, lena: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reroute, "BATCH", 2)

    def overtake(session: Session) -> None:
        session.get_one(Run, run_id).policy = Policy(threshold=0.95).model_dump(mode="json")
        session.flush()

    between(monkeypatch, store, overtake)
    with pytest.raises(Conflict, match="another policy"):
        reroute.carry_out(store, run_id, LOWER, 60, lena)


def test_what_is_drafted_and_not_routed_yet_is_routed_by_the_new_policy(
    store: Store, run_id: int, lena: User
) -> None:
    with store.writing() as session:
        move(session, "drafted", "", count=6)
    reroute.carry_out(store, run_id, LOWER, 60, lena)
    route.route_drafted(store, run_id)
    assert places(store, run_id) == {"settled": 4, "queued": 2}
