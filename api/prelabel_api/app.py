"""The application: routes, errors, settings."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from prelabel import __version__
from prelabel.queue import Queue
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api import errors
from prelabel_api.routes import (
    conflicts,
    datasets,
    examples,
    exports,
    health,
    images,
    journal,
    label_studio,
    projects,
    queue,
    runs,
    users,
    webhooks,
)

DESCRIPTION = (
    "Drafts by a model, checked by people, with what they cost. Sign in with `Authorization: Bearer <token>`."
)


def create_app(store: Store, settings: Settings, wake: Queue) -> FastAPI:
    """The API over this store; `wake` is how it wakes workers."""
    app = FastAPI(
        title="Prelabel",
        version=__version__,
        description=DESCRIPTION,
        generate_unique_id_function=_operation_id,
        responses={"4XX": {"model": errors.ErrorBody}, "5XX": {"model": errors.ErrorBody}},
    )
    app.state.store, app.state.settings, app.state.queue = store, settings, wake
    errors.install(app)
    app.include_router(health.router)
    first = APIRouter(prefix="/v1")
    for part in (
        users,
        projects,
        datasets,
        images,
        runs,
        examples,
        conflicts,
        exports,
        queue,
        journal,
        webhooks,
    ):
        first.include_router(part.router)
    first.include_router(label_studio.config_router)
    app.include_router(first)
    app.include_router(label_studio.router)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
