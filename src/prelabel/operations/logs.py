"""Log lines: plain or JSON, each with what it is about (request, run, example, trace), none with a secret."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from opentelemetry import trace

from prelabel.settings import Settings

_about: ContextVar[dict[str, str | int]] = ContextVar("about", default={})  # noqa: B039 # never changed, only replaced
SECRET = re.compile(
    r"\bpl_[\w-]{8,}"  # our tokens
    r"|\bsk-[\w-]{8,}"  # keys of providers
    r"|(?<=[Bb]earer )[\w.~+/=-]{8,}"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # user and password of a URL
)
NOISY = ("httpx", "httpx2", "httpcore", "LiteLLM", "openai", "anthropic", "alembic", "urllib3")
"""Libraries that tell of every request they make."""


@contextmanager
def about(**what: str | int) -> Iterator[None]:
    """Have all lines of the block, and of tasks and threads that it starts with its context, say what they are about."""
    token = _about.set(_about.get() | what)
    try:
        yield
    finally:
        _about.reset(token)


def known() -> dict[str, str | int]:
    """What this is about, as far as it was said."""
    return _about.get()


def set_up(used: Settings) -> None:
    """Send all logs of this process to standard error, as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if used.log_format == "json" else Plain())
    logging.basicConfig(level=used.log_level.upper(), handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


class Plain(logging.Formatter):
    """One line for people: time, level, module, message, and in brackets what it is about."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # the base class calls it so
        """The line without what follows it, such as a traceback."""
        about = " ".join(f"{name}={value}" for name, value in _about.get().items())
        return super().formatMessage(record) + (f" [{about}]" if about else "")

    def format(self, record: logging.LogRecord) -> str:
        """All of it, without secrets."""
        return hidden(super().format(record))


class Json(logging.Formatter):
    """One JSON object a line: at, level, logger, message, what it is about, the trace it is part of, and the traceback, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hidden(record.getMessage()),
        }
        line |= _about.get()
        if (within := trace.get_current_span().get_span_context()).is_valid:
            line["trace_id"] = trace.format_trace_id(within.trace_id)
        if record.exc_info:
            line["traceback"] = hidden(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def hidden(text: str) -> str:
    """The text, with everything that looks like a secret taken out of it."""
    return SECRET.sub("[secret]", text)
