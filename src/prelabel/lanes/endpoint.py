"""The seam to a provider's batch endpoint: what the core asks of it, and what it is told."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from prelabel.draft import Reply, Request
from prelabel.errors import ModelError

Result = Reply | ModelError
"""What became of one request. RefusedError: people have to answer; TransientError: ask again; StoppingError: as live."""


@dataclass(frozen=True)
class Progress:
    """How far a batch is. There are results where it is "ended" or "cancelled"; `failure` says why it "failed".

    A batch that failed did nothing and costs nothing. TransientError: the same may work later, as another batch.
    """

    state: Literal["working", "ended", "cancelled", "failed"]
    total: int = 0
    answered: int = 0
    unanswered: int = 0
    failure: ModelError | None = None


class BatchLane(Protocol):
    """One model's batches. Methods may be called from any thread. They raise TransientError and StoppingError."""

    def most(self, request: Request) -> Decimal | None:
        """Upper bound of a request's dollars at the price of batches; None where no price is known."""

    def parts(self, requests: Iterable[tuple[str, Request]]) -> Iterator[list[tuple[str, Request]]]:
        """Cut into what one batch may hold."""

    def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        """Send a batch; the provider's name of it. Call it once for a key: it does not look for one that was sent before.

        `key` is letters, digits and "-", an id of a request these and "_"; both together at most 63 characters. After
        TransientError the batch may have been created nonetheless, or still be on its way: ask `find`, a minute later.
        """

    def find(self, key: str, since: datetime, rows: int, known: Collection[str] = ()) -> str | None:
        """The batch of a key and so many rows that was created after `since`; None where it is sure that there is none.

        For a crash between `submit` and the record of what it returned. `known` are names of batches that are recorded,
        so not the one looked for. Raises TransientError where the provider cannot tell yet: only ask again, for a second
        batch would be paid twice.
        """

    def poll(self, remote_id: str) -> Progress:
        """How far it is."""

    def results(self, remote_id: str) -> Iterator[tuple[str, Result]]:
        """What became of each request, by its id, in any order and as a stream. Ids that are left out have no answer.

        May be read again, as long as the provider keeps it (29 days or more) and until `forget`.
        """

    def cancel(self, remote_id: str) -> None:
        """Ask to stop it, which takes a while; what was answered until then has results and costs money."""

    def forget(self, remote_id: str) -> None:
        """Delete what the provider keeps of a batch that is over: texts and answers should not lie there longer than needed."""
