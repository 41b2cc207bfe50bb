"""What Prometheus reads of a process: its registry as text, also on a port of its own."""

import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer, choose_encoder

from prelabel import __version__
from prelabel.errors import Unavailable
from prelabel.operations.metrics import BUILD, REGISTRY
from prelabel.settings import Settings

REFUSED = "send PRELABEL_METRICS_TOKEN as a bearer token\n"


def text_of(registry: CollectorRegistry, accept: str = "") -> tuple[bytes, str]:
    """All figures of a registry in the format that is asked for, and its content type."""
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def is_token(used: Settings, given: str) -> bool:
    """Whether this is the token by which figures may be read."""
    token = used.metrics_token.get_secret_value()
    return bool(token) and secrets.compare_digest(given.encode(), token.encode())


def serve(used: Settings, registry: CollectorRegistry = REGISTRY) -> None:
    """Show the figures on the metrics port, if there is one, for as long as the process lives.

    Where there is a token, it is asked for here too. Raises Unavailable where the port is taken.
    """
    BUILD.info({"version": __version__})
    if not used.metrics_port:
        return
    where = used.metrics_host, used.metrics_port
    try:
        server = make_server(*where, _guarded(used, registry), ThreadingWSGIServer, _Quiet)
    except OSError as error:
        raise Unavailable(
            f"port {where[1]} of {where[0]} cannot be used for metrics ({error.strerror}): set PRELABEL_METRICS_PORT"
        ) from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def _guarded(used: Settings, registry: CollectorRegistry) -> Callable[..., Iterable[bytes]]:
    figures = make_wsgi_app(registry)

    def application(asked: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        given = asked.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if used.metrics_token.get_secret_value() and not is_token(used, given):
            respond("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", "Bearer")])
            return [REFUSED.encode()]
        answer: Iterable[bytes] = figures(asked, respond)
        return answer

    return application


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base class calls it so
        """Say nothing: scrapes are no news."""
