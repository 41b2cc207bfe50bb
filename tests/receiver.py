"""An HTTP server that webhooks are sent to."""

import json
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """An HTTP server, or with `tls` an HTTPS one, that keeps what it is sent and answers `status`."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.delay = 0.0
        self.is_dribbling = False
        receiver = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(receiver.delay)
                if receiver.is_dribbling:
                    self.dribble()
                    return
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def dribble(self) -> None:
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
                with suppress(OSError):  # the other side hangs up
                    for _ in range(200):
                        self.wfile.write(b"x")
                        time.sleep(0.05)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}/hook?x=1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def bodies(self, event: str) -> list[dict[str, Any]]:
        """The data of the messages of an event, in the order they came."""
        found = [json.loads(body) for _, body in self.got]
        return [one["data"] for one in found if one["type"] == event]

    def told(self) -> list[tuple[str, str, str]]:
        """Example, topic and source of all labels, sorted."""
        labels = [one for data in self.bodies("label.settled") for one in data["labels"]]
        return sorted((one["example_id"], one["label"]["topic"], one["source"]) for one in labels)
