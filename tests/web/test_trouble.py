"""When the server is away, a lease runs out, somebody signs out or another tab is open: nothing typed is lost, nothing is doubled."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from prelabel.models import Review, Slot, now
from prelabel.store import Store
from tests.running import Running, running
from tests.web.conftest import People
from tests.web.filling import INTENTS, queue_up, tickets

FIELDS: dict[str, Any] = {"intent": {"kind": "choice", "options": INTENTS}}
AWAY = 30
"""Seconds: many attempts to send fail meanwhile."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service of its own: these tests stop it, and look into its database."""
    with running(tmp_path_factory.mktemp("trouble"), 1) as found:
        yield found


def reviews(service: Running, run_id: int) -> list[Review]:
    """All answers to a run, from the database itself."""
    store = Store(f"sqlite:///{service.home / 'prelabel.db'}")
    try:
        with store.reading() as session:
            return list(session.exec(select(Review).where(Review.run_id == run_id)))
    finally:
        store.close()


def test_answers_given_while_the_server_is_away_arrive_once_when_it_is_back(
    service: Running, people: People
) -> None:
    run_id = queue_up(service, "away", FIELDS, tickets(30))
    with people.person() as person:
        person.review(run_id)
        answered = [person.goes_on("Enter")]
        person.is_saved()
        service.kill_api()
        answered += [person.goes_on("Enter") for _ in range(4)]
        expect(person.page.get_by_test_id("saved")).to_have_text(re.compile("4 not sent"))
        person.page.wait_for_timeout(AWAY * 1000)
        service.restart_api()
        person.is_saved()
    found = reviews(service, run_id)
    assert len(found) == len(answered) == 5
    assert max(Counter(one.example_id for one in found).values()) == 1


def test_answers_that_were_not_sent_outlive_the_page(service: Running, people: People) -> None:
    run_id = queue_up(service, "reload", FIELDS, tickets(20))
    with people.person() as person:
        person.review(run_id)
        person.page.route("**/submit", lambda route: route.abort())
        for _ in range(3):
            person.goes_on("Enter")
        expect(person.page.get_by_test_id("saved")).to_have_text(re.compile("3 not sent"))
        person.page.unroute("**/submit")
        person.page.on("dialog", lambda dialog: dialog.accept())
        person.page.reload()
        expect(person.page.locator(".work")).to_be_visible()
        person.is_saved()
        assert person.page.evaluate("indexedDB.databases().then(all => all.length)") == 1
    assert len(reviews(service, run_id)) == 3


def test_what_was_entered_and_not_sent_is_there_again_after_the_page_was_closed(
    service: Running, people: People
) -> None:
    fields = {"answer": {"kind": "text"}}
    rows = [
        {"id": "w", "text": "Where is it?", "drafts": [{"model": "m", "label": "Helo", "confidence": 0.5}]}
    ]
    run_id = queue_up(service, "scratch", fields, rows)
    with people.person() as person:
        person.review(run_id)
        person.press("e", "End")
        person.types(" there")
        person.page.wait_for_timeout(1500)
        person.page.reload()
        expect(person.page.get_by_role("textbox", name="answer")).to_have_value("Helo there")


def test_two_reviewers_are_never_shown_the_same_example(service: Running, people: People) -> None:
    run_id = queue_up(service, "two", FIELDS, tickets(40))
    with people.person() as one, people.person() as other:
        one.review(run_id)
        other.review(run_id)
        for _ in range(12):
            assert one.example() != other.example()
            one.goes_on("Enter")
            assert one.example() != other.example()
            other.goes_on("Enter")
        one.is_saved()
        other.is_saved()
    counts = Counter(review.example_id for review in reviews(service, run_id))
    assert len(counts) == 24
    assert max(counts.values()) == 1


def test_an_answer_to_an_example_that_somebody_else_has_meanwhile_is_kept_for_its_reviewer(
    service: Running, people: People
) -> None:
    run_id = queue_up(service, "lease", FIELDS, tickets(1))
    with people.person() as slow, people.person() as quick:
        slow.review(run_id)
        example = slow.example()
        expire(service, run_id)
        quick.review(run_id)
        assert quick.example() == example
        quick.press("Enter")
        quick.is_saved()
        slow.press("/")
        slow.types("age limit")
        slow.press("Enter")
        notice = slow.page.get_by_role("alert")
        expect(notice).to_contain_text(example)
        expect(notice).to_contain_text("age_limit")
        notice.get_by_role("button", name="Dismiss").click()
        expect(notice).to_have_count(0)
    assert len(reviews(service, run_id)) == 1


def expire(service: Running, run_id: int) -> None:
    """Have all leases of a run end now."""
    store = Store(f"sqlite:///{service.home / 'prelabel.db'}")
    with store.writing() as session:
        for slot in session.exec(select(Slot).where(Slot.run_id == run_id, Slot.state == "open")):
            slot.lease_until = now() - timedelta(seconds=1)
    store.close()


def test_signed_out_in_the_middle_answers_wait_until_one_has_signed_in_again(
    service: Running, people: People
) -> None:
    run_id = queue_up(service, "signed-out", FIELDS, tickets(20))
    with people.person() as person:
        person.review(run_id)
        person.goes_on("Enter")
        person.is_saved()
        cookies = person.page.context.cookies()
        person.page.context.clear_cookies()
        person.goes_on("Enter")
        expect(person.page.get_by_text("Sign in again")).to_be_visible()
        person.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        person.page.get_by_role("button", name="Sign in with a token").click()
        person.page.get_by_label("Token").fill(person.token)
        person.page.get_by_role("button", name="Sign in", exact=True).click()
        person.is_saved()
    assert len(reviews(service, run_id)) == 2


def test_a_second_tab_waits_until_it_is_asked_to_take_over(service: Running, people: People) -> None:
    run_id = queue_up(service, "tabs", FIELDS, tickets(20))
    with people.person() as person:
        person.review(run_id)
        second = person.page.context.new_page()
        second.goto(f"{person.base}/review/{run_id}")
        expect(second.get_by_role("heading", name="You are reviewing in another tab")).to_be_visible()
        second.get_by_role("button", name="Go on in this one").click()
        expect(second.locator(".work")).to_be_visible()
        expect(person.page.get_by_role("heading", name="You are reviewing in another tab")).to_be_visible()


def test_what_is_left_is_free_for_others_at_once(service: Running, people: People, tmp_path: Path) -> None:
    run_id = queue_up(service, "leave", FIELDS, tickets(3))
    with people.person() as one, people.person() as other:
        one.review(run_id)
        other.page.goto(f"{other.base}/review/{run_id}")
        expect(other.page.get_by_role("heading", name="Nothing to review now")).to_be_visible()
        one.page.get_by_role("link", name="Review").click()
        expect(one.page.get_by_role("heading", name="Review")).to_be_visible()
        expect(other.page.locator(".work")).to_be_visible(timeout=15_000)
