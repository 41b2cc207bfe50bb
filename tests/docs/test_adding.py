"""The modules that docs show how to add are found, and work, where they are added."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import ROOT, blocks

USED = """
from prelabel import formats
from prelabel.errors import LabelError
from prelabel.formats.base import WriteOptions
from prelabel.schema import LabelSchema

schema = LabelSchema.load("fields: {topic: [billing, returns], until: {kind: date, optional: true}}")
schema.validate_label({"topic": "billing", "until": "2026-05-31"}, {})
try:
    schema.validate_label({"topic": "billing", "until": "2026-02-30"}, {})
except LabelError as error:
    print(error)
print(schema.fields["until"].distance("2026-05-31", "2026-05-28"))
options = WriteOptions(schema)
record = {"content": {"text": "My invoice\\nis wrong"}, "label": {"topic": "billing", "until": None}}
print(b"".join(formats.writer("fasttext")([record, record | {"label": None}], options)))
"""


def add(page: str, path: Path) -> None:
    """The module that a page shows, where it says."""
    [block] = [one for one in blocks() if one.page == page and one.language == "python"]
    path.write_text(block.text)


def test_what_is_shown_as_added_is_found_and_works(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "src" / "prelabel", tmp_path / "prelabel", ignore=shutil.ignore_patterns("__pycache__")
    )
    add("docs/adding-a-kind.md", tmp_path / "prelabel" / "kinds" / "date.py")
    add("docs/adding-a-format.md", tmp_path / "prelabel" / "formats" / "fasttext.py")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "-c", USED], capture_output=True, text=True, check=False, env=environment
    )
    assert shown.stdout.splitlines() == [
        'until: must be a day as YYYY-MM-DD, not "2026-02-30"', "0.1", "b'__label__billing My invoice is wrong\\n'",
    ], shown.stderr  # fmt: skip
