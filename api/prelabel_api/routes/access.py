"""Who may come in and see what: tokens, invitations, members of projects."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, Field, SecretStr

from prelabel import projects
from prelabel.errors import NotAllowed, PrelabelError
from prelabel.events import journal
from prelabel.models import Invitation, Token, User
from prelabel.operations import forgetting
from prelabel.people import invitations, membership, signing_in, users
from prelabel_api.bodies import Body, Role, TokenOut, UserOut
from prelabel_api.deps import (
    PUBLIC,
    AdminDep,
    Id,
    LeadDep,
    Name,
    ReadDep,
    ReviewerDep,
    SettingsDep,
    StoreDep,
    WriteDep,
)
from prelabel_api.routes.session import SessionOut, begin

router = APIRouter(tags=["access"])


class TokenIn(Body):
    """A token of your own: `role` is the most that it may do, `days` how long it lives."""

    name: Name = "mine"
    role: Role | None = None
    days: float | None = Field(default=None, gt=0, le=3_650)


class TokenInfo(BaseModel):
    """A token that is alive; never the token itself."""

    id: int
    name: str
    role: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class UserChange(Body):
    """What is to change of a user; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None


class InvitationIn(Body):
    """Whom to invite: a role and the projects they are to be members of; or `user`, who gets to set a new password."""

    role: Role = "reviewer"
    projects: list[Name] = Field(default_factory=list, max_length=100)
    user: Name | None = None


class InvitationOut(BaseModel):
    """An invitation that can still be accepted. `path`: where its link leads on this server, shown when it is made and never again."""

    id: int
    role: str
    user: str | None
    by: str
    expires_at: datetime
    path: str | None = None


class AcceptIn(Body):
    """The secret of the link, a name (for a new user) and a password."""

    secret: Annotated[SecretStr, Field(max_length=200)]
    name: Name = ""
    password: Annotated[SecretStr, Field(max_length=1_000)]


def _user(user: User) -> UserOut:
    return UserOut.model_validate(user, from_attributes=True)


def _info(token: Token) -> TokenInfo:
    return TokenInfo.model_validate(token, from_attributes=True)


@router.get("/tokens")
def list_tokens(user: ReviewerDep, session: ReadDep, of: Name = "") -> list[TokenInfo]:
    """Your tokens that are alive; an admin may ask for those `of` somebody else."""
    if of and of != user.name and user.role != "admin":
        raise NotAllowed("of: only an admin sees the tokens of others")
    whose = users.find(session, of) if of else user
    return [_info(token) for token in users.tokens(session, whose)]


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
def make_token(body: TokenIn, user: ReviewerDep, session: WriteDep) -> TokenOut:
    """One more token of your own, shown this once."""
    role = body.role or (user.role if user.role != users.find(session, user.name).role else None)
    secret = users.issue_token(session, user, body.name, role=role, days=body.days)
    journal.note(session, user, "token.issue", user, name=body.name, role=role)
    return TokenOut(user=user.name, token=secret)


