"""Which paths are the page's, for whom."""

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize("path", ["/metric", "/health/x", "/review/3"])
def test_a_program_is_told_that_a_path_is_none(web: TestClient, path: str) -> None:
    answer = web.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert f"there is nothing at {path}" in answer.json()["detail"]


def test_a_browser_gets_the_page_whatever_is_shown_there(web: TestClient) -> None:
    answer = web.get("/review/3", headers={"Accept": "text/html,application/xhtml+xml"})
    assert answer.headers["content-type"].startswith("text/html")


def test_below_the_api_there_is_no_page_for_browsers_either(web: TestClient) -> None:
    assert web.get("/v1/nothing", headers={"Accept": "text/html"}).status_code == 404
