"""Who sees a project: everyone, until it has members; from then on those, and admins.

To all others it does not exist: what belongs to it is not found.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import text
from sqlmodel import Session, col, select

from prelabel.errors import NotFound
from prelabel.models import Dataset, ImageName, Import, Member, Project, Run, Slot, User

Number = Annotated[int, Field(ge=1, le=2**53)]
"""By which something is addressed in a path. Endpoints and `check` have to read it alike: "+7" and "7.0" are 7 as well."""
_NUMBER: TypeAdapter[int] = TypeAdapter(Number)
HIDDEN = text("""
    SELECT DISTINCT project_id FROM member
    WHERE project_id NOT IN (SELECT project_id FROM member WHERE user_id = :user_id)
        AND NOT EXISTS (SELECT 1 FROM users WHERE id = :user_id AND role = 'admin')
""")
"""By hand: it is asked before each request."""


def hidden_projects(session: Session, user_id: int) -> set[int]:
    """Projects that have members, of whom the user is none; nothing is hidden from admins, whatever the role of their token."""
    return set(session.execute(HIDDEN, {"user_id": user_id}).scalars())


def hidden_runs(session: Session, user_id: int) -> list[int]:
    """Runs of such projects, by id."""
    if not (hidden := hidden_projects(session, user_id)):
        return []
    runs = select(Run.id).join(Dataset, col(Dataset.id) == Run.dataset_id)
    return [run_id or 0 for run_id in session.exec(runs.where(col(Dataset.project_id).in_(hidden)))]


def check(session: Session, user: User, addressed: Mapping[str, str]) -> None:
    """Raise NotFound where what a path addresses, by the names of its parts, belongs to a project that is hidden from the user."""
    if not addressed or not (hidden := hidden_projects(session, user.id or 0)):
        return
    for name, value in addressed.items():
        whose = _projects_of(session, name, value)
        if whose and whose <= hidden:
            raise NotFound(f"there is no {name.removesuffix('_id')} {_quoted(name, value)}")


def check_runs(session: Session, user: User, run_ids: Collection[int]) -> None:
    """Raise NotFound where one of these runs is hidden from the user."""
    for run_id in run_ids:
        check(session, user, {"run_id": str(run_id)})


def members(session: Session, project: Project) -> Sequence[User]:
    """The members of a project, by name; none where it is everyone's."""
    joined = select(User).join(Member, col(Member.user_id) == User.id).where(Member.project_id == project.id)
    return session.exec(joined.order_by(col(User.name))).all()


def add(session: Session, project: Project, user: User, by: User) -> list[User]:
    """Make someone a member; with the first one, who does so becomes one too, unless they see everything anyhow. Who is new."""
    there = {one.id for one in members(session, project)}
    wanted = [user, *([by] if not there and by.role != "admin" and by.id != user.id else [])]
    new = [one for one in wanted if one.id not in there]
    session.add_all(Member(project_id=project.id or 0, user_id=one.id or 0) for one in new)
    session.flush()
    return new


def remove(session: Session, project: Project, user: User) -> None:
    """Someone is a member no longer; without any the project is everyone's again. Raises NotFound."""
    member = session.get(Member, (project.id, user.id))
    if member is None:
        raise NotFound(f"{user.name} is no member of project {project.name!r}")
    session.delete(member)
    session.flush()


def _projects_of(session: Session, name: str, value: str) -> set[int]:
    """The projects of what a part of a path addresses; none where it is nothing that the endpoint would take, or belongs to none."""
    try:
        return WHOSE[name](session, value) if name in WHOSE else set()
    except ValidationError:
        return set()


def _of_project(session: Session, name: str) -> set[int]:
    return set(filter(None, session.exec(select(Project.id).where(Project.name == name))))


def _of_run(session: Session, run_id: str) -> set[int]:
    runs = select(Dataset.project_id).join(Run, col(Run.dataset_id) == Dataset.id)
    return set(session.exec(runs.where(Run.id == _NUMBER.validate_python(run_id))))


def _of_slot(session: Session, slot_id: str) -> set[int]:
    slots = select(Dataset.project_id).join(Run, col(Run.dataset_id) == Dataset.id)
    slots = slots.join(Slot, col(Slot.run_id) == Run.id)
    return set(session.exec(slots.where(Slot.id == _NUMBER.validate_python(slot_id))))


def _of_import(session: Session, import_id: str) -> set[int]:
    imports = select(Dataset.project_id).join(Import, col(Import.dataset_id) == Dataset.id)
    return set(session.exec(imports.where(Import.id == _NUMBER.validate_python(import_id))))


def _of_image(session: Session, sha256: str) -> set[int]:
    """Of all projects that have it by a name; one that stood in a row itself is known by nothing but its hash."""
    names = select(Dataset.project_id).join(ImageName, col(ImageName.dataset_id) == Dataset.id)
    return set(session.exec(names.where(ImageName.sha256 == sha256)))


WHOSE = {
    "project": _of_project, "run_id": _of_run, "slot_id": _of_slot, "import_id": _of_import, "sha256": _of_image,
}  # fmt: skip
"""How to find the projects of what a path addresses, by the name of the part of the path."""


def _quoted(name: str, value: str) -> str:
    return repr(value) if name == "project" else value
