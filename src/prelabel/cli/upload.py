"""A file of rows to the server, its schema first, then the images of a folder that the rows name."""

from collections.abc import Collection
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from prelabel import formats
from prelabel.cli import screen
from prelabel.cli.console import err, out
from prelabel.client import Client, Document, Imported
from prelabel.errors import InputError, RowError
from prelabel.examples.content import SHA256
from prelabel.schema import LabelSchema

ELSEWHERE = ("data:", "http://", "https://")


def bring_in(
    client: Client,
    project: str,
    dataset: str,
    file: Path,
    file_format: str,
    schema: Path | None,
    images: Path | None,
    fields: dict[str, str],
) -> Imported:
    """A file's rows into a dataset, with the schema and the images that they need, and what came of it on the screen."""
    if schema:
        _tell_of_version(client, client.define_project(project, LabelSchema.read(schema).document()))
    file_format = file_format or formats.for_path(file)
    if images:
        _upload_images(client, project, dataset, file, images, fields["image_field"])
    with _upload_bar() as bar:
        task = bar.add_task("bringing in", total=file.stat().st_size)
        report = client.bring_in(
            project, dataset, file, file_format, lambda size: bar.advance(task, size), **fields
        )
    screen.imported(out, report)
    return report


def named_images(file: Path, schema: LabelSchema, fields: Collection[str], folder: Path) -> dict[str, Path]:
    """By name as it stands in the rows: the file in the folder. Those that are not there are left for the import to report.

    Raises RowError where a name leads out of the folder: a file of rows from elsewhere must not get at others of this machine.
    """
    inside = folder.resolve()
    found: dict[str, Path] = {}
    with file.open("rb") as stream:
        for row in formats.reader(formats.for_path(file))(stream, schema):
            content = (row.value or {}).get("content")
            values = content if isinstance(content, dict) else row.value or {}
            for field in fields:
                name = values.get(field)
                if not isinstance(name, str) or not (name := name.strip()) or name in found:
                    continue
                if name.startswith(ELSEWHERE) or SHA256.fullmatch(name):
                    continue
                path = _path(inside, name)
                if path is not None and not path.is_relative_to(inside):
                    raise RowError(row.number, field, f"{name!r} leads out of {folder}: it is not uploaded")
                if path is not None:
                    found[name] = path
    return found


def _path(folder: Path, name: str) -> Path | None:
    """Where a name really leads, links followed; None where there is no file."""
    try:
        path = (folder / name).resolve()
        return path if path.is_file() or not path.is_relative_to(folder) else None
    except OSError:  # no file can have such a name
        return None


def _upload_images(
    client: Client, project: str, dataset: str, file: Path, folder: Path, image_field: str
) -> None:
    schema = LabelSchema.model_validate(client.get(f"/projects/{project}")["schema"])
    fields = schema.images | ({image_field} if image_field else set())
    if not fields:
        raise InputError("no field is an image: say which one with --image-field")
    found = named_images(file, schema, fields, folder)
    with _upload_bar() as bar:
        task = bar.add_task("uploading images", total=sum(path.stat().st_size for path in found.values()))
        for name, path in found.items():
            data = path.read_bytes()
            client.upload_image(project, dataset, name, data)
            bar.advance(task, len(data))


def _tell_of_version(client: Client, project: Document) -> None:
    """That runs of earlier versions stay as they are, where there are such."""
    newest, *others = client.items(f"/projects/{project['name']}/schema")
    if any(version["runs"] for version in others):
        out.print(
            f"project {project['name']} is at version {newest['version']} of its schema, for new runs; "
            "earlier runs keep theirs (`prelabel schema plan` says what changing them would do)",
            soft_wrap=True,
        )


def _upload_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=err
    )
