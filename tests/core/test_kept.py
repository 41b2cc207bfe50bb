"""Figures of large runs are answered from what was computed before: with the moment, and anew where something has happened."""

import inspect
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import pytest
from sqlmodel import Session, func, select

from prelabel import projects, review
from prelabel.errors import Unavailable
from prelabel.events import journal
from prelabel.measure.figure import Figure
from prelabel.models import KeptFigure, Review, User, now
from prelabel.operations import forgetting
from prelabel.people import users
from prelabel.reports import kept
from prelabel.reports.dashboard import OfProject, OfRun
from prelabel.reports.kept import Ask, Keeper
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.factories import get_run, make_user, queued_run


class Answers(Figure):
    """How many answers there are."""

    count: int


@dataclass
class Counting:
    """A figure that counts how often it was computed; it can be made to wait, and to fail."""

    run_id: int
    computed: int = 0
    go: threading.Event = field(default_factory=threading.Event)
    fails: bool = False

    def __post_init__(self) -> None:
        self.go.set()

    def ask(self) -> Ask[Answers]:
        return Ask(1, [self.run_id], f"run {self.run_id}: answers", Answers, self.compute)

    def compute(self, session: Session) -> Answers:
        self.computed += 1
        assert self.go.wait(10)
        if self.fails:
            raise Unavailable("no luck")
        given = select(func.count()).select_from(Review).where(Review.run_id == self.run_id)
        return Answers(count=session.exec(given).one())


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is large, nothing is quick, and nothing rests."""
    monkeypatch.setattr(kept, "LARGE", 1)
    monkeypatch.setattr(kept, "QUICK", 0.0)
    monkeypatch.setattr(kept, "REST", 0.0)


@pytest.fixture
def counting(store: Store) -> Counting:
    return Counting(queued_run(store, 4))


@pytest.fixture
def rita(store: Store) -> int:
    return make_user(store).id or 0


def answer(store: Store, run_id: int, user_id: int) -> None:
    with store.writing() as session:
        [work] = review.claim(session, user_id, 1, 60, run_id)
        review.submit(session, user_id, work.slot_id, {"topic": "a"}, review.Answer(f"t{work.slot_id}"))


def settled(store: Store) -> None:
    """As if nothing had happened for an hour when what is kept was computed."""
    with store.writing() as session:
        for one in session.exec(select(KeptFigure)):
            assert one.same_since is not None
            one.same_since -= timedelta(hours=1)
            session.add(one)


def test_what_is_asked_of_a_small_run_is_always_computed_anew(
    store: Store, counting: Counting, rita: int
) -> None:
    keeper, ask = Keeper(store), counting.ask()
    before = now()
    assert keeper.get(ask).count == 0
    answer(store, counting.run_id, rita)
    found = keeper.get(ask)
    assert (found.count, counting.computed) == (1, 2)
    assert before < found.as_of <= now()
    with store.reading() as session:
        assert session.exec(select(KeptFigure)).all() == []


@pytest.mark.usefixtures("large")
def test_what_was_quick_is_computed_anew_until_it_is_not(
    store: Store, counting: Counting, rita: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "QUICK", 60.0)
    keeper, ask = Keeper(store), counting.ask()
    keeper.get(ask)
    answer(store, counting.run_id, rita)
    assert keeper.get(ask).count == 1
    monkeypatch.setattr(kept, "QUICK", 0.0)
    assert keeper.get(ask).count == 1
    keeper.settle()
    computed = counting.computed
    settled(store)
    assert (keeper.get(ask).count, counting.computed) == (1, computed)


@pytest.mark.usefixtures("large")
def test_what_has_not_changed_is_computed_once(store: Store, counting: Counting, rita: int) -> None:
    answer(store, counting.run_id, rita)
    keeper, ask = Keeper(store), counting.ask()
    first = keeper.get(ask)
    settled(store)
    other_run = queued_run(store, 2)  # what happens elsewhere does not count
    answer(store, other_run, make_user(store, "remi").id or 0)
    assert [keeper.get(ask) for _ in range(3)] == [first] * 3
    keeper.settle()
    assert counting.computed == 1
    with store.reading() as session:
        assert session.exec(select(KeptFigure.as_of)).one() == first.as_of  # not when it was done


@pytest.mark.usefixtures("large")
def test_what_has_changed_is_served_as_it_was_and_computed_once_for_all_who_ask(
    store: Store, counting: Counting, rita: int
) -> None:
    keepers = [Keeper(store), Keeper(store)]  # as two API processes have
    first = keepers[0].get(counting.ask())
    settled(store)
    answer(store, counting.run_id, rita)
    counting.go.clear()
    with ThreadPoolExecutor(8) as crowd:
        served = list(crowd.map(lambda number: keepers[number % 2].get(counting.ask()), range(24)))
    assert served == [first] * 24
    counting.go.set()
    for keeper in keepers:
        keeper.settle()
    assert counting.computed == 2
    settled(store)
    newer = keepers[1].get(counting.ask())
    assert newer.count == 1
    assert newer.as_of > first.as_of


@pytest.mark.usefixtures("large")
def test_a_figure_is_believed_only_once_what_was_under_way_is_over(store: Store, counting: Counting) -> None:
    keeper = Keeper(store)
    for _ in range(3):  # each is within a minute of the first sight of the newest rows
        keeper.get(counting.ask())
        keeper.settle()
    assert counting.computed == 3


@pytest.mark.usefixtures("large")
def test_once_nothing_has_happened_for_long_enough_it_is_computed_no_more(
    store: Store, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "SETTLED", timedelta(microseconds=1))
    keeper = Keeper(store)
    for _ in range(4):
        keeper.get(counting.ask())
        keeper.settle()
    assert counting.computed == 2  # first, and once more when the newest rows had been seen for a while


@pytest.mark.usefixtures("large")
def test_many_who_are_the_first_to_ask_have_it_computed_once(store: Store, counting: Counting) -> None:
    keepers = [Keeper(store), Keeper(store)]
    counting.go.clear()
    with ThreadPoolExecutor(6) as crowd:
        asked = [crowd.submit(keepers[number % 2].get, counting.ask()) for number in range(6)]
        counting.go.set()
        found = [one.result() for one in asked]
    for keeper in keepers:
        keeper.settle()
    assert {one.count for one in found} == {0}
    assert counting.computed <= 2  # once, and once more behind the scenes for who came later


@pytest.mark.usefixtures("large")
def test_who_would_wait_long_is_told_so_and_finds_it_later(
    store: Store, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.1)
    counting.go.clear()
    here, there = Keeper(store), Keeper(store)
    for keeper in (here, there):
        with pytest.raises(Unavailable, match="answers: this is being computed for the first time"):
            keeper.get(counting.ask())
    counting.go.set()
    here.settle()
    settled(store)
    assert (there.get(counting.ask()).count, counting.computed) == (0, 1)


@pytest.mark.usefixtures("large")
def test_what_fails_is_tried_again(store: Store, counting: Counting) -> None:
    keeper, counting.fails = Keeper(store), True
    with pytest.raises(Unavailable, match="no luck"):
        keeper.get(counting.ask())
    counting.fails = False
    assert keeper.get(counting.ask()).count == 0


@pytest.mark.usefixtures("large")
def test_another_version_of_the_program_counts_for_itself(
    store: Store, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    Keeper(store).get(counting.ask())
    monkeypatch.setattr(kept, "__version__", "99.0")
    Keeper(store).get(counting.ask())
    with store.reading() as session:
        [name] = session.exec(select(KeptFigure.name)).all()
    assert (counting.computed, name.split()[0]) == (2, "99.0")


@pytest.mark.usefixtures("large")
def test_what_is_kept_is_forgotten_with_a_person_whom_it_may_name(
    store: Store, counting: Counting, rita: int
) -> None:
    Keeper(store).get(counting.ask())
    with store.writing() as session:
        admin = users.create(session, "ada", "admin")
        forgetting.forget_person(session, session.get_one(User, rita), admin)
    with store.reading() as session:
        assert session.exec(select(KeptFigure)).all() == []


@pytest.mark.usefixtures("large")
def test_what_a_process_that_died_had_taken_on_is_computed_by_another(
    store: Store, counting: Counting
) -> None:
    ask = counting.ask()
    Keeper(store).get(ask)
    with store.writing() as session:
        [one] = session.exec(select(KeptFigure))
        assert one.lease_until is None  # what is computed is held no longer
        one.value, one.as_of, one.lease_until = None, None, now() - timedelta(seconds=1)
        session.add(one)
    assert (Keeper(store).get(ask).count, counting.computed) == (0, 2)


@pytest.mark.usefixtures("large")
def test_what_is_young_is_served_whatever_has_happened_since(
    store: Store, counting: Counting, rita: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, ask = Keeper(store), counting.ask()
    keeper.get(ask)
    answer(store, counting.run_id, rita)
    monkeypatch.setattr(kept, "REST", 60.0)
    monkeypatch.setattr(kept, "SHARE", 1e-9)  # seldom, as it takes long to compute
    assert keeper.get(ask).count == 0
    keeper.settle()
    assert counting.computed == 1
    monkeypatch.setattr(kept, "SHARE", 1e9)  # often, as it takes no time
    keeper.get(ask)
    keeper.settle()
    assert counting.computed == 2


def another_schema(store: Store, run_id: int) -> None:
    with store.writing() as session:
        projects.define(session, "p", LabelSchema.load("fields: {topic: [a, b, c, d]}"))


def a_line_in_the_journal(store: Store, run_id: int) -> None:
    with store.writing() as session:
        journal.note(session, None, "cap.set", get_run(store, run_id))


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("happens", [another_schema, a_line_in_the_journal])
def test_what_leaves_no_row_in_the_run_is_seen_as_well(
    store: Store, counting: Counting, happens: Callable[[Store, int], None]
) -> None:
    keeper, ask = Keeper(store), counting.ask()
    keeper.get(ask)
    settled(store)
    happens(store, counting.run_id)
    keeper.get(ask)
    keeper.settle()
    assert counting.computed == 2


@pytest.mark.usefixtures("large")
def test_where_too_many_rows_came_since_something_is_taken_to_have_happened(
    store: Store, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, ask = Keeper(store), counting.ask()
    keeper.get(ask)
    settled(store)
    other_run = queued_run(store, 2)
    answer(store, other_run, make_user(store, "remi").id or 0)
    monkeypatch.setattr(kept, "NEWER", 1)
    keeper.get(ask)
    keeper.settle()
    assert counting.computed == 2


def every_ask(figures: OfRun | OfProject) -> Iterator[Ask[Any]]:
    """What can be asked of a run or a project, by each way to divide it and at two prices of an hour."""
    for name, method in inspect.getmembers(figures, inspect.ismethod):
        if not name.startswith("_"):
            hints = get_type_hints(method)
            hints.pop("return")
            ways = [get_args(hint) or [Decimal(20), Decimal(30)] for hint in hints.values()]
            yield from (method(*way) for way in itertools.product(*ways))


def test_no_two_figures_are_kept_by_one_name(store: Store) -> None:
    run_ids = [queued_run(store, 1), queued_run(store, 1)]
    with store.reading() as session:
        all_figures: list[OfRun | OfProject] = [
            OfProject(session, "p"),
            *(OfRun(session, run_id) for run_id in run_ids),
        ]
    names = [ask.name for figures in all_figures for ask in every_ask(figures)]
    assert len(names) > 60
    assert len(set(names)) == len(names)
