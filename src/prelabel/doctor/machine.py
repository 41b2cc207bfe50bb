"""What can be seen on this machine alone: the home folder, the disk, the page, and who can reach the API."""

import os
import stat
from collections.abc import Iterator
from ipaddress import ip_address

from prelabel.doctor.finding import Check, Finding, Patient

GIB = 1 << 30
LITTLE, HARDLY_ANY = 5 * GIB, GIB


def home(patient: Patient) -> Iterator[Finding]:
    """Whether we can write into the home folder, and others cannot read our secrets there."""
    folder = patient.settings.home
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not nearest.is_dir():
        yield Finding(
            "home", "fault", f"{nearest} is not a folder", "move it away, or set PRELABEL_HOME to a folder"
        )
        return
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield Finding(
            "home", "fault", f"{nearest} cannot be written to by user {os.getuid()}",
            f"chown {os.getuid()} {nearest}, or set PRELABEL_HOME to another folder",
        )  # fmt: skip
        return
    is_open = False
    for name in ("token", "webhook-key"):
        secret = folder / name
        if secret.is_file() and secret.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            is_open = True
            yield Finding("home", "fault", f"others can read {secret}", f"chmod 600 {secret}")
    if not is_open:
        yield Finding("home", "ok", f"{folder} can be written to, and its secrets are its owner's")


def disk(patient: Patient) -> Iterator[Finding]:
    """Whether there is room: for the database, where it is SQLite, else for logs and files of the broker."""
    folder = patient.settings.home
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = patient.free_bytes(there)
    says = f"{free / GIB:.1f} GiB are free at {there}"
    if free >= LITTLE:
        yield Finding("disk", "ok", says)
        return
    remedy = "free some, or set PRELABEL_HOME to a larger disk: a database that is full takes no answers"
    yield Finding("disk", "fault" if free < HARDLY_ANY else "warning", says, remedy)


def page(patient: Patient) -> Iterator[Finding]:
    """Whether the page where people review is there to be served."""
    if patient.index.is_file():
        yield Finding("page", "ok", "the page is built")
    else:
        remedy = "`make page` in a clone; else install again, without PRELABEL_WEB=skip"
        yield Finding("page", "warning", f"the page is not built: {patient.index} is missing", remedy)


def exposure(patient: Patient) -> Iterator[Finding]:
    """Whether what can be reached from a network is protected on it."""
    used = patient.settings
    if not _is_local(used.host) and not used.secure_cookies:
        yield Finding(
            "network", "warning", f"the API listens on {used.host}, and its cookies go over plain http too",
            "put a proxy that ends TLS before it and set PRELABEL_SECURE_COOKIES=true, or PRELABEL_HOST=127.0.0.1",
        )  # fmt: skip
    if used.metrics_port and not _is_local(used.metrics_host) and not used.metrics_token.get_secret_value():
        yield Finding(
            "network", "warning", f"whoever reaches {used.metrics_host}:{used.metrics_port} reads the figures",
            "set PRELABEL_METRICS_TOKEN, or see that only Prometheus reaches that port",
        )  # fmt: skip


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


MACHINE: tuple[Check, ...] = (home, disk, page, exposure)
