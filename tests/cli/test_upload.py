"""Which files of this machine the rows of a file can have uploaded."""

import json
from pathlib import Path

import pytest

from prelabel.cli.upload import named_images
from prelabel.errors import RowError
from prelabel.schema import LabelSchema
from tests.cli.conftest import Cli
from tests.images.making import picture

SCHEMA = LabelSchema.load("fields: {cells: {kind: boxes, options: [cell]}}")


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images" / "deep").mkdir(parents=True)
    (tmp_path / "images" / "a.png").write_bytes(picture())
    (tmp_path / "images" / "deep" / "b.png").write_bytes(picture(shade=2))
    (tmp_path / "secret.png").write_bytes(picture(shade=3))
    return tmp_path / "images"


def test_files_that_rows_name_are_found_each_once(tmp_path: Path, folder: Path) -> None:
    rows = write(
        tmp_path / "rows.jsonl",
        {"image": "a.png"},
        {"content": {"image": "deep/b.png"}},
        {"image": "a.png"},
        {"image": "missing.png"},
        {"image": "x" * 5_000},
        {"image": "https://a.example/x.png"},
        {"image": "data:image/png;base64,AAAA"},
        {"image": "0" * 64},
        {"text": "none"},
    )
    found = named_images(rows, SCHEMA, {"image"}, folder)
    assert found == {"a.png": folder.resolve() / "a.png", "deep/b.png": folder.resolve() / "deep" / "b.png"}


@pytest.mark.parametrize("name", ["../secret.png", "deep/../../secret.png", "/etc/hostname", "out.png"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    rows = write(tmp_path / "rows.jsonl", {"image": "a.png"}, {"image": name})
    with pytest.raises(RowError, match=r"row 2, image: .* leads out of"):
        named_images(rows, SCHEMA, {"image"}, folder)


def test_submit_uploads_the_images_that_rows_name(run_cli: Cli, tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "cells.jsonl", {"id": "1", "image": "a.png"}, {"id": "2", "image": "none.png"})
    (tmp_path / "cells.yaml").write_text("fields: {cells: {kind: boxes, options: [cell]}}\n")
    output = run_cli(
        "submit", "cells.jsonl", "--schema", "cells.yaml", "--images", str(folder), "--no-follow"
    ).output
    assert "2 rows: 1 added, 1 bad" in output
    assert 'no image called "none.png" was uploaded' in output
