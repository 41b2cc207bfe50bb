"""Who may do what: the least role of every endpoint, read from the endpoints themselves.

`python -m prelabel_api.rights > docs/rights.md` writes the table that the docs keep.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from prelabel.models import ROLES
from prelabel_api.deps import Anyone, Requires, Scraper

HEAD = """# Who may do what

The least role that each endpoint asks for, written by `python -m prelabel_api.rights` from the endpoints themselves. Each role may
do what those before it may: `reviewer`, `senior`, `lead`, `admin`. A token has the role of its user, or a lesser one. Without a token
or a session the answer is 401, with too small a role 403. What belongs to a project that has members, of whom one is none, is
not found: 404 ([access](access.md)).
"""


@dataclass(frozen=True)
class Right:
    """What it takes to call one endpoint. `role`: the least one, `""` for anyone, None where the endpoint has no rule."""

    method: str
    path: str
    name: str
    says: str
    role: str | None

    def may(self, role: str) -> bool:
        """Whether a user of this role may call it."""
        return self.role == "" or (self.role is not None and ROLES.index(role) >= ROLES.index(self.role))


def rights(app: FastAPI) -> list[Right]:
    """One for each method of each endpoint, also of those outside of the OpenAPI document, in the order of the application."""
    return [
        Right(method, context.path or "/", route.name, _first_sentence(route), _rule(route.dependant))
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, APIRoute)
        for method in sorted(route.methods or ())
    ]


def _rule(dependant: Dependant) -> str | None:
    found = [call for call in _calls(dependant) if isinstance(call, Requires | Anyone | Scraper)]
    if len(found) != 1:
        return None
    return "" if isinstance(found[0], Anyone) else found[0].role


def _calls(dependant: Dependant) -> Iterator[object]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _calls(needed)


def _first_sentence(route: APIRoute) -> str:
    return (route.endpoint.__doc__ or "").strip().partition("\n")[0]


def table(app: FastAPI) -> str:
    """The Markdown of docs/rights.md."""
    parts: dict[str, list[Right]] = {}
    for right in rights(app):
        parts.setdefault(_part(right.path), []).append(right)
    return HEAD + "".join(_section(part, found) for part, found in parts.items())


def _section(part: str, found: list[Right]) -> str:
    lines = [f"## {part}", "", f"| endpoint | {' | '.join(ROLES)} | what it does |"]
    lines += ["|---|" + ":-:|" * len(ROLES) + "---|", *map(_row, found)]
    return "\n" + "\n".join(lines) + "\n"


def _part(path: str) -> str:
    """The noun that the path is about: its first part that is one, after the version."""
    first, *rest = path.strip("/").split("/")
    return (rest[0] if first == "v1" and rest else first).replace("-", " ")


def _row(right: Right) -> str:
    marks = ["anyone" if right.role == "" else "yes" if right.may(role) else "–" for role in ROLES]
    return f"| `{right.method} {right.path}` | {' | '.join(marks)} | {right.says} |"


if __name__ == "__main__":
    from prelabel.settings import settings
    from prelabel.store import store
    from prelabel_api.app import create_app
    from prelabel_worker.queue import CeleryQueue

    sys.stdout.write(table(create_app(store(), settings(), CeleryQueue())))