@router.delete("/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_token(token_id: Id, user: ReviewerDep, session: WriteDep) -> None:
    """End one token of yours; an admin may end any."""
    whose = users.revoke_token(session, token_id, user)
    journal.note(session, user, "token.revoke", whose, tokens=1)


@router.patch("/users/{name}")
def change_user(name: str, body: UserChange, admin: AdminDep, session: WriteDep) -> UserOut:
    """Give a user another role, or close their account, or open it again. One admin is always left."""
    user = users.find(session, name)
    if changed := users.change(session, user, body.role, body.disabled):
        if body.disabled:
            signing_in.end(session, user)
        journal.note(
            session,
            admin,
            "user.change",
            user,
            role=user.role,
            disabled=user.disabled_at is not None,
            changed=changed,
        )
    return _user(user)


@router.post("/users/{name}/forget")
def forget_user(name: str, admin: AdminDep, session: WriteDep) -> UserOut:
    """Close a user's account for good and take out what tells who they were; their work stays under another name."""
    user = users.find(session, name)
    forgetting.forget_person(session, user, admin)
    return _user(user)


@router.post("/invitations", status_code=status.HTTP_201_CREATED)
def invite(body: InvitationIn, lead: LeadDep, session: WriteDep) -> InvitationOut:
    """A link by which somebody becomes a user, or a user sets a new password; good once, for a week. Leads invite reviewers."""
    if body.user is not None:
        if lead.role != "admin":
            raise NotAllowed("user: only an admin has others set a new password")
        user = users.find(session, body.user)
        made, secret = invitations.reset(session, lead, user)
    else:
        for name in body.projects:
            membership.check(session, lead, {"project": name})
        made, secret = invitations.invite(
            session, lead, body.role, [projects.find(session, name) for name in body.projects]
        )
    journal.note(
        session,
        lead,
        "user.invite",
        users.find(session, lead.name),
        role=made.role,
        projects=list(body.projects),
        user=body.user,
    )
    return _invitation(session, made, f"/invitation/{secret}")


@router.get("/invitations")
def list_invitations(_lead: LeadDep, session: ReadDep) -> list[InvitationOut]:
    """Invitations that can still be accepted, oldest first."""
    return [_invitation(session, one) for one in invitations.alive(session)]


@router.delete("/invitations/{invitation_id}", status_code=status.HTTP_204_NO_CONTENT)
def withdraw_invitation(invitation_id: Id, lead: LeadDep, session: WriteDep) -> None:
    """It can be accepted no longer."""
    made = invitations.end(session, invitation_id)
    journal.note(session, lead, "user.uninvite", users.find(session, lead.name), role=made.role)


@router.post("/invitations/accept", dependencies=[PUBLIC])
def accept_invitation(
    body: AcceptIn, request: Request, response: Response, store: StoreDep, settings: SettingsDep
) -> SessionOut:
    """Become a user, or set your new password, and be signed in."""
    address = request.client.host if request.client else ""
    try:
        with store.writing() as session:
            signing_in.check_address(session, address)
            user = invitations.accept(
                session, body.secret.get_secret_value(), body.name, body.password.get_secret_value()
            )
            signing_in.end(session, user)
            return begin(session, user, request, response, settings)
    except PrelabelError:
        with store.writing() as session:
            signing_in.note_failure(session, "", address)
        raise


@router.get("/projects/{project}/members")
def list_members(project: str, _reviewer: ReviewerDep, session: ReadDep) -> list[UserOut]:
    """The members of a project; none: it is everyone's."""
    return [_user(user) for user in membership.members(session, projects.find(session, project))]


@router.put("/projects/{project}/members/{name}")
def add_member(project: str, name: str, lead: LeadDep, session: WriteDep) -> list[UserOut]:
    """Make somebody a member. With the first one the project is closed to all others, and you become one too. All members."""
    found = projects.find(session, project)
    for new in membership.add(session, found, users.find(session, name), lead):
        journal.note(session, lead, "member.add", found, user=new.name)
    return [_user(user) for user in membership.members(session, found)]


@router.delete("/projects/{project}/members/{name}")
def remove_member(project: str, name: str, lead: LeadDep, session: WriteDep) -> list[UserOut]:
    """Somebody is a member no longer. Without any member the project is everyone's again. All members."""
    found = projects.find(session, project)
    membership.remove(session, found, users.find(session, name))
    journal.note(session, lead, "member.remove", found, user=name)
    return [_user(user) for user in membership.members(session, found)]


def _invitation(session: ReadDep, made: Invitation, path: str | None = None) -> InvitationOut:
    of = session.get_one(User, made.user_id).name if made.user_id else None
    by = session.get_one(User, made.by_id).name
    return InvitationOut(
        id=made.id or 0, role=made.role, user=of, by=by, expires_at=made.expires_at, path=path
    )
