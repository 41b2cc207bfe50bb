"""Projects, their schema versions and datasets: found by name, made when first named."""

import re
from collections.abc import Collection
from decimal import Decimal

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from prelabel.errors import InputError, NotFound
from prelabel.models import Dataset, Example, Project, Run, SchemaVersion
from prelabel.schema import LabelSchema

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def define(session: Session, name: str, schema: LabelSchema) -> SchemaVersion:
    """The project's newest schema version, which says this: made, and the project too, where that is not so yet.

    A new version is for new runs. Those that there are keep theirs, until `prelabel.schemas.move` moves them.
    """
    project = session.exec(select(Project).where(Project.name == name)).first()
    if project is None:
        project = Project(name=_checked(name, "project"))
        session.add(project)
        session.flush()
    newest = session.exec(_versions(project).limit(1)).first()
    if newest and LabelSchema.model_validate(newest.document).digest() == schema.digest():
        return newest
    assert project.id is not None
    version = SchemaVersion(
        project_id=project.id, version=newest.version + 1 if newest else 1, document=schema.document()
    )
    session.add(version)
    session.flush()
    return version


def find(session: Session, name: str) -> Project:
    """The project of this name, or NotFound."""
    project = session.exec(select(Project).where(Project.name == name)).first()
    if project is None:
        raise NotFound(f"there is no project {name!r}")
    return project


def set_cap(session: Session, project: Project, cap: Decimal | None) -> None:
    """What all runs of the project together may spend; None: as much as their own caps allow."""
    project.cap = cap
    session.add(project)


def schema_versions(session: Session, project: Project) -> list[SchemaVersion]:
    """All versions, newest first; a project has at least one."""
    return list(session.exec(_versions(project)))


def newest_schema(session: Session, project: Project) -> SchemaVersion:
    """The version for new runs."""
    return session.exec(_versions(project).limit(1)).one()


def newest_version(session: Session, name: str) -> int:
    """The number of the newest version of the project of this name; 0 where there is no such project."""
    numbers = select(func.max(SchemaVersion.version)).join(
        Project, col(Project.id) == SchemaVersion.project_id
    )
    return session.exec(numbers.where(Project.name == name)).one() or 0


def runs_at(session: Session, version: SchemaVersion) -> list[Run]:
    """The runs that have this version, oldest first, without trials: those are kept as they were."""
    at = select(Run).where(Run.schema_version_id == version.id, ~col(Run.trial))
    return list(session.exec(at.order_by(col(Run.id))))


def runs_of(session: Session, project: Project) -> list[Run]:
    """The runs over the project's datasets, oldest first, without its trials."""
    return _runs(session, project, is_trial=False)


def trials_of(session: Session, project: Project) -> list[Run]:
    """The project's trials, oldest first."""
    return _runs(session, project, is_trial=True)


def of_runs(session: Session, run_ids: Collection[int]) -> dict[int, tuple[Dataset, Project]]:
    """The dataset that each of these runs drafts, and its project, by the run's id."""
    rows = session.execute(
        wide_select(col(Run.id), Dataset, Project)
        .join(Dataset, col(Dataset.id) == Run.dataset_id)
        .join(Project, col(Project.id) == Dataset.project_id)
        .where(col(Run.id).in_(run_ids))
    )
    return {run_id: (dataset, project) for run_id, dataset, project in rows}


def open_dataset(session: Session, project: Project, name: str) -> Dataset:
    """The project's dataset of this name; made where it is not there yet."""
    assert project.id is not None
    found = session.exec(
        select(Dataset).where(Dataset.project_id == project.id, Dataset.name == name)
    ).first()
    if found is None:
        found = Dataset(project_id=project.id, name=_checked(name, "dataset"))
        session.add(found)
        session.flush()
    return found


def find_dataset(session: Session, project: Project, name: str) -> Dataset:
    """The project's dataset of this name, or NotFound."""
    found = session.exec(
        select(Dataset).where(Dataset.project_id == project.id, Dataset.name == name)
    ).first()
    if found is None:
        raise NotFound(f"project {project.name!r} has no dataset {name!r}")
    return found


def sizes(session: Session, project: Project) -> list[tuple[Dataset, int]]:
    """The project's datasets with how many examples each holds."""
    return list(
        session.exec(
            select(Dataset, func.count(col(Example.id)))
            .join(Example, col(Example.dataset_id) == Dataset.id, isouter=True)
            .where(Dataset.project_id == project.id)
            .group_by(col(Dataset.id))
            .order_by(Dataset.name)
        )
    )


def _versions(project: Project) -> SelectOfScalar[SchemaVersion]:
    mine = select(SchemaVersion).where(SchemaVersion.project_id == project.id)
    return mine.order_by(col(SchemaVersion.version).desc())


def _runs(session: Session, project: Project, *, is_trial: bool) -> list[Run]:
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    mine = select(Run).where(col(Run.dataset_id).in_(datasets), Run.trial == is_trial)
    return list(session.exec(mine.order_by(col(Run.id))))


def _checked(name: str, what: str) -> str:
    if not NAME.fullmatch(name):
        raise InputError(
            f"{what} name {name!r}: use 1 to 64 lower-case letters, digits, '.', '_' or '-', beginning with a letter or digit"
        )
    return name
