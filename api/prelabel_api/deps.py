"""What endpoints are given: a session, the signed-in user, the queue. The composition root of the API."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, StringConstraints
from sqlmodel import Session

from prelabel.drafting.prompts import MOST_CHARACTERS
from prelabel.errors import InputError, NotAllowed, NotSignedIn
from prelabel.models import User
from prelabel.operations.exposition import is_token
from prelabel.people import membership, signing_in, users
from prelabel.queue import Queue
from prelabel.reports.kept import Keeper
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api.streams import Hub

COOKIE = "prelabel_session"
bearer = HTTPBearer(auto_error=False, description="a token from `prelabel user add` or `prelabel user token`")


# Those that wait for nothing are `async`, which saves a change of threads in each request.
async def store_of(request: Request) -> Store:
    """The store that the application was made with."""
    return cast(Store, request.app.state.store)


async def settings_of(request: Request) -> Settings:
    """The settings that the application was made with."""
    return cast(Settings, request.app.state.settings)


async def queue_of(request: Request) -> Queue:
    """The queue that the application was made with."""
    return cast(Queue, request.app.state.queue)


async def hub_of(request: Request) -> Hub:
    """The streams of the application."""
    return cast(Hub, request.app.state.hub)


async def keeper_of(request: Request) -> Keeper:
    """What keeps the figures of the application."""
    return cast(Keeper, request.app.state.keeper)


async def readable(request: Request) -> None:
    """Raise InputError where the URL holds a NUL character: PostgreSQL keeps none, nor can it look for one."""
    if "\x00" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise InputError("the URL holds a NUL character (%00): leave it out")


StoreDep = Annotated[Store, Depends(store_of)]
SettingsDep = Annotated[Settings, Depends(settings_of)]
QueueDep = Annotated[Queue, Depends(queue_of)]
HubDep = Annotated[Hub, Depends(hub_of)]
KeeperDep = Annotated[Keeper, Depends(keeper_of)]


def writing(store: StoreDep) -> Iterator[Session]:
    """One transaction around the endpoint."""
    with store.writing() as session:
        yield session


def reading(store: StoreDep) -> Iterator[Session]:
    """A session that cannot hold up writers."""
    with store.reading() as session:
        yield session


# scope="function": committed before the answer leaves. With the default scope a commit that fails would still answer 200.
WriteDep = Annotated[Session, Depends(writing, scope="function")]
ReadDep = Annotated[Session, Depends(reading, scope="function")]


def current_user(
    request: Request,
    store: StoreDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> User:
    """Who is asking, by a token, or by the cookie of a session. Raises NotSignedIn, NotAllowed, and NotFound where what the path
    addresses belongs to a project that is closed to them: the one place where that is checked."""
    if credentials is not None:
        return user_of(store, credentials.credentials, request.path_params)
    if secret := request.cookies.get(COOKIE):
        return _of_session(request, store, secret)
    raise NotSignedIn("send your token: Authorization: Bearer pl_…")


def _of_session(request: Request, store: Store, secret: str) -> User:
    """Whose session it is, once a request that changes something is known to come from our own page."""
    with store.reading() as session:
        found = signing_in.of(session, secret)
        membership.check(session, found.user, request.path_params)
    if request.method not in ("GET", "HEAD"):
        _check_origin(request, secret)
    if not found.is_seen:
        with store.writing() as session:
            signing_in.mark_seen(session, found.id)
    return found.user


def _check_origin(request: Request, secret: str) -> None:
    """Browsers send our cookie along with what other sites' pages ask for: these know no token, and say where they are."""
    given = request.headers.get("X-CSRF-Token", "")
    if not secrets.compare_digest(given.encode(), signing_in.csrf_token(secret).encode()):
        raise NotAllowed("X-CSRF-Token: is missing or not that of your session: load the page again")
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.headers.get("Host"):
        raise NotAllowed(f"Origin: {origin} is not this server")


def user_of(store: Store, token: str, addressed: Mapping[str, str]) -> User:
    """Whose token it is. Raises NotSignedIn, NotFound."""
    with store.reading() as session:
        user, used_lately = users.signed_in(session, token)
        membership.check(session, user, addressed)
    if not used_lately:
        with store.writing() as session:
            users.mark_used(session, token)
    return user


class Anyone:
    """A dependency that lets in whoever asks, without a token."""

    async def __call__(self) -> None:
        """Nothing to check."""


class Requires:
    """A dependency that lets in users whose role reaches `role`. Every endpoint has one of it, or `Anyone`."""

    def __init__(self, role: str) -> None:
        self.role = role

    async def __call__(self, user: Annotated[User, Depends(current_user)]) -> User:
        """The user. Raises NotAllowed."""
        return self.check(user)

    def check(self, user: User) -> User:
        """The user. Raises NotAllowed."""
        if not users.may(user, self.role):
            raise NotAllowed(f"this needs the role {self.role}; {user.name} is {user.role}")
        return user


class Scraper:
    """A dependency that lets in whoever has the token for metrics, and admins."""

    role = "admin"

    def __call__(
        self,
        request: Request,
        store: StoreDep,
        settings: SettingsDep,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> None:
        """Nothing. Raises NotSignedIn, NotAllowed."""
        if credentials is None or not is_token(settings, credentials.credentials):
            Requires(self.role).check(current_user(request, store, credentials))


PUBLIC = Depends(Anyone())
SCRAPER = Depends(Scraper())
ReviewerDep = Annotated[User, Depends(Requires("reviewer"))]
SeniorDep = Annotated[User, Depends(Requires("senior"))]
LeadDep = Annotated[User, Depends(Requires("lead"))]
AdminDep = Annotated[User, Depends(Requires("admin"))]


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


def _short(length: int) -> tuple[StringConstraints, AfterValidator]:
    return StringConstraints(max_length=length), AfterValidator(_without_nul)


Id = Annotated[membership.Number, Path()]
Name = Annotated[str, *_short(200)]
ShortText = Annotated[str, *_short(500)]
LongText = Annotated[str, *_short(20_000)]
PromptText = Annotated[str, *_short(MOST_CHARACTERS)]
