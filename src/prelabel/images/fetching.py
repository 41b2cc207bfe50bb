"""Images from other servers: only over http(s), only from addresses that are public, within limits of size and time.

Every address that a name resolves to is checked, and the connection is made to the address that was checked, so that a
name which changes its address in between gains nothing. Redirects are followed by hand, each checked in the same way.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, urljoin, urlsplit

from prelabel.errors import InputError

MOST_REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
REDIRECTS = (301, 302, 303, 307, 308)
CHUNK = 1 << 16
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also where it wraps an IPv4 address: not private, not of this machine."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class Fetcher:
    """Fetches what a URL leads to. `allowed` says which addresses may be connected to."""

    def __init__(
        self, most_bytes: int, seconds: float, allowed: Callable[[Address], bool] = is_public
    ) -> None:
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._allowed = allowed

    def fetch(self, url: str) -> bytes:
        """The body of the answer. Raises InputError with what stood in the way."""
        for _ in range(MOST_REDIRECTS + 1):
            target = target_of(url)
            address = address_of(target, self._allowed)
            with connected(target, address, self._seconds) as connection:
                answer = _asked(connection, target)
                if answer.status not in REDIRECTS:
                    return self._body(answer, target)
                url = urljoin(url, answer.headers.get("Location", ""))
        raise InputError(f"more than {MOST_REDIRECTS} redirects")

    def _body(self, answer: http.client.HTTPResponse, target: SplitResult) -> bytes:
        if answer.status != 200:
            raise InputError(f"{target.hostname} answered {answer.status}")
        body = bytearray()
        while chunk := answer.read(CHUNK):
            body += chunk
            if len(body) > self._most_bytes:
                raise InputError(f"the image has more than {self._most_bytes:,} bytes: make it smaller")
        if answer.length:  # said, but not sent
            raise InputError(f"{target.hostname} broke off its answer")
        return bytes(body)


@contextmanager
def connected(target: SplitResult, address: Address, seconds: float) -> Iterator[http.client.HTTPConnection]:
    """A connection to a target at that address, broken off when the time is up, however slowly the other side goes on.

    What stands in the way is an InputError.
    """
    connection = _Connection(target, address, seconds)
    alarm = threading.Timer(seconds, connection.break_off)
    alarm.daemon = True
    alarm.start()
    try:
        yield connection
        if connection.broken_off:  # what ends without a stated length looks whole
            raise TimeoutError
    except (OSError, ssl.SSLError, http.client.HTTPException, ValueError) as error:
        said = f"no answer in {seconds:g} s" if connection.broken_off else str(error) or repr(error)
        raise InputError(f"{target.hostname}: {said}") from error
    finally:
        alarm.cancel()
        connection.close()


def path_of(target: SplitResult) -> str:
    """What is asked of the target's host."""
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


class _Connection(http.client.HTTPConnection):
    """Speaks to a host at an address that was chosen before; TLS is checked against the host's name."""

    def __init__(self, target: SplitResult, address: Address, seconds: float) -> None:
        super().__init__(str(target.hostname), target.port or PORTS[target.scheme], timeout=seconds)
        self._address = address
        self._is_secure = target.scheme == "https"
        self._line: socket.socket | None = None  # `sock` is gone once an answer owns it
        self.broken_off = False

    def connect(self) -> None:
        """Connect to the address."""
        self.sock = self._line = socket.create_connection((str(self._address), self.port), self.timeout)
        if self._is_secure:
            context = ssl.create_default_context()
            self.sock = self._line = context.wrap_socket(self.sock, server_hostname=self.host)

    def break_off(self) -> None:
        """End whatever is going on; whoever waits for it gets an OSError or the end of the stream."""
        self.broken_off = True
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended by itself


def address_of(target: SplitResult, allowed: Callable[[Address], bool]) -> Address:
    """The first address of the target's host, all of which are allowed. Raises InputError."""
    host = str(target.hostname)
    addresses = _addresses(host)
    if refused := [address for address in addresses if not allowed(address)]:
        raise InputError(f"{host} is at {refused[0]}, which is not a public address")
    return addresses[0]


def target_of(url: str) -> SplitResult:
    """A URL that can be asked. Raises InputError."""
    try:
        target = urlsplit(url)
        is_usable = target.scheme in PORTS and target.hostname and target.port != 0
    except ValueError as error:
        raise InputError(f"this is no URL: {error}") from error
    if not is_usable:
        raise InputError("a URL begins with http:// or https:// and a host")
    if target.username is not None or target.password is not None:
        raise InputError("a URL with a user name or password in it is not taken")
    if any(character <= " " or character == "\x7f" for character in url):
        raise InputError("the URL holds white space or control characters: write them as %20")
    return target


def _addresses(host: str) -> list[Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError(f"the host {host!r} is not found: {error}") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _asked(connection: http.client.HTTPConnection, target: SplitResult) -> http.client.HTTPResponse:
    asking = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "prelabel"}
    connection.request("GET", path_of(target), headers=asking)
    return connection.getresponse()
