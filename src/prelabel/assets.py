"""Data files that ship with the package."""

from pathlib import Path

PACKAGE = Path(__file__).parent
CLONE = PACKAGE.parents[1]


def shipped(name: str) -> Path:
    """A folder of data: beside the package where it is installed, at the top of the repository in a clone."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else CLONE / name
