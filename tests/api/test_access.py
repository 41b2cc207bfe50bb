"""Who may come in, and who sees a project: members, tokens that may do less, invitations, the last admin."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from prelabel import errors
from prelabel.canonical import Json
from prelabel.client import Client
from prelabel.models import Invitation, Token, User, now
from prelabel.people import users
from prelabel.people.membership import WHOSE
from prelabel.store import Store
from prelabel_api.rights import rights
from tests.api.conftest import SignIn
from tests.factories import queue_up

SCHEMA = {"fields": {"topic": ["a", "b"]}}


@pytest.fixture
def run_id(store: Store, admin: Client) -> int:
    """A run of project `p` with examples in the queue; `ann` is the only member of `p`."""
    run_id = queue_up(store, 4)
    with store.writing() as session:
        users.create(session, "ann", "lead")
    admin.put("/projects/p/members/ann")
    return run_id


@pytest.fixture
def admin(sign_in: SignIn) -> Client:
    return sign_in("admin")


def of(store: Store, admin: Client, name: str) -> Client:
    with store.writing() as session:
        token = users.issue_token(session, users.find(session, name), "t")
    return Client("http://testserver", token, TestClient(admin._http.app))  # type: ignore[attr-defined]


def test_a_project_is_everyones_until_it_has_members(lead: Client, store: Store) -> None:
    queue_up(store, 2)
    assert lead.get("/projects/p/members") == []
    assert lead.get("/projects/p")["name"] == "p"


def test_to_who_is_no_member_the_project_does_not_exist(
    run_id: int, store: Store, admin: Client, lead: Client, reviewer: Client
) -> None:
    for path in (
        "/projects/p",
        "/projects/p/datasets",
        f"/runs/{run_id}",
        f"/runs/{run_id}/examples",
    ):
        with pytest.raises(errors.NotFound, match="there is no"):
            lead.get(path)
        assert of(store, admin, "ann").get(path)
    with pytest.raises(errors.NotFound, match="there is no run"):
        lead.get("/compare", runs=f"{run_id},{run_id}")
    assert list(lead.items("/projects")) == []
    assert list(lead.items("/runs")) == []
    assert [one["id"] for one in admin.items("/runs")] == [run_id]
    assert reviewer.post("/queue/claim", {}) == []
    with pytest.raises(errors.NotFound, match=f"there is no run {run_id}"):
        reviewer.post("/queue/claim", {"run_id": run_id})


@pytest.mark.parametrize("spelling", ["+{}", "{}.0", " {}", "{} ", "0{}"])
def test_it_does_not_exist_however_its_number_is_written(run_id: int, lead: Client, spelling: str) -> None:
    for path, number in (("/v1/runs/{}", run_id), ("/v1/queue/{}/scratch", 1)):
        answer = lead._http.get(path.format(quote(spelling.format(number))))
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("number", ["0", "-1", "9" * 30, "9" * 5_000, "²", "one"])
def test_what_is_no_number_of_anything_is_refused(run_id: int, lead: Client, number: str) -> None:
    for path in ("/v1/runs/{}", "/v1/queue/{}/scratch", "/v1/imports/{}/bad-rows"):
        assert lead._http.get(path.format(quote(number))).status_code == 422


def test_what_is_hidden_cannot_be_told_from_what_is_not_there(run_id: int, lead: Client) -> None:
    said = []
    for path in (f"/runs/{run_id}", "/runs/999", "/projects/p", "/projects/q"):
        with pytest.raises(errors.NotFound) as caught:
            lead.get(path)
        said.append(str(caught.value).replace(str(run_id), "N").replace("999", "N").replace("'q'", "'p'"))
    assert said[0] == said[1]
    assert said[2] == said[3]


def test_members_work_and_who_is_one_no_longer_cannot_finish(
    run_id: int, store: Store, admin: Client, sign_in: SignIn
) -> None:
    bob = sign_in("reviewer", "bob")
    admin.put("/projects/p/members/bob")
    (work,) = bob.post("/queue/claim", {"limit": 1})
    admin.delete("/projects/p/members/bob")
    body: dict[str, Json] = {"label": {"topic": "a"}, "client_token": "a-token-1"}
    with pytest.raises(errors.NotFound):
        bob.post(f"/queue/{work['slot_id']}/submit", body)


def test_who_closes_a_project_is_a_member_of_it_as_well(lead: Client, sign_in: SignIn) -> None:
    sign_in("reviewer", "bob")
    lead.define_project("mine", SCHEMA)
    assert [one["name"] for one in lead.put("/projects/mine/members/bob")] == ["a-lead", "bob"]
    assert lead.get("/projects/mine")["name"] == "mine"


def test_every_endpoint_that_addresses_something_of_a_project_is_checked(
    run_id: int, app: FastAPI, lead: Client
) -> None:
    """With the role that it asks for, and no membership, each answers as if there were no such thing."""
    seen = 0
    for right in rights(app):
        names = {part[1:-1] for part in right.path.split("/") if part.startswith("{")}
        if right.role in ("", None, "admin") or not names & (
            WHOSE.keys() - {"sha256", "import_id", "slot_id"}
        ):
            continue
        path = right.path.replace("{project}", "p").replace("{run_id}", str(run_id))
        for name in names:
            path = path.replace("{" + name + "}", "1")
        answer = lead._http.request(right.method, path, json={})
        assert answer.status_code == 404, (right.method, path, answer.status_code, answer.text)
        seen += 1
    assert seen > 40


@pytest.fixture
def app(admin: Client) -> FastAPI:
    return admin._http.app  # type: ignore[attr-defined, no-any-return]


def test_a_token_may_do_less_than_its_user_and_so_may_a_session_that_it_begins(
    lead: Client, store: Store, admin: Client
) -> None:
    made = lead.post("/tokens", {"name": "robot", "role": "reviewer", "days": 1})
    app = TestClient(admin._http.app)  # type: ignore[attr-defined]
    robot = Client("http://testserver", made["token"], app)
    assert robot.get("/me")["role"] == "reviewer"
    with pytest.raises(errors.NotAllowed):
        robot.define_project("x", SCHEMA)
    session = TestClient(admin._http.app)  # type: ignore[attr-defined]
    begun = session.post("/v1/session", json={"token": made["token"]}).json()
    assert begun["role"] == "reviewer"
    session.headers["X-CSRF-Token"] = begun["csrf_token"]
    assert session.put("/v1/projects/x", json={"schema": SCHEMA}).status_code == 403
    assert robot.post("/tokens", {"name": "more"})["token"]
    with store.reading() as reading:
        assert reading.exec(select(User).where(User.name == "a-lead")).one().role == "lead"
        roles = [token.role for token in reading.exec(select(Token).where(Token.name == "more"))]
    assert roles == ["reviewer"]


def test_who_may_do_less_sets_no_password_with_which_one_may_do_all(lead: Client, app: FastAPI) -> None:
    made = lead.post("/tokens", {"role": "reviewer"})
    robot = Client("http://testserver", made["token"], TestClient(app))
    with pytest.raises(errors.NotAllowed, match="may do less"):
        robot.put("/password", {"new": "long enough"})
    lead.put("/password", {"new": "long enough"})
    robot.put("/password", {"old": "long enough", "new": "longer than that"})


def test_a_token_that_may_do_less_than_an_admin_still_works_where_the_admin_sees(
    run_id: int, admin: Client, app: FastAPI
) -> None:
    made = admin.post("/tokens", {"role": "reviewer"})
    robot = Client("http://testserver", made["token"], TestClient(app))
    assert robot.get(f"/runs/{run_id}")["id"] == run_id
    (work,) = robot.post("/queue/claim", {"limit": 1})
    robot.post(f"/queue/{work['slot_id']}/submit", {"label": {"topic": "a"}, "client_token": "a-token-1"})


def test_a_token_does_not_do_more_than_its_user(reviewer: Client) -> None:
    with pytest.raises(errors.InputError, match="a token may not do more"):
        reviewer.post("/tokens", {"role": "admin"})


def test_a_token_ends_when_it_is_over_or_revoked(lead: Client, store: Store, admin: Client) -> None:
    made = lead.post("/tokens", {"name": "short", "days": 1})
    client = Client("http://testserver", made["token"], TestClient(admin._http.app))  # type: ignore[attr-defined]
    (found,) = [one for one in lead.get("/tokens") if one["name"] == "short"]
    assert client.get("/me")["name"] == "a-lead"
    with store.writing() as session:
        session.get_one(Token, found["id"]).expires_at = now() - timedelta(seconds=1)
    with pytest.raises(errors.NotSignedIn):
        client.get("/me")
    again = lead.post("/tokens", {"name": "again"})
    (found,) = [one for one in lead.get("/tokens") if one["name"] == "again"]
    lead.delete(f"/tokens/{found['id']}")
    with pytest.raises(errors.NotSignedIn):
        Client("http://testserver", again["token"], TestClient(admin._http.app)).get("/me")  # type: ignore[attr-defined]


def test_tokens_of_others_are_for_admins(lead: Client, reviewer: Client, admin: Client) -> None:
    (mine,) = lead.get("/tokens")
    with pytest.raises(errors.NotAllowed):
        reviewer.get("/tokens", of="a-lead")
    with pytest.raises(errors.NotFound):
        reviewer.delete(f"/tokens/{mine['id']}")
    assert [one["id"] for one in admin.get("/tokens", of="a-lead")] == [mine["id"]]


def test_who_is_disabled_cannot_come_in_until_enabled(admin: Client, lead: Client) -> None:
    patch(admin, "a-lead", disabled=True)
    with pytest.raises(errors.NotSignedIn):
        lead.get("/me")
    patch(admin, "a-lead", disabled=False)
    assert lead.get("/me")["name"] == "a-lead"


def patch(admin: Client, name: str, **body: Json) -> None:
    admin._send("PATCH", f"/users/{name}", json=body)


def test_one_admin_is_always_left(admin: Client, sign_in: SignIn) -> None:
    with pytest.raises(errors.Conflict, match="the only admin"):
        patch(admin, "a-admin", role="lead")
    sign_in("admin", "other")
    outcomes: list[str] = []

    def step_down(name: str) -> None:
        try:
            patch(admin, name, role="lead")
            outcomes.append("done")
        except (errors.Conflict, errors.NotAllowed) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=step_down, args=[name]) for name in ("a-admin", "other")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert outcomes.count("done") == 1


@pytest.fixture
def stranger(admin: Client) -> Iterator[TestClient]:
    with TestClient(admin._http.app, raise_server_exceptions=False) as client:  # type: ignore[attr-defined]
        yield client


def accept(
    stranger: TestClient, path: str, name: str, password: str = "long enough"
) -> tuple[int, dict[str, Json]]:
    body = {"secret": path.removeprefix("/invitation/"), "name": name, "password": password}
    answer = stranger.post("/v1/invitations/accept", json=body)
    return answer.status_code, dict(answer.json())


def test_who_is_invited_becomes_a_user_and_a_member_and_is_signed_in(
    run_id: int, store: Store, admin: Client, stranger: TestClient
) -> None:
    made = of(store, admin, "ann").post("/invitations", {"projects": ["p"]})
    status, session = accept(stranger, made["path"], "bob")
    assert (status, session["name"], session["role"]) == (200, "bob", "reviewer")
    assert [one["id"] for one in stranger.get("/v1/runs").json()["items"]] == [run_id]
    assert stranger.post("/v1/session", json={"name": "bob", "password": "long enough"}).status_code == 200


def test_an_invitation_is_good_once_even_for_two_at_once(admin: Client, store: Store) -> None:
    made = admin.post("/invitations", {"role": "lead"})
    outcomes: list[int] = []

    def take(name: str) -> None:
        client = TestClient(admin._http.app, raise_server_exceptions=False)  # type: ignore[attr-defined]
        outcomes.append(accept(client, made["path"], name)[0])

    threads = [threading.Thread(target=take, args=[name]) for name in ("eve", "eva", "evi")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == [200, 404, 404]


@pytest.mark.parametrize("how", ["old", "withdrawn", "guessed"])
def test_a_link_that_is_no_good_lets_nobody_in(
    admin: Client, store: Store, stranger: TestClient, how: str
) -> None:
    made = admin.post("/invitations", {})
    path = "/invitation/guess" if how == "guessed" else made["path"]
    if how == "withdrawn":
        admin.delete(f"/invitations/{made['id']}")
    if how == "old":
        with store.writing() as session:
            session.get_one(Invitation, made["id"]).expires_at = now()
    assert accept(stranger, path, "eve")[0] == 404


def test_a_bad_password_or_name_leaves_the_invitation_good(admin: Client, stranger: TestClient) -> None:
    made = admin.post("/invitations", {})
    assert accept(stranger, made["path"], "bob", "short")[0] == 422
    assert accept(stranger, made["path"], "a-admin")[0] == 409
    assert accept(stranger, made["path"], "bob")[0] == 200


def test_an_invitation_does_not_lead_from_a_deleted_project_into_the_next(
    admin: Client, reviewer: Client, stranger: TestClient
) -> None:
    admin.define_project("gone", SCHEMA)
    made = admin.post("/invitations", {"projects": ["gone"]})
    admin.delete("/projects/gone")
    admin.define_project("next", SCHEMA)
    assert accept(stranger, made["path"], "bob")[0] == 200
    assert reviewer.get("/projects/next/members") == []


def test_leads_invite_reviewers_only(lead: Client) -> None:
    assert lead.post("/invitations", {})["role"] == "reviewer"
    for body in ({"role": "admin"}, {"user": "a-lead"}):
        with pytest.raises(errors.NotAllowed):
            lead.post("/invitations", dict(body))


def test_a_forgotten_password_is_set_anew_by_a_link(
    admin: Client, lead: Client, stranger: TestClient
) -> None:
    made = admin.post("/invitations", {"user": "a-lead"})
    status, session = accept(stranger, made["path"], "")
    assert (status, session["name"], session["role"]) == (200, "a-lead", "lead")


def test_invitations_are_listed_without_their_secret(admin: Client) -> None:
    made = admin.post("/invitations", {})
    (listed,) = admin.get("/invitations")
    assert (listed["id"], listed["path"]) == (made["id"], None)
