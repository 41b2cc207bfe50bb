"""Alarms: what somebody has to look at, told once."""

import logging
from dataclasses import dataclass, field

from sqlmodel import Session

from prelabel.canonical import Json
from prelabel.models import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alarm:
    """What happened in a run: its kind, in words, and in figures."""

    run_id: int
    kind: str
    text: str
    details: dict[str, Json] = field(default_factory=dict)


def raise_(session: Session, run: Run, kind: str, text: str, **details: Json) -> Alarm:
    """Tell of something that has happened in a run."""
    log.warning("run %s: %s: %s", run.id, kind, text)
    return Alarm(run.id or 0, kind, text, details)
