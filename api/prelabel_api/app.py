"""The application: routes, errors, settings."""

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.types import Scope

from prelabel import __version__
from prelabel.operations.metrics import REGISTRY
from prelabel.queue import Queue
from prelabel.reports.kept import Keeper
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api import errors, pages
from prelabel_api.deps import readable
from prelabel_api.routes import (
    access,
    agreement,
    alarms,
    conflicts,
    datasets,
    events,
    examples,
    exports,
    guarantee,
    health,
    images,
    journal,
    label_studio,
    leading,
    measure,
    metrics,
    projects,
    prompts,
    queue,
    retention,
    reviewers,
    runs,
    schemas,
    session,
    trends,
    trials,
    users,
    webhooks,
)
from prelabel_api.streams import Hub
from prelabel_api.watching import WatchedAPI

DESCRIPTION = (
    "Drafts by a model, checked by people, with what they cost. Sign in with `Authorization: Bearer <token>`."
)
PARTS = (
    session, access, users, projects, schemas, datasets, images, prompts, runs, trials, alarms, events, reviewers,
    measure, trends, guarantee, examples, leading, agreement, conflicts, exports, queue, retention,
    journal, webhooks,
)  # fmt: skip
"""The modules of routes under /v1, in the order in which the docs of the API have them."""


def create_app(
    store: Store, settings: Settings, wake: Queue, registry: CollectorRegistry = REGISTRY
) -> FastAPI:
    """The API over this store; `wake` is how it wakes workers, `registry` what it shows Prometheus."""
    app = build()
    attach(app, store, settings, wake, registry)
    return app


def attach(
    app: FastAPI, store: Store, settings: Settings, wake: Queue, registry: CollectorRegistry = REGISTRY
) -> None:
    """Have a built application work on this store."""
    app.state.store, app.state.settings, app.state.queue = store, settings, wake
    app.state.hub = Hub(store)
    app.state.keeper = Keeper(store)
    app.state.registry = registry


def build() -> FastAPI:
    """The endpoints and the page, which still need something to work on. Takes a moment."""
    app = WatchedAPI(
        title="Prelabel",
        version=__version__,
        description=DESCRIPTION,
        generate_unique_id_function=_operation_id,
        telemetry={"metrics": False, "logs": False, "operation_spans": False, "exclude": _is_probe},
        dependencies=[Depends(readable)],
        responses={"4XX": {"model": errors.ErrorBody}, "5XX": {"model": errors.ErrorBody}},
    )
    errors.install(app)
    app.include_router(health.router)
    app.include_router(metrics.router)
    first = APIRouter(prefix="/v1")
    for part in PARTS:
        first.include_router(part.router)
    first.include_router(label_studio.config_router)
    app.include_router(first)
    app.include_router(label_studio.router)
    pages.install(app)
    return app


def _is_probe(scope: Scope) -> bool:
    """Whether it is one of the requests that machines send all the time: nobody looks for them among traces."""
    return scope["path"] in ("/health", "/ready", "/metrics")


def _operation_id(route: APIRoute) -> str:
    return route.name
