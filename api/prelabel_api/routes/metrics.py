"""What Prometheus reads."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from prelabel.operations.exposition import text_of
from prelabel_api.deps import SCRAPER

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response, include_in_schema=False, dependencies=[SCRAPER])
def metrics(request: Request) -> Response:
    """Figures of this process and of the database, for Prometheus."""
    body, content_type = text_of(request.app.state.registry, request.headers.get("Accept", ""))
    return Response(body, headers={"Content-Type": content_type})
