"""32 people on PostgreSQL, and 8 on SQLite, race for many slots, with crashes, expiries and undos all the while.

It takes long, so it is run by hand: PRELABEL_RACE_SLOTS=20000 make chaos ARGS="-k race". `tests/core/test_race.py` has few of both.
"""

import os

import pytest

from prelabel.store import Store
from tests.racing import run_race

SLOTS = int(os.environ.get("PRELABEL_RACE_SLOTS", "0"))


@pytest.mark.skipif(not SLOTS, reason="takes long: set PRELABEL_RACE_SLOTS")
@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("wanted", [1, 2, 3])
@pytest.mark.parametrize(("kind", "people"), [("sqlite", 8), ("postgres", 32)])
def test_none_of_many_slots_is_lost_or_doubled(
    request: pytest.FixtureRequest, kind: str, people: int, wanted: int
) -> None:
    store: Store = request.getfixturevalue(f"{kind}_store")
    examples = SLOTS // wanted
    places = run_race(store, examples, wanted, people, lease_seconds=10, seconds=1_700)
    print(f"{people} people on {kind}, {wanted} for each of {examples:,} examples: {dict(places)}")  # noqa: T201
    assert sum(places.values()) == examples + examples // 10  # gold comes on top
    assert places["settled"] > 0.9 * examples
