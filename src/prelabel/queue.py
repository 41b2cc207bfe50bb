"""What the core and the API ask of a message queue: to wake workers up. A message is never the truth, so it may be lost."""

from typing import Protocol


class Queue(Protocol):
    """Wakes workers; never raises: what is lost is found again by the workers' sweepers."""

    def draft(self, run_id: int) -> None:
        """Ask for what waits in a run to be drafted, some time soon."""

    def fault(self) -> str:
        """Why messages do not come through, for people; empty: they do."""
