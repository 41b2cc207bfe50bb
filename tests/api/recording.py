"""A queue that remembers."""


class RecordingQueue:
    """Answers `prelabel.queue.Queue` by remembering what was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.said = ""

    def draft(self, run_id: int) -> None:
        self.asked.append(run_id)

    def fault(self) -> str:
        return self.said
