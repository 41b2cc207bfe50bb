"""The code blocks of README and docs, with what stands before them about running them."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
WALK = "docs/walk-through.md"
"""It takes minutes, so it has a test of its own among the slow ones."""
REASONS = (
    "needs a key",
    "needs Docker",
    "needs people's answers",
    "installs everything",
    "starts a server",
    "is of another server",
)
"""Why a block may not be run; what `prelabel` commands are in it are still checked for being understood."""


@dataclass(frozen=True)
class Block:
    """A block; `not_run` says why it is not run, empty where it is."""

    page: str
    line: int
    language: str
    text: str
    not_run: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def blocks() -> list[Block]:
    """All blocks, page by page."""
    return [block for page in pages() for block in _of(page)]


def pages() -> list[Path]:
    """README and all pages under docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _of(page: Path) -> list[Block]:
    found, opened, language, before = list[Block](), 0, "", ""
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            before = line if line.strip() and not opened else before
        elif opened:
            mark = NOT_RUN.fullmatch(before.strip())
            text = "\n".join(lines[opened : number - 1])
            found.append(Block(str(page.relative_to(ROOT)), opened, language, text, mark[1] if mark else ""))
            opened, before = 0, ""
        else:
            opened, language = number, line.removeprefix("```").strip()
    return found
