"""Images in the database, so that every process and machine of a service sees them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer
from sqlmodel import Session, SQLModel, col, delete, select, update

from prelabel.bulk import among
from prelabel.errors import Conflict, InputError, NotFound
from prelabel.examples.content import images_of
from prelabel.images.reading import ENDINGS, ImageFile
from prelabel.models import Dataset, Example, Image, ImageName, Project, now
from prelabel.store import Store

LONGEST_NAME = 200
AT_ONCE = 500
"""Images that are removed in one transaction."""
LOOKED_AT = 20
"""Examples that tell whether a dataset is one of images."""
RENEWED_AFTER = timedelta(hours=12)
"""An image that rows speak of is marked as new where its mark is older than this; nothing is removed that is younger than a day."""
WITHOUT_BYTES = defer(Image.data, raiseload=True)  # type: ignore[arg-type] # a column, which SQLModel types as its value
Reference = dict[str, Any]
"""What stands for an image in an example's content: sha256, name, width, height, type."""


def keep(session: Session, files: Collection[ImageFile]) -> None:
    """Store images; one that is there already stays as it is."""
    for file in files:
        row = {
            "sha256": file.sha256, "type": file.type, "width": file.width, "height": file.height,
            "data": file.data, "created_at": now(),
        }  # fmt: skip
        _insert_new(session, Image, row, ["sha256"])
    _renew(session, [file.sha256 for file in files])


def keep_named(session: Session, dataset_id: int, name: str, file: ImageFile) -> Reference:
    """Store an image under a name by which rows of a dataset may call it. Raises Conflict where another image has that name."""
    if not name.strip() or len(name) > LONGEST_NAME or "\x00" in name:
        raise InputError(f"name: an image's name has from 1 to {LONGEST_NAME} characters")
    keep(session, [file])
    row = {"dataset_id": dataset_id, "name": name, "sha256": file.sha256, "created_at": now()}
    _insert_new(session, ImageName, row, ["dataset_id", "name"])
    _renew_names(session, dataset_id, [name])
    if session.get_one(ImageName, (dataset_id, name)).sha256 != file.sha256:
        raise Conflict(
            f"another image of this dataset is called {name!r}; nothing is overwritten: give this one another name"
        )
    return reference(file.sha256, file.type, file.width, file.height, name)


def named(session: Session, dataset_id: int, names: Collection[str]) -> dict[str, Reference]:
    """The images of a dataset that have these names."""
    if not names:
        return {}
    mine = select(ImageName.name, Image).join(Image, col(Image.sha256) == ImageName.sha256)
    rows = session.exec(
        mine.options(WITHOUT_BYTES).where(
            ImageName.dataset_id == dataset_id, among(session, ImageName.name, names)
        )
    )
    return {
        name: reference(image.sha256, image.type, image.width, image.height, name) for name, image in rows
    }


def known(session: Session, hashes: Collection[str]) -> dict[str, Reference]:
    """The images that have these SHA-256."""
    if not hashes:
        return {}
    mine = select(Image).options(WITHOUT_BYTES).where(among(session, Image.sha256, hashes))
    return {
        image.sha256: reference(image.sha256, image.type, image.width, image.height)
        for image in session.exec(mine)
    }


def load(session: Session, sha256: str) -> tuple[str, bytes]:
    """Type and bytes of an image. Raises NotFound."""
    found = session.exec(select(Image.type, Image.data).where(Image.sha256 == sha256)).first()
    if found is None:
        raise NotFound(f"there is no image {sha256[:12]}…")
    return found[0], found[1]


def reference(sha256: str, type_: str, width: int, height: int, name: str = "") -> Reference:
    """What stands for an image in a content; without a name it is called after its bytes."""
    called = name or f"{sha256[:12]}.{ENDINGS[type_]}"
    return {"sha256": sha256, "name": called, "width": width, "height": height, "type": type_}


