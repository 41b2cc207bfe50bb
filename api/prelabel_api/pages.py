"""The page where people work: built files, served to browsers under every path that is no endpoint.

Names of assets hold a hash of what is in them, so browsers keep them for good; the page itself is asked for anew each time. Its
Content-Security-Policy lets nothing run or load that is not ours; the one style tag of its library carries a nonce.
"""

import secrets
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from prelabel_api.deps import PUBLIC

STATIC = Path(__file__).parent / "static"
NONCE = "__NONCE__"
ENDPOINTS = ("v1", "label-studio", "docs", "redoc", "openapi.json", "assets")
"""First parts of paths under which no page lies: what is not found there is an error, not a page."""
ABSENT = "this server was installed without its page (PRELABEL_WEB=skip); the API is at /docs"


class Assets(StaticFiles):
    """Files that never change under their name."""

    def file_response(
        self, full_path: object, stat_result: object, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, to be kept for a year."""
        response = super().file_response(full_path, stat_result, scope, status_code)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def install(app: FastAPI, static: Path = STATIC) -> None:
    """Serve the page below all endpoints of the application: to be called last."""
    if (static / "assets").is_dir():
        app.mount("/assets", GZipMiddleware(Assets(directory=static / "assets"), minimum_size=1_000))

    @app.get("/icon.svg", include_in_schema=False, dependencies=[PUBLIC])
    def icon() -> Response:
        """The page's icon."""
        return Response(
            _read(static / "icon.svg"), media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"}
        )

    @app.get("/{path:path}", include_in_schema=False, dependencies=[PUBLIC])
    def page(path: str, request: Request) -> Response:
        """The page, whatever its path: what is shown there is the page's own business."""
        if path.split("/", 1)[0] in ENDPOINTS or not _is_browser(request):
            raise HTTPException(404, f"there is nothing at /{path}; the API is at /docs")
        nonce = secrets.token_urlsafe(16)
        html = _read(static / "index.html").replace(NONCE, nonce)
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy(nonce)}
        return HTMLResponse(html, headers=headers | _HEADERS)


def policy(nonce: str) -> str:
    """The Content-Security-Policy of a page with this nonce."""
    return (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def _is_browser(request: Request) -> bool:
    """Whether a page is asked for, as browsers do: a program that has the wrong path is to be told so."""
    return "text/html" in request.headers.get("accept", "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise HTTPException(503, ABSENT) from error
