"""What a check says, and what it looks at."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from prelabel.models import now
from prelabel.settings import Settings
from prelabel.store import Store


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A `fault` keeps something from working, a `warning` may; `remedy` says what to do then."""

    about: str
    state: Literal["ok", "warning", "fault"]
    says: str
    remedy: str = ""


@dataclass(frozen=True)
class Patient:
    """An installation. What it takes from the machine can be told otherwise: its variables, clock, disk and built page."""

    settings: Settings
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    clock: Callable[[], datetime] = now
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    page: Path | None = None

    @cached_property
    def store(self) -> Store:
        """Its database, be it there or not."""
        return Store(self.settings.database)

    @property
    def index(self) -> Path:
        """The built page, which the API serves."""
        if self.page:
            return self.page
        spec = find_spec("prelabel_api")
        folder = Path(spec.origin).parent if spec and spec.origin else Path()
        return folder / "static" / "index.html"


Check = Callable[[Patient], Iterable[Finding]]
