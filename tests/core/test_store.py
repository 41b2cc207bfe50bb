"""The database serves all of the API's threads at once."""

from contextlib import ExitStack

from anyio.to_thread import current_default_thread_limiter
from sqlmodel import text

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
