"""The two ways in which a service runs."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import new_database


@pytest.fixture(scope="module", params=["embedded", "distributed"])
def stores(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The settings of a service on one machine, and of one over PostgreSQL and Redis, for the tests of a file."""
    if request.param == "embedded":
        yield {}
        return
    with new_database(request.getfixturevalue("postgres_server")) as url:
        yield {"database_url": url, "broker_url": request.getfixturevalue("redis_url")}
