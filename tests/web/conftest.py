"""A real browser before a real service."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.running import Running, running
from tests.web.person import Person

CHROMIUM = shutil.which("chromium")
PATIENCE = 60_000
"""Milliseconds in which a page has to show what is expected: a busy machine draws slowly, and no other waits for it."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, for the tests of one file: while it is open, an event loop runs that others could not begin theirs beside."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("these tests drive Chromium: apt-get install chromium")
        pytest.skip("these tests drive Chromium, which is not here: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The API on SQLite and a worker, for the tests of one file."""
    with running(tmp_path_factory.mktemp("service"), 1) as found:
        yield found


class People:
    """Who sits before a browser of their own; each error that their pages log fails the test at its end."""

    def __init__(self, browser: Browser, service: Running) -> None:
        self._browser, self._service = browser, service
        self.errors: list[str] = []
        self._contexts: list[object] = []

    @contextmanager
    def person(
        self,
        name: str = "",
        role: str = "reviewer",
        scheme: str = "light",
        width: int = 1440,
        height: int = 900,
    ) -> Iterator[Person]:
        """Somebody new of this role, signed in with a token of theirs."""
        name = name or uuid.uuid4().hex[:8]
        self._service.client.post("/users", {"name": name, "role": role})
        token = self._service.client.post(f"/users/{name}/tokens", {"name": "page"})["token"]
        context = self._browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        found = Person(page, f"http://127.0.0.1:{self._service.port}")
        found.sign_in(token)
        yield found
        context.close()


@pytest.fixture
def people(browser: Browser, service: Running) -> Iterator[People]:
    """To have people sit down."""
    found = People(browser, service)
    yield found
    assert not [
        error for error in found.errors if "net::ERR" not in error and "Failed to load resource" not in error
    ]
