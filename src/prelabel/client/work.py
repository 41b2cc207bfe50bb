"""A claimed slot of the queue, and how a program answers it."""

import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prelabel.canonical import Json
from prelabel.client.connection import Connection
from prelabel.client.documents import Answer, Label
from prelabel.errors import InputError

LONGEST = 86_400.0


class Work(Answer):
    """An example that is yours to answer until `lease_until`, with its draft, if one is shown.

    Each act carries a token, so that it counts once however often the network makes it be sent.
    """

    slot_id: int
    version: int
    run_id: int
    example_id: str
    content: dict[str, Any]
    draft: Label | None
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]
    for_senior: bool
    note: str
    lease_until: datetime

    def __init__(self, document: Mapping[str, Any], connection: Connection) -> None:
        super().__init__(document)
        self._connection = connection
        self.is_answered = False
        self.begin()

    def begin(self) -> None:
        """Count the seconds of the answer from now on."""
        self._since = time.monotonic()

    def submit(self, label: Mapping[str, Json], comment: str = "", seconds: float | None = None) -> Answer:
        """Answer with this label. Raises LabelError where it does not fit the schema, LeaseLost where it is not yours any more.

        `seconds` is how long it took; without it, the time since the work was handed out.
        """
        return self._act("submit", comment, seconds, {"label": dict(label)})

    def confirm(self, comment: str = "", seconds: float | None = None) -> Answer:
        """Answer with the draft as it is. Raises InputError where none is shown."""
        if self.draft is None:
            raise InputError("no draft is shown with this work: submit a label")
        return self.submit(self.draft, comment, seconds)

    def skip(self, comment: str = "", seconds: float | None = None) -> Answer:
        """Leave it to someone else."""
        return self._act("skip", comment, seconds, {})

    def flag(self, comment: str, seconds: float | None = None) -> Answer:
        """Say that it cannot be labeled, and why."""
        return self._act("flag", comment, seconds, {})

    def case(self) -> Answer:
        """Of work for a senior: what reviewers answered, side by side, with the example's history."""
        return Answer(self._connection.get(f"/queue/{self.slot_id}/case"))

    def _act(self, act: str, comment: str, seconds: float | None, more: dict[str, Json]) -> Answer:
        spent = time.monotonic() - self._since if seconds is None else seconds
        body: dict[str, Json] = {
            "client_token": uuid.uuid4().hex,
            "seconds": round(min(spent, LONGEST), 1),
            "comment": comment,
            "version": self.version,
        }
        answer = Answer(self._connection.post(f"/queue/{self.slot_id}/{act}", body | more))
        self.is_answered = True
        return answer
