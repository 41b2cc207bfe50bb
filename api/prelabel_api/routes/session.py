"""Signing in at the page, and out."""

from typing import Annotated

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, Field, SecretStr, model_validator
from sqlmodel import Session

from prelabel.errors import InputError, NotAllowed, NotSignedIn
from prelabel.events import journal
from prelabel.models import User
from prelabel.people import passwords, signing_in, users
from prelabel.settings import Settings
from prelabel_api.bodies import Body, Role
from prelabel_api.deps import COOKIE, PUBLIC, AdminDep, Name, ReviewerDep, SettingsDep, StoreDep, WriteDep

router = APIRouter(tags=["session"])
Secret = Annotated[SecretStr, Field(max_length=1_000)]


class SignInIn(Body):
    """Name and password, or a token in place of both."""

    name: Name = ""
    password: Secret = SecretStr("")
    token: Secret = SecretStr("")

    @model_validator(mode="after")
    def _one_way(self) -> "SignInIn":
        by_name = bool(self.name and self.password.get_secret_value())
        if by_name == bool(self.token.get_secret_value()):
            raise ValueError("give a name and a password, or a token")
        return self


class SessionOut(BaseModel):
    """Who is signed in. `csrf_token` goes into the header `X-CSRF-Token` of requests that change something."""

    name: str
    role: Role
    has_password: bool
    csrf_token: str


class PasswordIn(Body):
    """A new password; `old` where there is one already, and it is not an admin who sets another's."""

    new: Secret
    old: Secret = SecretStr("")


@router.post("/session", dependencies=[PUBLIC])
def sign_in(
    body: SignInIn, request: Request, response: Response, store: StoreDep, settings: SettingsDep
) -> SessionOut:
    """Sign in by name and password, or by a token: the answer sets the cookie of a session."""
    address = request.client.host if request.client else ""
    with store.writing() as session:
        found = _who(session, body, address)
        if isinstance(found, NotSignedIn):
            signing_in.note_failure(session, body.name, address)
        else:
            return begin(session, found, request, response, settings)
    raise found  # only now: the attempt that failed is counted


def begin(
    session: Session, user: User, request: Request, response: Response, settings: Settings
) -> SessionOut:
    """Begin a session of the user's, whose cookie the response sets."""
    secret = signing_in.begin(session, user)
    secure = settings.secure_cookies or request.url.scheme == "https"
    age = int(signing_in.LONGEST.total_seconds())
    response.set_cookie(COOKIE, secret, max_age=age, httponly=True, samesite="lax", secure=secure)
    return _out(user, secret)


def _who(session: Session, body: SignInIn, address: str) -> User | NotSignedIn:
    try:
        if token := body.token.get_secret_value():
            return signing_in.by_token(session, token, address)
        return signing_in.by_password(session, body.name, body.password.get_secret_value(), address)
    except NotSignedIn as error:
        return error


@router.get("/session")
def my_session(user: ReviewerDep, request: Request) -> SessionOut:
    """Who is signed in."""
    return _out(user, request.cookies.get(COOKIE, ""))


@router.delete("/session", status_code=status.HTTP_204_NO_CONTENT)
def sign_out(
    user: ReviewerDep, request: Request, response: Response, session: WriteDep, everywhere: bool = False
) -> None:
    """End this session, or all of yours."""
    signing_in.end(session, user, only="" if everywhere else request.cookies.get(COOKIE, "-"))
    response.delete_cookie(COOKIE)


@router.put("/password", status_code=status.HTTP_204_NO_CONTENT)
def set_my_password(body: PasswordIn, user: ReviewerDep, request: Request, session: WriteDep) -> None:
    """Set your password; all other sessions of yours end. A token that may do less than you sets no first one."""
    if user.password and not passwords.is_right(body.old.get_secret_value(), user.password):
        raise InputError("old: is not your password")
    if not user.password and user.role != session.get_one(User, user.id).role:
        raise NotAllowed(
            "a token that may do less than its user sets no password: one signs in with it for all"
        )
    _set(session, user, user, body, keeping=[request.cookies.get(COOKIE, "")])


@router.put("/users/{name}/password", status_code=status.HTTP_204_NO_CONTENT)
def set_password(name: str, body: PasswordIn, admin: AdminDep, session: WriteDep) -> None:
    """Set somebody's password; all sessions of theirs end."""
    _set(session, admin, users.find(session, name), body)


def _set(session: Session, by: User, of: User, body: PasswordIn, keeping: list[str] | None = None) -> None:
    user = session.get_one(User, of.id)  # not merged: a token may have lent it a lesser role
    user.password = passwords.hashed(body.new.get_secret_value())
    signing_in.end(session, user, but=keeping or [])
    journal.note(session, by, "password.set", user)


def _out(user: User, secret: str) -> SessionOut:
    return SessionOut(
        name=user.name,
        role=user.role,
        has_password=bool(user.password),
        csrf_token=signing_in.csrf_token(secret),
    )
