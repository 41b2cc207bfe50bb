"""Settings: whether they can be read, and whether each is one."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_settings import SettingsError

from prelabel.doctor.finding import Finding
from prelabel.operations.parent import VARIABLE
from prelabel.settings import Settings

KNOWN = {f"PRELABEL_{name.upper()}" for name in Settings.model_fields}
OTHERS = (
    VARIABLE,
    "PRELABEL_WEB",
    "PRELABEL_TEST_",
    "PRELABEL_SHARED",
    "PRELABEL_BIND",
    "PRELABEL_PUBLISHED_PORT",
)
"""Variables of ours that are no settings: of the build, of tests, of docker-compose.yml."""


def settings_of() -> Settings | list[Finding]:
    """The settings of this process, or what keeps them from being read. No value is repeated: it may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        return [
            Finding(
                "settings", "fault", f"PRELABEL_{str(fault['loc'][0]).upper()}: {fault['msg']}",
                "give it such a value, or unset it",
            )
            for fault in error.errors(include_input=False)
        ]  # fmt: skip
    except SettingsError as error:
        return [
            Finding("settings", "fault", str(error), "a setting of several parts is JSON: see .env.example")
        ]


def misspelled(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like settings and are none."""
    unknown = [
        name
        for name in sorted(environment)
        if name.startswith("PRELABEL_") and name not in KNOWN and not name.startswith(OTHERS)
    ]
    for name in unknown:
        near = get_close_matches(name, KNOWN, 1)
        remedy = f"did you mean {near[0]}?" if near else "unset it: nothing reads it"
        yield Finding("settings", "warning", f"{name} is no setting of Prelabel", remedy)
    if not unknown:
        yield Finding("settings", "ok", "every PRELABEL_ variable is a setting")
