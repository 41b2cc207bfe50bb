"""kombu's transport on files, with messages that are whole as soon as they can be seen.

kombu 5.7 opens a message's file under its name and writes it then. A worker that looks in between reads an empty message, and dies of it.
"""

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """As kombu's, but for how a message is written."""

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override] # as kombu calls it
        """Write a message beside its name, and give it that name: in one step it is there."""
        path = Path(self.data_folder_out) / f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        partial = path.with_name(f"{path.name}.part")
        try:
            partial.write_text(dumps(payload), encoding="utf-8")
            os.replace(partial, path)
        except OSError as error:
            raise ChannelError(f"cannot write the message {path}: {error}") from error


class Transport(filesystem.Transport):
    """What `broker_transport` names."""

    Channel = Channel
