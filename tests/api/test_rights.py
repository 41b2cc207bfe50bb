"""Who may do what: every endpoint has a rule, the rule holds, and the docs say the same."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from prelabel.models import ROLES
from prelabel_api.app import build
from prelabel_api.deps import ReviewerDep
from prelabel_api.rights import Right, rights, table
from tests.api.conftest import SignIn

FILLED = {"token_id": "999999", "project": "p", "dataset": "d", "name": "n", "sha256": "0" * 64}
"""What stands for the parameters of a path; all others are numbers."""
REVIEWERS = {
    "get_form",
    "my_session",
    "list_tokens",
    "make_token",
    "revoke_token",
    "list_members",
    "sign_out",
    "set_my_password",
    "who_am_i",
    "list_projects",
    "get_project",
    "list_runs",
    "get_run",
    "get_progress",
    "follow_run",
    "get_image",
    "get_label_studio_config",
}
"""What reviewers may do beside working in the queue; with it, one has to think before it grows."""
SENIORS = {
    "claim_adjudications",
    "get_case",
    "get_conflict_search",
    "list_conflicts",
    "get_conflict",
    "resolve_conflict",
    "queue_conflict",
    "similar_to_case",
    "dismiss_conflict",
    "undo_conflict",
}


@pytest.fixture
def app(web: TestClient) -> FastAPI:
    assert isinstance(web.app, FastAPI)
    return web.app


@pytest.fixture(autouse=True)
def ended_streams(app: FastAPI) -> None:
    """Streams end at once: a client that reads them whole would wait."""
    app.state.hub.close()


@pytest.fixture
def found(app: FastAPI) -> Sequence[Right]:
    return rights(app)


def ask(web: TestClient, right: Right, **headers: str) -> int:
    path = re.sub(r"\{(\w+)\}", lambda match: FILLED.get(match[1], "1"), right.path)
    return web.request(right.method, path, json={}, headers=headers).status_code


def test_every_endpoint_has_one_rule(found: Sequence[Right]) -> None:
    assert [right for right in found if right.role is None] == []
    assert len(found) > 50


def test_an_endpoint_without_a_rule_is_found() -> None:
    app, router = build(), APIRouter()
    router.add_api_route("/open", lambda: None)

    @router.get("/closed")
    def closed(_user: ReviewerDep) -> None:
        """Needs a reviewer."""

    app.include_router(router)
    assert {right.path: right.role for right in rights(app)[-2:]} == {
        "/open": None,
        "/closed": "reviewer",
    }


def test_without_a_token_only_what_is_for_anyone_answers(web: TestClient, found: Sequence[Right]) -> None:
    for right in found:
        assert (ask(web, right) != 401) == (right.role == ""), right
    assert {right.name for right in found if right.role == ""} == {
        "health",
        "ready",
        "backend_health",
        "backend_metrics",
        "sign_in",
        "accept_invitation",
        "icon",
        "page",
    }


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_the_table_says_and_no_more(
    web: TestClient, sign_in: SignIn, found: Sequence[Right], role: str
) -> None:
    token = sign_in(role)._http.headers["Authorization"]
    for right in found:
        assert (ask(web, right, Authorization=token) != 403) == right.may(role), right


def test_reviewers_may_work_in_the_queue_and_read_what_they_work_on(found: Sequence[Right]) -> None:
    theirs = {
        right.name
        for right in found
        if right.role == "reviewer" and "/queue/" not in right.path and "label-studio/" not in right.path
    }
    assert theirs == REVIEWERS
    assert {right.name for right in found if right.role == "senior"} == SENIORS


def test_users_and_tokens_are_for_admins(found: Sequence[Right]) -> None:
    assert {right.role for right in found if right.path.startswith("/v1/users")} == {"admin"}


def test_the_docs_say_what_the_endpoints_ask_for(app: FastAPI) -> None:
    kept = Path(__file__).parents[2] / "docs" / "rights.md"
    assert kept.read_text() == table(app), "write it anew: python -m prelabel_api.rights > docs/rights.md"
