"""The database serves all of the API's threads at once, and each of them in its turn."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from anyio.to_thread import current_default_thread_limiter
from sqlmodel import select, text

from prelabel.models import User
from prelabel.store import CONNECTIONS, Store


async def threads_of_the_api() -> float:
    return current_default_thread_limiter().total_tokens


def test_each_thread_of_the_api_can_have_a_connection_of_its_own(store: Store) -> None:
    import anyio

    assert anyio.run(threads_of_the_api) <= CONNECTIONS
    with ExitStack() as stack:
        sessions = [stack.enter_context(store.reading()) for _ in range(CONNECTIONS)]
        assert [session.connection().execute(text("SELECT 1")).scalar() for session in sessions] == [
            1
        ] * CONNECTIONS


def test_nobody_who_writes_to_sqlite_waits_for_others_to_write_again_and_again(sqlite_store: Store) -> None:
    """SQLite has those who wait sleep and try again, while the one who has just written finds it free."""
    waited: list[float] = []

    def write_often(name: str) -> None:
        for number in range(40):
            before = time.monotonic()
            with sqlite_store.writing() as session:
                session.add(User(name=f"{name}{number}", role="reviewer"))
                session.flush()
                waited.append(time.monotonic() - before)
                time.sleep(0.005)

    before = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write_often, "abcdef"))
    assert max(waited) < (time.monotonic() - before) / 4


def test_who_fails_while_it_is_their_turn_to_write_lets_the_next_one_have_it(sqlite_store: Store) -> None:
    def fail() -> None:
        with sqlite_store.writing() as session:
            session.exec(select(User)).all()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    before = time.monotonic()
    with sqlite_store.writing() as session:
        session.exec(select(User)).all()
    assert time.monotonic() - before < 5
