"""Sending to webhooks, signed after the Standard Webhooks specification.

The secret of a webhook is made of a key, which is not in the database, and a salt, which is: reading the database alone does not
let anyone sign. Addresses are checked as for images, and the connection is made to the address that was checked.
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult

from prelabel.errors import InputError, Unavailable
from prelabel.images.fetching import Address, address_of, connected, is_public, path_of, target_of
from prelabel.models import Delivery, Webhook
from prelabel.settings import Settings

SECONDS = 10.0
PREFIX = "whsec_"
SHOWN = 200
"""Characters of an error that are kept."""


def key_of(settings: Settings, make: bool = False) -> bytes:
    """What secrets are made with: the setting, or else what is kept in the home folder. Raises Unavailable."""
    if given := settings.webhook_key.get_secret_value():
        return given.encode()
    path = settings.home / "webhook-key"
    try:
        if make and not path.exists():
            _keep(path, secrets.token_urlsafe(32))
        return path.read_bytes()
    except OSError as error:
        raise Unavailable(
            "there is no key for webhooks here: set PRELABEL_WEBHOOK_KEY, the same for the API and all workers"
        ) from error


def registered(project_id: int, url: str, events: list[str], settings: Settings) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is shown this once. Raises InputError."""
    host = target_of(url).hostname or ""
    if host.replace(".", "").isdigit() or ":" in host:
        address_of(target_of(url), _allowed(settings))
    salt = secrets.token_urlsafe(16)
    secret = _secret(key_of(settings, make=True), salt)
    hook = Webhook(
        project_id=project_id, url=url, events=sorted(set(events)), salt=salt, digest=_digest(secret)
    )
    return hook, PREFIX + base64.b64encode(secret).decode()


def send(hook: Webhook, delivery: Delivery, settings: Settings) -> tuple[int | None, str]:
    """Make one attempt: the status of the answer, None if there was none, and why it did not arrive."""
    try:
        secret = _secret(key_of(settings), hook.salt)
        if _digest(secret) != hook.digest:
            raise Unavailable("this worker has another PRELABEL_WEBHOOK_KEY than the API had")
        target = target_of(hook.url)
        status = _post(target, address_of(target, _allowed(settings)), _signed(delivery, secret), delivery)
    except (InputError, Unavailable) as error:
        return None, str(error)[:SHOWN]
    return status, "" if 200 <= status < 300 else f"{target.hostname} answered {status}"


def _post(target: SplitResult, address: Address, headers: dict[str, str], delivery: Delivery) -> int:
    """The status of the answer, whose body is not read and whose redirects are not followed. Raises InputError."""
    with connected(target, address, SECONDS) as connection:
        connection.request("POST", path_of(target), delivery.body.encode(), headers)
        return connection.getresponse().status


def signature(secret: bytes, message_id: str, moment: int, body: str) -> str:
    """What `webhook-signature` says of a message that is sent at a moment, in seconds since 1970."""
    said = f"{message_id}.{moment}.{body}".encode()
    return f"v1,{base64.b64encode(hmac.digest(secret, said, 'sha256')).decode()}"


def _signed(delivery: Delivery, secret: bytes) -> dict[str, str]:
    moment = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "prelabel",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(secret, delivery.message_id, moment, delivery.body),
    }


def _allowed(settings: Settings) -> Callable[[Address], bool]:
    return (lambda _: True) if settings.webhook_private else is_public


def _secret(key: bytes, salt: str) -> bytes:
    return hmac.digest(key, salt.encode(), "sha256")


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _keep(path: Path, secret: str) -> None:
    """Write a file that only its owner can read, unless another process has just done so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
    try:
        os.link(written, path)
    except FileExistsError:
        return
    finally:
        written.unlink()
