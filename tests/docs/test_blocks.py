"""What README and docs say is run: commands, Python, schemas and JSON, page by page, against one real server."""

import json
import os
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from prelabel import settings
from prelabel.cli.commands import app
from prelabel.client import Client
from prelabel.schema import LabelSchema
from tests.docs import world
from tests.docs.blocks import REASONS, ROOT, WALK, Block, blocks, pages
from tests.running import TOKEN, Running, running

LANGUAGES = ("sh", "python", "yaml", "json", "csv", "markdown", "")
"""Blocks without a language are pictures and what commands print."""
PAGES = {page: list(found) for page, found in groupby(blocks(), key=lambda block: block.page) if page != WALK}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    folder = tmp_path_factory.mktemp("docs")
    files = folder / "files"
    files.mkdir()
    world.furnish(files)
    with running(folder / "home", workers=1, sweep_seconds=0.5) as service:
        world.populate(service.client, files)
        yield service, files


@pytest.fixture
def here(furnished: tuple[Running, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The folder of the files is the current one, and the server the one that commands and programs find."""
    service, files = furnished
    monkeypatch.setenv("PRELABEL_URL", service.client.url)
    monkeypatch.setenv("PRELABEL_TOKEN", TOKEN)
    monkeypatch.chdir(files)
    settings.settings.cache_clear()
    yield service.client
    settings.settings.cache_clear()


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_works_in_its_order(page: str, here: Client) -> None:
    names: dict[str, Any] = {"__name__": "docs"}
    for block in PAGES[page]:
        if block.language == "sh":
            for line in commands(block):
                understand(block, line) if block.not_run else run(block, line)
        elif block.language == "python" and not block.not_run:
            exec(compile(block.text, str(block), "exec"), names)  # what a reader would type
        elif block.language == "yaml":
            read_yaml(block)
        elif block.language == "json":
            read_json(block)
    if "client" in names:
        names["client"].close()


def test_every_block_has_a_language_that_is_checked_and_a_reason_that_is_known() -> None:
    assert {block.language for block in blocks()} <= set(LANGUAGES)
    assert {block.not_run for block in blocks() if block.not_run} <= set(REASONS)


def test_most_of_what_is_shown_is_run() -> None:
    counts = Counter(bool(block.not_run) for block in blocks() if block.language in ("sh", "python"))
    assert counts[False] > 2 * counts[True]


def test_links_between_pages_lead_somewhere() -> None:
    for page in pages():
        for target in links(page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def links(text: str) -> Iterator[str]:
    """Where a page leads, of what is ours."""
    for part in text.split("](")[1:]:
        target = part.partition(")")[0].partition("#")[0]
        if target and "://" not in target:
            yield target


def commands(block: Block) -> list[str]:
    """Its lines, with those that go on in the next one put together."""
    joined = block.text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def run(block: Block, line: str) -> None:
    words = shlex.split(line, comments=True)
    if not is_ours(words):
        subprocess.run(
            ["bash", "-euc", line], check=True, env=os.environ | {"TOKEN": TOKEN}, capture_output=True
        )
        return
    result = CliRunner().invoke(app, words[1:], input="y\n")
    assert result.exit_code == 0, f"{block}: {line}\n{result.output}\n{result.exception!r}"


def understand(block: Block, line: str) -> None:
    """The command line takes it, if it is for ours: its options are there, and their values fit."""
    words = shlex.split(line, comments=True)
    if is_ours(words):
        command = typer.main.get_command(app)
        while (children := getattr(command, "commands", None)) is not None:
            words = words[1:]
            command = children[words[0]]
        try:
            command.make_context(words[0], words[1:])
        except typer.Exit as ended:
            raise AssertionError(f"{block}: {line}") from ended


def is_ours(words: list[str]) -> bool:
    return bool(words) and words[0] in ("prelabel", ".venv/bin/prelabel")


def read_yaml(block: Block) -> None:
    """It is YAML, and a label schema where it has fields."""
    document = yaml.safe_load(block.text)
    if "fields" in document:
        LabelSchema.load(block.text)


def read_json(block: Block) -> None:
    """It is one document, or one a line."""
    try:
        json.loads(block.text)
    except ValueError:
        for line in block.text.splitlines():
            json.loads(line)
