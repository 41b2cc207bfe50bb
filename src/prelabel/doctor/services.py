"""What has to run: database, broker, API; and whether their clocks agree."""

import os
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from prelabel.doctor.finding import Check, Finding, Patient
from prelabel.operations import tracing
from prelabel.operations.broker import fault

MOST_SKEW = 2.0
"""Seconds by which clocks may differ: leases of half a minute are judged by each process's own."""
WRITES = "UPDATE worker SET seen_at = seen_at WHERE name = ''"
"""Changes nothing, and is refused where nothing may be changed."""
CATCH_UP = "start the API or a worker of this version once: each brings the database up to date"


def broker(patient: Patient) -> Iterator[Finding]:
    """Whether messages can be sent."""
    used = patient.settings
    if said := fault(used):
        remedy = (
            "start Redis, or set PRELABEL_BROKER_URL to where it is; until then work begins some seconds late"
        )
        yield Finding("broker", "fault", said, remedy)
        return
    is_redis = used.broker_url.startswith("redis")
    yield Finding("broker", "ok", "Redis answers" if is_redis else "messages are files in the home folder")
    if not is_redis and not used.database.startswith("sqlite"):
        remedy = "set PRELABEL_BROKER_URL=redis://… for all of them, or keep to one machine"
        yield Finding(
            "broker", "warning", "without Redis workers on several machines share no limits", remedy
        )


def api(patient: Patient) -> Iterator[Finding]:
    """Whether the API answers, and its clock is ours."""
    url = patient.settings.server
    try:
        answer = httpx2.get(f"{url}/health", timeout=3)
    except httpx2.HTTPError as error:
        remedy = "start it with `prelabel up` or prelabel-api; where it is elsewhere, set PRELABEL_URL"
        yield Finding("api", "warning", f"nothing answers at {url}: {error}", remedy)
        return
    yield Finding("api", "ok", f"the API at {url} answers")
    if date := answer.headers.get("date"):
        yield from _skew(
            patient, parsedate_to_datetime(date), "the API", MOST_SKEW + 1
        )  # it says whole seconds


def traces(patient: Patient) -> Iterator[Finding]:
    """Whether traces can be sent, where they are to be."""
    where = tracing.endpoint(patient.environment)
    if not where:
        yield Finding("traces", "ok", f"no traces are sent: {tracing.ENDPOINTS[1]} is not set")
        return
    if amiss := tracing.obstacle(patient.environment):
        yield Finding("traces", "warning", f"no traces are sent: {amiss}", "mend that, or unset the endpoint")
        return
    to = httpx2.URL(where)
    shown = f"{to.scheme}://{to.host}:{to.port or (443 if to.scheme == 'https' else 80)}"  # a path or user may be a secret
    try:
        httpx2.get(shown, timeout=3)  # whatever it answers
    except httpx2.HTTPError as error:
        yield Finding(
            "traces", "warning", f"nothing answers at {shown}: {error}",
            f"start the collector, or set {tracing.ENDPOINTS[1]} to where it takes OTLP by http",
        )  # fmt: skip
    else:
        yield Finding("traces", "ok", f"traces are sent to {shown}")


def database(patient: Patient) -> Iterator[Finding]:
    """Whether the database answers, has the tables of this version, takes what is written, and has our clock."""
    url = make_url(patient.settings.database)
    where = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Finding("database", "fault", f"{where} does not exist yet", CATCH_UP)
        return
    try:
        behind = patient.store.behind()
    except (SQLAlchemyError, OSError) as error:
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        remedy = "start it, and see that PRELABEL_DATABASE_URL names its host, port, user and password"
        yield Finding("database", "fault", f"{where} does not answer: {said}", remedy)
        return
    if behind:
        yield Finding("database", "fault", behind, CATCH_UP)
        return
    yield from _writable(patient, where)
    if not patient.store.is_sqlite:
        with patient.store.reading() as session:
            yield from _skew(
                patient, session.execute(text("SELECT clock_timestamp()")).scalar_one(), "PostgreSQL"
            )


def _writable(patient: Patient, where: str) -> Iterator[Finding]:
    try:
        with patient.store.writing() as session:
            session.execute(text(WRITES))
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        remedy = (
            f"let user {os.getuid()} write the file and its folder"
            if patient.store.is_sqlite
            else "use the primary, not a replica, and a role that may write (default_transaction_read_only off)"
        )
        yield Finding("database", "fault", f"{where} takes nothing: {said}", remedy)
    else:
        yield Finding("database", "ok", f"{where} answers, is up to date and can be written to")


def _skew(patient: Patient, theirs: datetime, whose: str, most: float = MOST_SKEW) -> Iterator[Finding]:
    seconds = (patient.clock() - theirs).total_seconds()
    if abs(seconds) <= most:
        yield Finding("clock", "ok", f"the clock here and that of {whose} agree")
        return
    remedy = "have both machines set their clocks by NTP (timedatectl set-ntp true): leases rest on them"
    how = "ahead of" if seconds > 0 else "behind"
    yield Finding("clock", "fault", f"the clock here is {abs(seconds):.0f} s {how} that of {whose}", remedy)


SERVICES: tuple[Check, ...] = (broker, api, traces)
DATABASE: tuple[Check, ...] = (database,)
