"""What is asked again and what is not, lists page by page, errors as they were raised, and that types are those of the API."""

from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import httpx2
import pytest

from prelabel import errors
from prelabel.client import client as client_module
from prelabel.client import connection, documents, run, work
from prelabel.client.client import Client
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api.app import create_app
from tests.api.recording import RecordingQueue

Answered = Callable[[httpx2.Request], httpx2.Response]
LOST = httpx2.ReadError("the connection broke off")
REFUSED = httpx2.ConnectError("refused")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PAUSES", (0, 0))


class Server:
    """Answers in turn with what it is given, and keeps what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.asked: list[httpx2.Request] = []
        self._answers = iter(answers)
        transport = httpx2.MockTransport(self._answer)
        self.client = Client(
            "http://server", "pl_x", httpx2.Client(transport=transport, base_url="http://server")
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return httpx2.Response(status, json=body, headers={"Retry-After": "7"})


DOWN = (503, {"error": "Unavailable", "detail": "the database does not answer"})
ACT = {"client_token": "12345678"}


@pytest.mark.parametrize("trouble", [LOST, REFUSED, DOWN])
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get("/runs"),
        lambda client: client.put("/projects/p", {}),
        lambda client: client.post("/queue/1/submit", ACT),
        lambda client: client.claim()[:0] or {},
    ],
)
def test_what_does_the_same_twice_is_asked_again(trouble: object, ask: Callable[[Client], Any]) -> None:
    server = Server(trouble, trouble, {})
    assert ask(server.client) == {}
    assert len(server.asked) == 3


@pytest.mark.parametrize("trouble", [LOST, DOWN])
def test_what_would_be_done_twice_is_not_asked_again(trouble: object) -> None:
    server = Server(trouble, {})
    with pytest.raises(errors.Unavailable):
        server.client.post("/projects/p/datasets/d/runs", {})
    assert len(server.asked) == 1


def test_what_never_reached_a_server_is_asked_again_but_not_for_ever() -> None:
    server = Server(REFUSED, REFUSED, REFUSED, {})
    with pytest.raises(errors.Unavailable, match=r"no server answers at http://server \(refused\)"):
        server.client.post("/projects/p/datasets/d/runs", {})
    assert len(server.asked) == 3


def test_a_list_is_fetched_page_by_page_as_it_is_used() -> None:
    server = Server(
        {"items": [{"name": "a"}, {"name": "b"}], "next": 2}, {"items": [{"name": "c"}], "next": None}
    )
    found = server.client.projects()
    assert (next(found).name, next(found).name, len(server.asked)) == ("a", "b", 1)
    assert [one.name for one in found] == ["c"]
    assert server.asked[1].url.params["after"] == "2"


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (422, "SchemaError", errors.SchemaError),
        (422, "RowError", errors.InputError),
        (422, "LabelError", errors.LabelError),
        (409, "LeaseLost", errors.LeaseLost),
        (500, "InternalError", errors.PrelabelError),
        (500, "Any", errors.PrelabelError),
    ],
)
def test_an_error_is_the_one_that_was_raised_in_the_words_of_the_server(
    status: int, name: str, kind: type[errors.PrelabelError]
) -> None:
    with pytest.raises(errors.PrelabelError, match=r"^what is wrong$") as raised:
        Server((status, {"error": name, "detail": "what is wrong"})).client.post("/x")
    assert type(raised.value) is kind


@pytest.mark.parametrize("stage", ["paused", "over_budget", "cancelled"])
def test_a_run_that_somebody_has_to_look_at_is_not_waited_for(stage: str) -> None:
    at_work = {"id": 3, "stage": "drafting", "note": "", "places": {"waiting": 1, "settled": 1}}
    server = Server(at_work, at_work | {"stage": stage, "note": "the key is not valid"})
    with pytest.raises(errors.Unavailable, match=f"run 3 is {stage}: the key is not valid"):
        run.Run(at_work, server.client).wait(every=0, bar=True)


def test_too_many_attempts_say_how_long_to_wait() -> None:
    with pytest.raises(errors.TooManyAttempts) as raised:
        Server((429, {"error": "TooManyAttempts", "detail": "later"})).client.get("/runs")
    assert raised.value.wait == 7


def test_a_misspelt_attribute_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(AttributeError, match=r"Project has no 'nam'; it has name$"):
        _ = documents.Project(name="p").nam  # type: ignore[attr-defined] # it is misspelt


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('reference') / 'unused.db'}")
    yield create_app(store, Settings(), RecordingQueue()).openapi()
    store.close()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (documents.Project, "ProjectOut"), (documents.Imported, "ImportOut"), (documents.BadRow, "BadRowOut"),
        (documents.Quoted, "Quote"), (documents.Example, "ExampleOut"), (documents.Review, "Given"),
        (run.Run, "RunOut"), (work.Work, "Work"),
    ],
)  # fmt: skip
def test_attributes_are_fields_of_the_api(kind: type, name: str, reference: dict[str, Any]) -> None:
    assert get_type_hints(kind).keys() <= reference["components"]["schemas"][name]["properties"].keys()


@pytest.mark.parametrize(
    ("given", "method", "path", "other"),
    [
        (run.Search, "get", "/v1/runs/{run_id}/examples", {"run_id", "after", "limit"}),
        (run.ReviewSearch, "get", "/v1/runs/{run_id}/reviews", {"run_id", "after", "limit"}),
        (run.Selection, "get", "/v1/runs/{run_id}/export", {"run_id", "format", "include"}),
        (
            client_module.Fields, "post", "/v1/projects/{project}/datasets/{dataset}/examples",
            {"project", "dataset", "format", "source"},
        ),
    ],
)  # fmt: skip
def test_keywords_are_the_parameters_of_the_api(
    given: type, method: str, path: str, other: set[str], reference: dict[str, Any]
) -> None:
    parameters = {one["name"] for one in reference["paths"][path][method]["parameters"]}
    assert get_type_hints(given).keys() == parameters - other


def test_the_keywords_of_a_run_are_the_body_of_the_api(reference: dict[str, Any]) -> None:
    assert (
        get_type_hints(run.RunBody).keys() == reference["components"]["schemas"]["RunIn"]["properties"].keys()
    )
