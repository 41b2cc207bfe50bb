"""The pages that are written from the code are what the code says."""

from pathlib import Path

import pytest

from prelabel.cli import reference
from prelabel.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "text"), [("cli.md", reference.commands()), ("settings.md", reference.settings())]
)
def test_it_is_as_the_code_says(page: str, text: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == text, "write it anew: make docs"


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
