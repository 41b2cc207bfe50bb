"""Signing in at the page: a cookie for a session, which no other site's page can use."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from prelabel.models import Attempt, SignIn, User, now
from prelabel.people import signing_in, users
from prelabel.people.passwords import hashed
from prelabel.settings import Settings
from prelabel.store import Store
from tests.api.recording import RecordingQueue
from tests.api.serving import served

PASSWORD = "correct horse battery"
ANN = {"name": "ann", "password": PASSWORD}


@pytest.fixture
def browser(store: Store) -> Iterator[TestClient]:
    """A client that keeps cookies, where there are ann, a lead with a password, and tom, who has a token."""
    with store.writing() as session:
        users.create(session, "ann", "lead").password = hashed(PASSWORD)
        users.issue_token(session, users.create(session, "tom", "reviewer"), "t", "pl_toms-token")
    with TestClient(served("session", store, Settings(), RecordingQueue())) as client:
        yield client


def sign_in(browser: TestClient, **body: str) -> dict[str, str]:
    """Sign in, and send the CSRF token from now on, as the page does."""
    answer = browser.post("/v1/session", json=body or ANN)
    assert answer.status_code == 200, answer.text
    browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return dict(answer.json())


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_and_other_sites(browser: TestClient) -> None:
    answer = browser.post("/v1/session", json=ANN)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_goes_over_https_only(browser: TestClient) -> None:
    browser.base_url = "https://testserver"
    assert "Secure" in browser.post("/v1/session", json=ANN).headers["set-cookie"]


def test_a_session_is_as_good_as_a_token(browser: TestClient) -> None:
    sign_in(browser)
    assert browser.get("/v1/session").json()["role"] == "lead"
    assert browser.put("/v1/projects/p", json={"schema": {"fields": {"a": ["x", "y"]}}}).status_code == 200


def test_a_token_can_be_exchanged_for_a_session(browser: TestClient) -> None:
    assert sign_in(browser, token="pl_toms-token")["name"] == "tom"
    assert browser.post("/v1/queue/claim", json={}).json() == []


def test_only_hashes_are_kept(browser: TestClient, store: Store) -> None:
    sign_in(browser)
    with store.reading() as session:
        row = session.exec(select(SignIn)).one()
        ann = session.exec(select(User).where(User.name == "ann")).one()
    assert browser.cookies["prelabel_session"] not in str(row)
    assert ann.password.startswith("$argon2id$")


def test_without_its_csrf_token_a_session_changes_nothing(browser: TestClient) -> None:
    token = sign_in(browser)["csrf_token"]
    browser.headers["X-CSRF-Token"] = "another"
    refused = browser.put("/v1/projects/p", json={"schema": {"fields": {"a": ["x", "y"]}}})
    assert (refused.status_code, refused.json()["error"]) == (403, "NotAllowed")
    browser.headers["X-CSRF-Token"] = token
    browser.headers["Origin"] = "https://elsewhere.example"
    assert browser.put("/v1/projects/p", json={"schema": {"fields": {"a": ["x", "y"]}}}).status_code == 403
    assert browser.get("/v1/projects").status_code == 200


def test_the_answer_does_not_tell_whether_there_is_such_a_name(browser: TestClient) -> None:
    wrong = browser.post("/v1/session", json=ANN | {"password": "wrong password"})
    unknown = browser.post("/v1/session", json=ANN | {"name": "nobody"})
    without = browser.post("/v1/session", json=ANN | {"name": "tom"})
    assert {answer.status_code for answer in (wrong, unknown, without)} == {401}
    assert wrong.json() == unknown.json() == without.json()


def test_after_too_many_attempts_even_the_right_password_has_to_wait(
    browser: TestClient, store: Store
) -> None:
    for _ in range(signing_in.MOST["name"]):
        assert browser.post("/v1/session", json=ANN | {"password": "wrong password"}).status_code == 401
    limited = browser.post("/v1/session", json=ANN)
    assert (limited.status_code, limited.json()["error"]) == (429, "TooManyAttempts")
    assert 0 < int(limited.headers["Retry-After"]) <= signing_in.WINDOW.total_seconds()
    with store.writing() as session:
        for attempt in session.exec(select(Attempt)):
            attempt.at = now() - signing_in.WINDOW
    assert browser.post("/v1/session", json=ANN).status_code == 200


def test_who_tries_many_at_once_gets_no_more_attempts(browser: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        wrong = [
            pool.submit(browser.post, "/v1/session", json=ANN | {"password": f"wrong password {number}"})
            for number in range(16)
        ]
    assert Counter(one.result().status_code for one in wrong) == {401: signing_in.MOST["name"], 429: 6}


def test_one_address_cannot_try_many_names(browser: TestClient) -> None:
    for number in range(signing_in.MOST["address"]):
        browser.post("/v1/session", json={"token": f"pl_guess-{number}"})
    assert browser.post("/v1/session", json={"token": "pl_toms-token"}).status_code == 429


def test_attempts_are_kept_without_what_was_typed(browser: TestClient, store: Store) -> None:
    browser.post("/v1/session", json={"name": "my password by mistake", "password": "x"})
    with store.reading() as session:
        assert not [row for row in session.exec(select(Attempt)) if "mistake" in row.key]


def test_signed_out_the_cookie_is_worth_nothing(browser: TestClient) -> None:
    sign_in(browser)
    kept = browser.cookies["prelabel_session"]
    assert browser.delete("/v1/session").status_code == 204
    browser.cookies.set("prelabel_session", kept)
    assert browser.get("/v1/session").status_code == 401


def test_a_new_password_ends_all_other_sessions(browser: TestClient, store: Store) -> None:
    sign_in(browser)
    elsewhere = browser.cookies["prelabel_session"]
    browser.cookies.clear()
    sign_in(browser)
    body = {"old": PASSWORD, "new": "a better password"}
    assert browser.put("/v1/password", json=body | {"old": "wrong"}).status_code == 422
    assert browser.put("/v1/password", json=body).status_code == 204
    assert browser.get("/v1/session").status_code == 200
    browser.cookies.clear()
    browser.cookies.set("prelabel_session", elsewhere)
    assert browser.get("/v1/session").status_code == 401
    assert sign_in(browser, name="ann", password="a better password")


def test_a_short_password_is_refused(browser: TestClient) -> None:
    sign_in(browser, token="pl_toms-token")
    answer = browser.put("/v1/password", json={"new": "short"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "password: must have from 10 to 1,000 characters, not 5",
    )


@pytest.mark.parametrize(
    ("column", "age"), [("seen_at", signing_in.IDLE), ("created_at", signing_in.LONGEST)], ids=["idle", "old"]
)
def test_a_session_ends_by_itself(browser: TestClient, store: Store, column: str, age: timedelta) -> None:
    sign_in(browser)
    with store.writing() as session:
        setattr(session.exec(select(SignIn)).one(), column, now() - age)
    assert browser.get("/v1/session").status_code == 401


def test_who_is_disabled_is_signed_out(browser: TestClient, store: Store) -> None:
    sign_in(browser)
    with store.writing() as session:
        session.exec(select(User).where(User.name == "ann")).one().disabled_at = now()
    assert browser.get("/v1/session").status_code == 401
    assert browser.post("/v1/session", json=ANN).status_code == 401
