"""Streams tell what has changed from one look a second, however many listen, and from none where nobody does."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest
from pydantic import BaseModel
from sqlmodel import Session

from prelabel import runs
from prelabel.events import alarms
from prelabel.people import users
from prelabel.store import Store
from prelabel_api import streams
from prelabel_api.streams import EventStream, Hub, QueueTopic, RunTopic
from tests.api.hooks import Site, answer
from tests.factories import FakeDrafter, make_run, queue_up, sure, work_off

EVERY = 0.05


class Counted(BaseModel):
    value: int


class Counter:
    """A topic that tests change and count the looks at."""

    event = "counter"

    def __init__(self) -> None:
        self.value, self.looks = 0, 0

    def look(self, _session: Session) -> BaseModel:
        self.looks += 1
        return Counted(value=self.value)


async def event(events: AsyncGenerator[bytes]) -> dict[str, str]:
    """The next event that has data."""
    async with asyncio.timeout(5):
        async for sent in events:
            fields = dict(
                line.split(": ", 1) for line in sent.decode().splitlines() if line[:1] not in (":", "")
            )
            if "data" in fields:
                return fields
    raise AssertionError("the stream has ended")


async def data(events: AsyncGenerator[bytes]) -> Any:
    return json.loads((await event(events))["data"])


def played(store: Store, play: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(play(Hub(store, EVERY)))


def test_many_streams_on_one_topic_cost_one_look_and_all_are_told(sqlite_store: Store) -> None:
    async def play(hub: Hub) -> None:
        topic = Counter()
        many = [hub.stream(topic) for _ in range(50)]
        assert [await data(one) for one in many] == [{"value": 0}] * 50
        seen, topic.value = topic.looks, 1
        assert await asyncio.gather(*map(data, many)) == [{"value": 1}] * 50
        assert topic.looks - seen <= 3
        for one in many:
            await one.aclose()

    played(sqlite_store, play)


def test_nobody_looks_while_nobody_listens(sqlite_store: Store) -> None:
    async def play(hub: Hub) -> None:
        topic = Counter()
        stream = hub.stream(topic)
        await data(stream)
        await stream.aclose()
        await asyncio.sleep(4 * EVERY)
        seen = topic.looks
        await asyncio.sleep(4 * EVERY)
        assert topic.looks == seen
        topic.value = 2  # and it begins again with the next
        again = hub.stream(topic)
        assert await data(again) == {"value": 2}
        await again.aclose()

    played(sqlite_store, play)


def test_a_stream_says_when_to_come_again_and_sends_only_what_the_client_has_not(sqlite_store: Store) -> None:
    async def play(hub: Hub) -> None:
        topic = Counter()
        stream = hub.stream(topic)
        assert await anext(stream) == b"retry: 2000\n\n"
        first = await event(stream)
        assert (first["event"], len(first["id"]) > 8) == ("counter", True)
        await stream.aclose()
        back = Hub(hub._store, EVERY).stream(topic, first["id"])  # another process
        assert await anext(back) == b"retry: 2000\n\n"
        waiting = asyncio.create_task(event(back))
        await asyncio.sleep(4 * EVERY)
        assert not waiting.done()
        topic.value = 1
        assert json.loads((await waiting)["data"]) == {"value": 1}
        await back.aclose()

    played(sqlite_store, play)


def test_who_is_slow_gets_the_newest_state_and_nothing_is_kept_for_them(sqlite_store: Store) -> None:
    async def play(hub: Hub) -> None:
        topic = Counter()
        slow, quick = hub.stream(topic), hub.stream(topic)
        await data(slow)
        await data(quick)
        for value in range(1, 6):
            topic.value = value
            assert await data(quick) == {"value": value}
        assert await data(slow) == {"value": 5}
        await slow.aclose()
        await quick.aclose()

    played(sqlite_store, play)


def test_who_takes_nothing_is_dropped(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SLOW_SECONDS", 0.1)

    async def play(hub: Hub) -> None:
        async def send(message: Any) -> None:
            if message.get("body"):
                await asyncio.sleep(60)

        async with asyncio.timeout(5):
            await EventStream(hub.stream(Counter())).stream_response(send)
        assert hub._heard == {}

    played(sqlite_store, play)


def test_heartbeats_come_while_nothing_changes_and_streams_end_in_time(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.5)

    async def play(hub: Hub) -> None:
        async with asyncio.timeout(5):
            sent = [one async for one in hub.stream(Counter())]
        assert sent.count(b": ping\n\n") >= 3
        assert len([one for one in sent if b"data:" in one]) == 1

    played(sqlite_store, play)


def test_a_topic_that_fails_does_not_keep_the_others_from_being_told(sqlite_store: Store) -> None:
    async def play(hub: Hub) -> None:
        missing, topic = hub.stream(RunTopic(404, True)), Counter()
        await anext(missing)
        waiting = asyncio.create_task(anext(missing))
        stream = hub.stream(topic)
        assert await data(stream) == {"value": 0}
        hub.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(waiting, 5)

    played(sqlite_store, play)


def test_a_run_is_followed_to_its_end(store: Store) -> None:
    run_id = make_run(store, 5)

    async def play(hub: Hub) -> None:
        stream = hub.stream(RunTopic(run_id, True))
        first = await data(stream)
        assert (first["stage"], first["places"]["waiting"], first["alarms"]) == ("drafting", 5, [])
        await asyncio.to_thread(work_off, store, run_id, FakeDrafter(sure))
        while (state := await data(stream))["stage"] != "done":
            pass
        assert (state["places"]["settled"], float(state["spent"])) == (5, 0.05)
        await stream.aclose()

    played(store, play)


def test_reviewers_learn_nothing_of_alarms_and_checks_from_a_stream(sqlite_store: Store) -> None:
    rows = [{"id": f"g{at}", "text": "t", "gold": {"topic": "a"}} for at in range(30)]
    rows += [{"id": f"e{at}", "text": "u"} for at in range(30)]
    run_id = make_run(sqlite_store, rows, gold_share=0.3)

    def say(content: dict[str, Any]) -> tuple[str, float]:
        return ("a", 0.99) if content["text"] == "t" else ("a", 0.4)

    work_off(sqlite_store, run_id, FakeDrafter(say))
    with sqlite_store.writing() as session:
        alarms.raise_(session, runs.get(session, run_id), "drift", "the audits say so")

    async def play(hub: Hub) -> None:
        lead, reviewer = hub.stream(RunTopic(run_id, True)), hub.stream(RunTopic(run_id, False))
        seen, shown = await data(lead), await data(reviewer)
        assert (len(seen["alarms"]), shown["alarms"]) == (1, [])
        assert seen["places"]["queued"] == 30
        assert shown["places"]["queued"] > 30  # the checks among them
        assert sum(shown["places"].values()) == 60
        await lead.aclose()
        await reviewer.aclose()

    played(sqlite_store, play)


def test_a_reviewer_hears_of_work_that_comes_and_of_work_that_is_gone(site: Site) -> None:
    with site.store.reading() as session:
        user_id = users.find(session, "a-reviewer").id or 0

    async def play(hub: Hub) -> None:
        stream = hub.stream(QueueTopic(user_id, is_senior=False))
        assert await data(stream) == {"work": False, "cases": False, "feedback": 0}
        await asyncio.to_thread(queue_up, site.store, 1)
        assert (await data(stream))["work"] is True
        await asyncio.to_thread(answer, site)
        assert (await data(stream))["work"] is False
        await stream.aclose()

    played(site.store, play)
