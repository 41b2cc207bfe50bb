"""A few people race for a few hundred slots; `tests/chaos` has many of both."""

from prelabel.store import Store
from tests.racing import run_race


def test_each_slot_is_answered_by_one_of_the_people_who_race_for_them(store: Store) -> None:
    places = run_race(store, examples=100, wanted=2, people=6, lease_seconds=1, seconds=100)
    assert set(places) <= {"settled", "failed"}
    assert places["settled"] > 75


def test_nothing_is_lost_where_people_are_paused_in_the_middle_of_it(store: Store) -> None:
    places = run_race(store, examples=60, wanted=1, people=6, lease_seconds=1, seconds=100, paused=2)
    assert set(places) <= {"settled", "failed"}
    assert places["settled"] > 45