def remove_unshown(store: Store, project: Project, before: datetime) -> int:
    """Remove images that were brought in before then and that no example shows any more: those that datasets of this project have a
    name for, and those that none has one for, as they stood in rows themselves. Returns how many.

    What shows which image is read first: on SQLite nobody may wait for that.
    """
    with store.reading() as session:
        mine = select(Dataset.id).where(Dataset.project_id == project.id)
        old_names = (col(ImageName.dataset_id).in_(mine), col(ImageName.created_at) < before)
        has_name = select(ImageName.sha256).where(ImageName.sha256 == Image.sha256).exists()
        old = set(session.exec(select(ImageName.sha256).where(*old_names)))
        old |= set(session.exec(select(Image.sha256).where(col(Image.created_at) < before, ~has_name)))
        unshown = sorted(old - _shown(session)) if old else []
    removed = 0
    for start in range(0, len(unshown), AT_ONCE):
        some = unshown[start : start + AT_ONCE]
        with store.writing() as session:
            session.exec(delete(ImageName).where(col(ImageName.sha256).in_(some), *old_names))
            gone = delete(Image).where(col(Image.sha256).in_(some), col(Image.created_at) < before, ~has_name)
            removed += session.exec(gone).rowcount
    return removed


def of_project(session: Session, project: Project) -> set[str]:
    """The SHA-256 of the images that a project has a name for, or that its examples show."""
    mine = select(Dataset.id).where(Dataset.project_id == project.id)
    named = select(ImageName.sha256).where(col(ImageName.dataset_id).in_(mine))
    return set(session.exec(named)) | _shown(session, col(Example.dataset_id).in_(mine))


def remove_unused(session: Session, hashes: Collection[str]) -> None:
    """Remove those of these images that no dataset has a name for, nor any example shows."""
    has_name = select(ImageName.sha256).where(ImageName.sha256 == Image.sha256).exists()
    for sha256 in sorted(set(hashes) - _shown(session)) if hashes else ():
        session.exec(delete(Image).where(col(Image.sha256) == sha256, ~has_name))


def want(
    session: Session, dataset_id: int, hashes: Collection[str], names: Collection[str]
) -> dict[str, Reference]:
    """The images that rows of a dataset speak of by SHA-256 or by name. They count as brought in now: their examples are yet to come,
    and no removal takes them away meanwhile."""
    _renew_names(session, dataset_id, names)
    found = named(session, dataset_id, names)
    _renew(session, [*hashes, *(image["sha256"] for image in found.values())])
    return known(session, hashes) | found


def _renew(session: Session, hashes: Collection[str]) -> None:
    old = update(Image).where(
        among(session, Image.sha256, hashes), col(Image.created_at) < now() - RENEWED_AFTER
    )
    session.exec(old.values(created_at=now()))


def _renew_names(session: Session, dataset_id: int, names: Collection[str]) -> None:
    mine = (col(ImageName.dataset_id) == dataset_id, among(session, ImageName.name, names))
    old = update(ImageName).where(*mine, col(ImageName.created_at) < now() - RENEWED_AFTER)
    session.exec(old.values(created_at=now()))


def _shown(session: Session, *which: ColumnElement[bool]) -> set[str]:
    """The images that these examples show, or all of them."""
    has_images = cast(col(Example.content), Text).contains('"sha256"')
    with_images = select(Example.content).where(has_images, *which)
    contents = session.exec(with_images.execution_options(yield_per=AT_ONCE))
    return {image["sha256"] for content in contents for image in images_of(content)}


def has_images(session: Session, dataset_id: int) -> bool:
    """Whether a dataset is one of images, as its first examples tell."""
    mine = (Example.dataset_id == dataset_id, col(Example.removed_at).is_(None))
    first = select(Example.content).where(*mine).order_by(col(Example.id))
    return any(images_of(content) for content in session.exec(first.limit(LOOKED_AT)))


def _insert_new(session: Session, table: type[SQLModel], row: dict[str, Any], key: list[str]) -> None:
    """Two who bring the same at once both find it there afterwards."""
    is_sqlite = session.connection().dialect.name == "sqlite"
    statement = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    session.connection().execute(statement.values(row).on_conflict_do_nothing(index_elements=key))
