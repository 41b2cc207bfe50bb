"""The commands about users, their tokens and passwords, invitations, and the members of projects."""

from typing import Annotated, Literal
from urllib.parse import quote

import typer
from rich.table import Table

from prelabel.cli import screen
from prelabel.cli.answering import App, answer, answers, confirm, said
from prelabel.cli.console import err, out
from prelabel.cli.screen import plain
from prelabel.client import Client, Document
from prelabel.settings import settings

Role = Literal["reviewer", "senior", "lead", "admin"]
Name = Annotated[str, typer.Argument(help="Name of the person or program.")]
app = App(help="Who may come in: users, tokens, passwords, invitations.", no_args_is_help=True)
members = App(help="Who sees a project; without members it is everyone's.", no_args_is_help=True)


@app.command("add")
def add(name: Name, role: Annotated[Role, typer.Option(help="What they may do.")] = "reviewer") -> None:
    """Add a user and print a token, which is shown this once."""
    with Client.from_settings(settings()) as client:
        _show_token(client.post("/users", {"name": name, "role": role}))


@app.command("list")
def list_users() -> None:
    """List all users."""
    with Client.from_settings(settings()) as client:
        answers(client.items("/users"), lambda users: screen.list_users(out, users))


@app.command("role")
def change_role(
    name: Name, role: Annotated[Role, typer.Argument(help="What they may do from now on.")]
) -> None:
    """Give a user another role."""
    _change(name, {"role": role})


@app.command("disable")
def disable(name: Name) -> None:
    """Close a user's account: no token, password or session of theirs works any more. Their work stays."""
    _change(name, {"disabled": True})


@app.command("enable")
def enable(name: Name) -> None:
    """Open a closed account again."""
    _change(name, {"disabled": False})


@app.command("forget")
def forget(name: Name, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Take out for good what tells who a user was. Their answers stay, under a name that tells nothing."""
    confirm(f"forget {name}", yes)
    with Client.from_settings(settings()) as client:
        known_as = client.post(f"/users/{quote(name, safe='')}/forget")["name"]
    said(f"forgotten; what they did stands under {plain(known_as)}", forgotten=name, known_as=known_as)


@app.command("invite")
def invite(
    role: Annotated[Role, typer.Argument(help="What they will be able to do.")] = "reviewer",
    project: Annotated[list[str], typer.Option(help="A project that they become a member of; may be given again.")] = [],  # noqa: B006
) -> None:  # fmt: skip
    """Print a link by which somebody becomes a user; good once, for a week."""
    with Client.from_settings(settings()) as client:
        _show_link(client, client.post("/invitations", {"role": role, "projects": project}))


@app.command("reset")
def reset(name: Name) -> None:
    """Print a link by which a user sets a new password; good once, for a week."""
    with Client.from_settings(settings()) as client:
        _show_link(client, client.post("/invitations", {"user": name}))


@app.command("token")
def token(name: Name) -> None:
    """Print one more token for a user."""
    with Client.from_settings(settings()) as client:
        _show_token(client.post(f"/users/{name}/tokens"))


@app.command("tokens")
def list_tokens(name: Annotated[str, typer.Argument(help="Whose; without it, yours.")] = "") -> None:
    """List tokens that are alive, and when each was last used."""
    with Client.from_settings(settings()) as client:
        answers(client.get("/tokens", **({"of": name} if name else {})), _show_tokens)


def _show_tokens(found: list[Document]) -> None:
    table = Table("id", "name", "may do", "last used", "ends", box=None, pad_edge=False)
    for one in found:
        table.add_row(
            str(one["id"]), plain(one["name"]), one["role"] or "all that its user may",
            (one["last_used_at"] or "never")[:16], (one["expires_at"] or "–")[:16],
        )  # fmt: skip
    out.print(table)


@app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Whose tokens to end.")] = "",
    token: Annotated[int, typer.Option(help="Only this one, by its id.")] = 0,
) -> None:
    """End all tokens of a user at once, or one."""
    with Client.from_settings(settings()) as client:
        client.delete(f"/tokens/{token}" if token else f"/users/{name}/tokens")
    done = f"token {token} is revoked" if token else f"all tokens of {plain(name)} are revoked"
    said(done, revoked=token or "all", user=name or None)


@members.command("list")
def list_members(project: str) -> None:
    """List who sees a project."""
    with Client.from_settings(settings()) as client:
        _show_members(project, client.get(f"/projects/{project}/members"))


@members.command("add")
def add_member(project: str, name: Name) -> None:
    """Make somebody a member; with the first one the project is closed to all others, and you become one too."""
    with Client.from_settings(settings()) as client:
        _show_members(project, client.put(f"/projects/{project}/members/{name}"))


@members.command("remove")
def remove_member(project: str, name: Name) -> None:
    """Somebody is a member no longer; without any the project is everyone's again."""
    with Client.from_settings(settings()) as client:
        client.delete(f"/projects/{project}/members/{name}")
        _show_members(project, client.get(f"/projects/{project}/members"))


def _change(name: str, body: Document) -> None:
    with Client.from_settings(settings()) as client:
        user = client.patch(f"/users/{name}", body)
    said(f"{plain(user['name'])} is {user['role']}", **user)


def _show_members(project: str, found: list[Document]) -> None:
    names = ", ".join(plain(one["name"]) for one in found)
    seen = f"is seen by admins and {names}" if found else "has no members: everyone sees it"
    said(f"{plain(project)} {seen}", project=project, members=found)


def _show_link(client: Client, made: Document) -> None:
    said(f"{client.url}{made['path']}", url=f"{client.url}{made['path']}", **made)


def _show_token(made: Document) -> None:
    answer(made, _print_token)


def _print_token(made: Document) -> None:
    err.print(f"token of {plain(made['user'])}, shown this once:")
    print(made["token"])  # noqa: T201 # alone on standard output, so that a script can take it
