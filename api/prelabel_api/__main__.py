"""`prelabel-api`: serve the API."""

import os
import socket
import sys
from pathlib import Path

import uvicorn

from prelabel.errors import PrelabelError
from prelabel.operations import exposition, gauges, logs
from prelabel.operations.metrics import REGISTRY
from prelabel.operations.parent import end_with_parent
from prelabel.people import users
from prelabel.settings import Settings, settings
from prelabel.store import Store, store
from prelabel_api.app import create_app
from prelabel_api.streams import Hub
from prelabel_worker import tracing
from prelabel_worker.queue import CeleryQueue

ENDING_SECONDS = 20
"""Time for requests in progress once it is told to end; `prelabel up` waits somewhat longer."""


def main() -> None:
    """Bring the database up to date, make the first admin if there is none, and serve."""
    end_with_parent()
    logs.set_up(settings())
    tracing.set_up("prelabel-api")
    try:
        store().migrate()
        first_admin(store(), settings())
        gauges.add(REGISTRY, store())
        exposition.serve(settings())
    except PrelabelError as error:
        sys.exit(f"prelabel-api: {error}")
    app = create_app(store(), settings(), CeleryQueue())
    config = uvicorn.Config(
        app,
        host=settings().host,
        port=settings().port,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=ENDING_SECONDS,
    )
    server = Server(config, app.state.hub)
    server.run()
    if not server.started:
        sys.exit(1)  # uvicorn has said why


class Server(uvicorn.Server):
    """Ends the open streams when it is told to end, which would else last for as long as somebody listens."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what has begun, and end."""
        self._hub.close()
        await super().shutdown(sockets)


def first_admin(opened: Store, used: Settings) -> None:
    """Make the first admin; a token that was made for it is left in the home folder, readable by its owner only."""
    given = used.admin_token.get_secret_value()
    with opened.writing() as session:
        token = users.ensure_admin(session, given)
    if token and not given:
        keep_secret(used.home / "token", token)


def keep_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret + "\n")


if __name__ == "__main__":
    main()
