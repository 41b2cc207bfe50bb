"""The protocol that Label Studio speaks with an ML backend, for one project.

In Label Studio give http://HOST:PORT/label-studio/PROJECT as the URL of a model, with Basic authentication: any user name, and a
token of Prelabel as the password. For a webhook give …/PROJECT/webhook with the header `Authorization: Bearer TOKEN`.

Any token gets the drafts that there are and brings the reviews of its own user. A lead's token also has new tasks drafted, which
may cost money, and brings reviews of all annotators. Label Studio's own access token, which it sends, is not kept.

After label_studio_ml `api.py` (d02cedf) and label_studio 1.23 `ml/api_connector.py`, which call these paths.
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials

from prelabel import projects
from prelabel.canonical import Json
from prelabel.errors import InputError, NotSignedIn
from prelabel.formats.jsonl import JsonFault, object_in
from prelabel.formats.label_studio.config import write_config
from prelabel.label_studio import drafts, reviews
from prelabel.label_studio.drafts import Asked
from prelabel.models import User
from prelabel.people import users
from prelabel.schema import LabelSchema
from prelabel_api.deps import (
    PUBLIC,
    QueueDep,
    ReadDep,
    Requires,
    ReviewerDep,
    StoreDep,
    WriteDep,
    bearer,
    user_of,
)

log = logging.getLogger(__name__)
router = APIRouter(prefix="/label-studio/{project}", include_in_schema=False)
config_router = APIRouter(tags=["projects"])
basic = HTTPBasic(auto_error=False)

Answer = dict[str, Any]


def signed_in(
    request: Request,
    store: StoreDep,
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    password: Annotated[HTTPBasicCredentials | None, Depends(basic)],
) -> User:
    """Who is asking, by a bearer token or by one given as the password. Raises NotSignedIn."""
    secret = token.credentials if token else password.password if password else ""
    if not secret:
        raise NotSignedIn(
            "give a token of Prelabel as the password of Basic authentication, with any user name"
        )
    return user_of(store, secret, request.path_params)


async def payload(request: Request) -> dict[str, Json]:
    """The body, which has to be a JSON object that can be kept; nothing is an empty one. Raises InputError."""
    try:
        return object_in(await request.body() or b"{}")
    except JsonFault as fault:
        raise InputError(f"the body cannot be read: {fault.reason}") from fault


class BackendRequires(Requires):
    """`Requires` of a user who may also be told by a password."""

    async def __call__(self, user: Annotated[User, Depends(signed_in)]) -> User:
        """The user. Raises NotAllowed."""
        return self.check(user)


UserDep = Annotated[User, Depends(BackendRequires("reviewer"))]
PayloadDep = Annotated[dict[str, Json], Depends(payload)]


@router.get("", dependencies=[PUBLIC])
@router.get("/", dependencies=[PUBLIC])
@router.get("/health", dependencies=[PUBLIC])
def backend_health(project: str) -> Answer:
    """That this process answers; whether there is such a project is told by /setup."""
    return {"status": "UP", "model_class": "Prelabel"}


@router.get("/metrics", dependencies=[PUBLIC])
def backend_metrics(project: str) -> Answer:
    """None for Label Studio."""
    return {}


@router.post("/setup")
def set_up(project: str, body: PayloadDep, _user: UserDep, session: ReadDep) -> Answer:
    """The version of the model that drafts; `notice` says why there will be no drafts, if there will be none."""
    found = projects.find(session, project)
    notice = drafts.notice(session, found)
    if notice:
        log.warning("Label Studio connects: %s", notice)
    return {"model_version": drafts.model_version(session, found)} | ({"notice": notice} if notice else {})


@router.post("/predict")
def predict(project: str, body: PayloadDep, user: UserDep, store: StoreDep, queue: QueueDep) -> Answer:
    """Stored drafts at once, one entry a task in their order; other tasks are brought in and drafted, for a later request."""
    tasks, config, params = body.get("tasks"), body.get("label_config"), body.get("params")
    if not isinstance(tasks, list):
        raise InputError("tasks: must be a list of tasks")
    wake: Callable[[int], None] | None = queue.draft if users.may(user, "lead") else None
    is_interactive = isinstance(params, dict) and params.get("context") is not None
    asked = Asked(project, tasks, user, config if isinstance(config, str) else "", wake, is_interactive)
    return {"results": drafts.predict(store, asked)}


@router.post("/webhook")
def take_event(
    project: str, body: PayloadDep, user: UserDep, session: WriteDep, response: Response
) -> Answer:
    """Annotations become reviews; the model learns by itself, so a training that is asked for is nothing to do."""
    action = str(body.get("action"))
    if action not in (*reviews.CREATED, *reviews.DELETED, "START_TRAINING"):
        return {"status": "Unknown event"}
    response.status_code = status.HTTP_201_CREATED
    if action == "START_TRAINING":
        return {"result": ["drafters learn from reviews as they come"], "status": "ok"}
    found = projects.find(session, project)
    return {"result": reviews.take(session, found, user, action, body), "status": "ok"}


@router.post("/train")
@router.post("/validate")
@router.post("/delete")
@router.post("/duplicate_model")
def nothing_to_do(project: str, _user: UserDep) -> Answer:
    """Calls of older servers that mean nothing here."""
    return {"status": "ok"}


@router.post("/job_status")
def job_status(project: str, _user: UserDep) -> Answer:
    """No training job is ever made here."""
    return {"job_status": "removed"}


@config_router.get(
    "/projects/{project}/label-studio-config",
    response_class=Response,
    responses={200: {"content": {"application/xml": {}}}},
)
def get_label_studio_config(project: str, _user: ReviewerDep, session: ReadDep) -> Response:
    """The label config to give a project in Label Studio, for the newest schema and the content of the newest dataset."""
    found = projects.find(session, project)
    schema = LabelSchema.model_validate(projects.newest_schema(session, found).document)
    config = write_config(schema, drafts.sample_content(session, found))
    return Response(config, media_type="application/xml")
