"""Images in the database, so that every process and machine of a service sees them."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer
from sqlmodel import Session, SQLModel, col, select

from prelabel.bulk import among
from prelabel.errors import Conflict, InputError, NotFound
from prelabel.examples.content import images_of
from prelabel.images.reading import ENDINGS, ImageFile
from prelabel.models import Example, Image, ImageName, now

LONGEST_NAME = 200
LOOKED_AT = 20
"""Examples that tell whether a dataset is one of images."""
WITHOUT_BYTES = defer(Image.data, raiseload=True)  # type: ignore[arg-type] # a column, which SQLModel types as its value
Reference = dict[str, Any]
"""What stands for an image in an example's content: sha256, name, width, height, type."""


def keep(session: Session, files: Iterable[ImageFile]) -> None:
    """Store images; one that is there already stays as it is."""
    for file in files:
        row = {
            "sha256": file.sha256, "type": file.type, "width": file.width, "height": file.height,
            "data": file.data, "created_at": now(),
        }  # fmt: skip
        _insert_new(session, Image, row, ["sha256"])


def keep_named(session: Session, dataset_id: int, name: str, file: ImageFile) -> Reference:
    """Store an image under a name by which rows of a dataset may call it. Raises Conflict where another image has that name."""
    if not name.strip() or len(name) > LONGEST_NAME or "\x00" in name:
        raise InputError(f"name: an image's name has from 1 to {LONGEST_NAME} characters")
    keep(session, [file])
    row = {"dataset_id": dataset_id, "name": name, "sha256": file.sha256}
    _insert_new(session, ImageName, row, ["dataset_id", "name"])
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


def has_images(session: Session, dataset_id: int) -> bool:
    """Whether a dataset is one of images, as its first examples tell."""
    first = select(Example.content).where(Example.dataset_id == dataset_id).order_by(col(Example.id))
    return any(images_of(content) for content in session.exec(first.limit(LOOKED_AT)))


def _insert_new(session: Session, table: type[SQLModel], row: dict[str, Any], key: list[str]) -> None:
    """Two who bring the same at once both find it there afterwards."""
    is_sqlite = session.connection().dialect.name == "sqlite"
    statement = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    session.connection().execute(statement.values(row).on_conflict_do_nothing(index_elements=key))
