"""Users and tokens."""

from fastapi import APIRouter, status
from sqlmodel import Session, col, select

from prelabel.events import journal
from prelabel.models import User
from prelabel.people import users
from prelabel_api.bodies import TokenOut, UserIn, UserOut
from prelabel_api.deps import AdminDep, ReadDep, ReviewerDep, WriteDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(tags=["users"])


def _out(user: User) -> UserOut:
    return UserOut.model_validate(user, from_attributes=True)


@router.get("/me")
def who_am_i(user: ReviewerDep) -> UserOut:
    """The user that the token stands for."""
    return _out(user)


@router.get("/users")
def list_users(_admin: AdminDep, session: ReadDep, after: After = 0, limit: Limit = 100) -> Page[UserOut]:
    """All users, oldest first."""
    found = session.exec(
        select(User).where(col(User.id) > after).order_by(col(User.id)).limit(limit + 1)
    ).all()
    return page([_out(user) for user in found], [user.id or 0 for user in found], limit)


@router.post("/users", status_code=status.HTTP_201_CREATED)
def add_user(body: UserIn, admin: AdminDep, session: WriteDep) -> TokenOut:
    """Add a user and issue a first token, which is shown this once."""
    user = users.create(session, body.name, body.role)
    journal.note(session, admin, "user.add", user, role=user.role)
    return _issue(session, admin, user, "first")


@router.post("/users/{name}/tokens", status_code=status.HTTP_201_CREATED)
def issue_token(name: str, admin: AdminDep, session: WriteDep) -> TokenOut:
    """Issue one more token to a user."""
    return _issue(session, admin, users.find(session, name), "issued")


@router.delete("/users/{name}/tokens", status_code=status.HTTP_204_NO_CONTENT)
def revoke_tokens(name: str, admin: AdminDep, session: WriteDep) -> None:
    """End all tokens of a user at once."""
    user = users.find(session, name)
    if ended := users.revoke_tokens(session, user):
        journal.note(session, admin, "token.revoke", user, tokens=ended)


def _issue(session: Session, admin: User, user: User, name: str) -> TokenOut:
    journal.note(session, admin, "token.issue", user, name=name)
    return TokenOut(user=user.name, token=users.issue_token(session, user, name))
