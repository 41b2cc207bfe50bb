"""Images from elsewhere, without letting a row reach what only this machine can."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from prelabel.errors import InputError
from prelabel.images.fetching import Address, Fetcher, is_public
from tests.images.making import picture

BODY = picture()


class Answers(BaseHTTPRequestHandler):
    """/image gives one, /to/URL redirects, and the rest misbehaves as it is called."""

    def do_GET(self) -> None:
        where, _, rest = self.path.removeprefix("/").partition("/")
        if where == "slow":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):  # the other side hangs up
                for _ in range(100):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            return
        status = {"to": 302, "loop": 302, "missing": 404}.get(where, 200)
        body = b"x" * 30_000 if where == "large" else BODY
        self.send_response(status)
        if status == 302:
            self.send_header("Location", rest or "/loop")
        self.send_header("Content-Length", str(len(body) + (100 if where == "short" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as started:
        threading.Thread(target=started.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{started.server_port}"
        started.shutdown()


def only_the_server(address: Address) -> bool:
    """As in production, but for the one server of these tests."""
    return str(address) == "127.0.0.1" or is_public(address)


FETCHER = Fetcher(20_000, 5, only_the_server)


def test_the_body_of_the_answer_is_had_also_behind_redirects(server: str) -> None:
    assert FETCHER.fetch(f"{server}/image") == BODY
    assert FETCHER.fetch(f"{server}/to/{server}/to//image") == BODY


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://[::1]/", "http://127.0.0.2/",
        "http://[::ffff:10.0.0.1]/", "http://0.0.0.0/",
    ],
)  # fmt: skip
def test_a_redirect_to_an_address_that_is_not_public_is_refused(server: str, target: str) -> None:
    with pytest.raises(InputError, match="which is not a public address"):
        FETCHER.fetch(f"{server}/to/{target}")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/missing", "answered 404"),
        ("/large", "more than 20,000 bytes"),
        ("/short", "broke off its answer"),
        ("/loop", "more than 3 redirects"),
        ("/to/file:///etc/passwd", "begins with http:// or https://"),
    ],
)
def test_an_answer_that_is_no_file_is_refused(server: str, path: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        FETCHER.fetch(server + path)


def test_a_server_that_sends_byte_by_byte_is_given_up_in_time(server: str) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=r"no answer in 0\.3 s"):
        Fetcher(20_000, 0.3, only_the_server).fetch(f"{server}/slow")
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "http://localhost/x", "https://[::1]:8443/x"])
def test_this_machine_is_not_asked(url: str) -> None:
    with pytest.raises(InputError, match="not a public address"):
        Fetcher(20_000, 5).fetch(url)


def test_a_name_of_which_one_address_is_private_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0)) for ip in ("8.8.8.8", "192.168.1.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(InputError, match=r"images.example is at 192\.168\.1\.1"):
        Fetcher(20_000, 5).fetch("http://images.example/x.png")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/x", "begins with http"),
        ("http:///x", "begins with http"),
        ("http://[::1", "no URL"),
        ("http://example.com:99999/", "no URL"),
        ("http://user:secret@example.com/", "user name or password"),
        ("http://example.com/a b", "white space"),
    ],
)
def test_what_is_no_url_of_an_image_is_refused(url: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        FETCHER.fetch(url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("172.16.0.1", False), ("100.64.0.1", False),
        ("224.0.0.1", False), ("fe80::1", False), ("fc00::1", False), ("2002:0a00:0001::1", False),
        ("64:ff9b::a00:1", False), ("64:ff9b::808:808", True), ("::ffff:127.0.0.1", False),
    ],
)  # fmt: skip
def test_an_address_inside_another_counts(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) == public
