"""Log lines: what they are about, in either form, and what they never hold."""

import io
import json
import logging
from collections.abc import Callable

import pytest

from prelabel.operations import logs
from prelabel.settings import Settings
from prelabel.store import Store
from tests.factories import FakeDrafter, make_run, sure, work_off

SECRETS = (
    "pl_0123456789abcdef",
    "sk-proj-0123456789abcdef",
    "Bearer abcdef0123456789",
    "postgresql+psycopg://prelabel:hunter2@db:5432/prelabel",
)


@pytest.fixture
def written() -> Callable[[logging.Formatter, Callable[[logging.Logger], None]], str]:
    """What a logger with a formatter writes while something is done with it."""

    def write(formatter: logging.Formatter, act: Callable[[logging.Logger], None]) -> str:
        stream, log = io.StringIO(), logging.getLogger("prelabel.test")
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        log.addHandler(handler)
        act(log)
        log.removeHandler(handler)
        return stream.getvalue()

    return write


@pytest.mark.parametrize("formatter", [logs.Plain(), logs.Json()])
@pytest.mark.parametrize("secret", SECRETS)
def test_no_line_holds_a_secret(
    written: Callable[..., str], formatter: logging.Formatter, secret: str
) -> None:
    def fail(log: logging.Logger) -> None:
        try:
            raise RuntimeError(f"refused: {secret}")
        except RuntimeError:
            log.exception("said %s", secret)

    line = written(formatter, fail)
    assert "[secret]" in line
    assert not any(part in line for part in ("0123456789", "hunter2"))
    assert "Traceback" in line


def test_a_line_says_which_run_and_example_it_is_about(written: Callable[..., str]) -> None:
    def tell(log: logging.Logger) -> None:
        with logs.about(run_id=3), logs.about(example_id=7):
            log.warning("slow")
        log.warning("over")

    first, last = map(json.loads, written(logs.Json(), tell).splitlines())
    assert (first["run_id"], first["example_id"], first["message"], first["level"]) == (
        3,
        7,
        "slow",
        "warning",
    )
    assert "run_id" not in last
    assert written(logs.Plain(), tell).splitlines()[0].endswith("slow [run_id=3 example_id=7]")


def test_what_a_drafter_logs_is_about_its_run_and_example(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []

    def say(content: dict[str, object]) -> tuple[str, float]:
        record = logging.makeLogRecord({"msg": "asked"})
        said.append(logs.Json().format(record))
        return sure(content)

    run_id = make_run(sqlite_store, 2)
    work_off(sqlite_store, run_id, FakeDrafter(say))
    found = [json.loads(line) for line in said]
    assert {line["run_id"] for line in found} == {run_id}
    assert len({line["example_id"] for line in found}) == 2


def test_the_settings_choose_form_and_level() -> None:
    before = logging.root.handlers[:], logging.root.level
    try:
        logs.set_up(Settings(log_format="json", log_level="error"))
        [handler] = logging.root.handlers
        assert isinstance(handler.formatter, logs.Json)
        assert not logging.getLogger("prelabel").isEnabledFor(logging.WARNING)
    finally:
        logging.root.handlers, logging.root.level = before
        logging.root.setLevel(before[1])
