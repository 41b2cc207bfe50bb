"""Server-sent events: what changes, to all who listen, from one look at the database a second.

The database is the truth. One task of the process looks at what anyone listens to and tells those whose state has changed; with no
listener it ends. A listener holds no more than the newest state, so whoever is slow misses what lay between, and whoever takes
nothing for `SLOW_SECONDS` is dropped. A stream begins with the whole state, whose id is its digest: a client that comes back with
`Last-Event-ID` is told only what is new.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from prelabel.errors import PrelabelError
from prelabel.events import live
from prelabel.store import Store

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 15.0
SLOW_SECONDS = 30.0
STREAM_SECONDS = 300.0
"""How long a stream lasts. Clients then come again by themselves, and who they are is checked again."""
RETRY_MILLISECONDS = 2_000
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class Topic(Protocol):
    """What can be listened to: equal ones are looked at once."""

    @property
    def event(self) -> str:
        """What its events are called."""

    def look(self, session: Session) -> BaseModel:
        """Its state now."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class RunTopic:
    """A run, as leads see it or as others do."""

    run_id: int
    for_lead: bool
    event: str = "run"

    def look(self, session: Session) -> BaseModel:
        """The run now."""
        return live.of_run(session, self.run_id, self.for_lead)


@dataclass(frozen=True)
class QueueTopic:
    """The queue, for one person."""

    user_id: int
    is_senior: bool
    event: str = "queue"

    def look(self, session: Session) -> BaseModel:
        """What the queue has for them now."""
        return live.of_queue(session, self.user_id, self.is_senior)


@dataclass(frozen=True)
class State:
    """The state of a topic, as it is sent."""

    id: str
    data: str


class _Listener:
    """Who follows a topic; `state` is the newest that they have not been sent."""

    def __init__(self, state: State | None) -> None:
        self.state = state
        self._has_come = asyncio.Event()
        if state:
            self._has_come.set()

    def tell(self, state: State | None) -> None:
        self.state = state
        self._has_come.set()

    async def next(self) -> State | None:
        await self._has_come.wait()
        self._has_come.clear()
        return self.state


class Hub:
    """All streams of this process."""

    def __init__(self, store: Store, every: float = 1.0) -> None:
        self._store = store
        self._every = every
        self._heard: dict[Topic, set[_Listener]] = {}
        self._newest: dict[Topic, State] = {}
        self._is_new = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    async def stream(self, topic: Topic, known: str = "") -> AsyncGenerator[bytes]:
        """The events of a topic as they are sent; `known` is the id of the state that the client has already."""
        listener = self._join(topic)
        ends = time.monotonic() + STREAM_SECONDS
        try:
            yield format_sse_event(retry=RETRY_MILLISECONDS)
            while not self._is_closed and (left := ends - time.monotonic()) > 0:
                try:
                    state = await asyncio.wait_for(listener.next(), min(HEARTBEAT_SECONDS, left))
                except TimeoutError:
                    yield KEEPALIVE_COMMENT
                    continue
                if state and state.id != known:
                    known = state.id
                    yield format_sse_event(event=topic.event, id=state.id, data_str=state.data)
        finally:
            self._leave(topic, listener)

    def close(self) -> None:
        """End all streams, and let none begin."""
        self._is_closed = True
        for listeners in self._heard.values():
            for listener in listeners:
                listener.tell(None)

    def _join(self, topic: Topic) -> _Listener:
        listener = _Listener(self._newest.get(topic))
        if topic not in self._heard:
            self._heard[topic] = set()
            self._is_new.set()
        self._heard[topic].add(listener)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return listener

    def _leave(self, topic: Topic, listener: _Listener) -> None:
        self._heard[topic].discard(listener)
        if not self._heard[topic]:
            del self._heard[topic]
            self._newest.pop(topic, None)

    async def _look(self) -> None:
        """Tell what has changed, for as long as anyone listens."""
        try:
            while self._heard and not self._is_closed:
                self._is_new.clear()
                for topic, state in await asyncio.to_thread(self._states, [*self._heard]):
                    if topic in self._heard and self._newest.get(topic) != state:
                        self._newest[topic] = state
                        for listener in self._heard[topic]:
                            listener.tell(state)
                await self._pause()
        finally:
            self._looking = None

    async def _pause(self) -> None:
        """Until the next look; a topic that nobody listened to before is looked at at once."""
        try:
            await asyncio.wait_for(self._is_new.wait(), self._every)
        except TimeoutError:
            return

    def _states(self, topics: Sequence[Topic]) -> list[tuple[Topic, State]]:
        """The topics' states now; without those that could not be looked at, which are tried again."""
        found = []
        for topic in topics:
            try:
                with self._store.reading() as session:
                    data = topic.look(session).model_dump_json()
            except PrelabelError as error:
                log.warning("%s cannot be followed: %s", topic, error)
            except Exception:  # one faulty topic must not end the looks at all others
                log.exception("following %s: a fault, trying again", topic)
            else:
                found.append((topic, State(hashlib.blake2b(data.encode(), digest_size=12).hexdigest(), data)))
        return found


class EventStream(StreamingResponse):
    """A stream of a hub as an answer. A client that takes nothing is dropped."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__(events, headers=HEADERS)
        self._events = events

    async def stream_response(self, send: Send) -> None:
        """Send the events as they come."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(SLOW_SECONDS):
                await send(message)

        try:
            await super().stream_response(in_time)
        except TimeoutError:
            log.info("a client that took no events was dropped")
        finally:
            await self._events.aclose()
