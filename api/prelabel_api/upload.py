"""What requests send, as files."""

import io
from collections.abc import AsyncIterator

from anyio import from_thread


class UploadStream(io.RawIOBase):
    """A request's body as a file that a worker thread reads while it arrives: nothing is kept, whatever its size."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed says Buffer
        """Fill the buffer with what is there, waiting for at least one byte; 0 at the end."""
        while not self._rest:
            chunk = from_thread.run(self._next)
            if chunk is None:
                return 0
            self._rest = chunk
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    async def _next(self) -> bytes | None:
        return await anext(self._chunks, None)
