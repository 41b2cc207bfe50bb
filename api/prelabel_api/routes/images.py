"""Images in, for rows that will name them, and out, for whoever reviews."""

import io
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from prelabel import projects
from prelabel.errors import InputError
from prelabel.events import journal
from prelabel.images import keeping, reading
from prelabel.images.intake import ImageRules
from prelabel_api.bodies import ImageOut
from prelabel_api.deps import LeadDep, ReadDep, ReviewerDep, SettingsDep, StoreDep
from prelabel_api.upload import UploadStream

router = APIRouter(tags=["images"])
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=31536000, immutable",  # the name is the content's
}
"""A browser shows the bytes as the image that they were when they were read, runs nothing in them, and keeps them."""
BODY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.post("/projects/{project}/datasets/{dataset}/images", openapi_extra={
    "requestBody": {"required": True, "content": BODY}
})  # fmt: skip
def upload_image(
    project: str,
    dataset: str,
    request: Request,
    lead: LeadDep,
    store: StoreDep,
    settings: SettingsDep,
    name: Annotated[str, Query(description="what rows of this dataset call it, such as its file name")],
) -> ImageOut:
    """Store the image that the body is: PNG, JPEG, WebP or GIF. The same one again under its name changes nothing."""
    with store.reading() as session:
        found = projects.find_dataset(session, projects.find(session, project), dataset)
    bounds = ImageRules.of(settings).bounds
    body = io.BufferedReader(UploadStream(aiter(request.stream()))).read(bounds.most_bytes + 1)
    try:
        file = reading.read(body, bounds)
    except InputError as fault:
        raise InputError(f"{name[: keeping.LONGEST_NAME]}: {fault}") from fault
    with store.writing() as session:
        is_new = not keeping.named(session, found.id or 0, [name])
        kept = keeping.keep_named(session, found.id or 0, name, file)
        if is_new:
            journal.note(session, lead, "image.upload", found, name=name, sha256=file.sha256)
        return ImageOut.model_validate(kept)


@router.get(
    "/images/{sha256}",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in reading.ENDINGS}}},
)
def get_image(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], _member: ReviewerDep, session: ReadDep
) -> Response:
    """An image as it was brought in. Show it upright, as its EXIF orientation says: boxes are on that."""
    kind, data = keeping.load(session, sha256)
    return Response(data, media_type=kind, headers=HEADERS)
