"""The application for tests: built once for each use, as that takes longer than most tests, and given a store for each test."""

from functools import cache

from fastapi import FastAPI

from prelabel.queue import Queue
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api.app import attach, build


def served(use: str, store: Store, settings: Settings, wake: Queue) -> FastAPI:
    """The application over this store, until there is another for the same use: one test has one of each."""
    app = _built(use)
    attach(app, store, settings, wake)
    return app


@cache
def _built(use: str) -> FastAPI:
    return build()
