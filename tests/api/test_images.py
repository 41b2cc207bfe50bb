"""Images over HTTP: in by their bytes, out for reviewers, drafted, reviewed and taken home with their labels."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from prelabel import errors
from prelabel.client import Client
from prelabel.images.reading import Bounds, read
from prelabel.kinds.boxes import Boxes
from prelabel.llm.drafters import Drafters
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api.app import create_app
from simulator.process import Provider, running
from tests.api.conftest import SignIn
from tests.api.recording import RecordingQueue
from tests.factories import QUICK, work_off_by
from tests.images.making import picture, png_that_claims

CELLS = {"fields": {"cells": {"kind": "boxes", "options": ["RBC", "WBC", "Platelets"]}}}
MODEL = "openai/one"


@pytest.fixture
def project(lead: Client) -> Client:
    lead.define_project("p", CELLS)
    return lead


def test_an_image_comes_out_as_it_went_in_for_a_reviewer_too(project: Client, reviewer: Client) -> None:
    data = picture("JPEG", orientation=6)
    stored = project.upload_image("p", "d", "cells/a b.jpg", data)
    assert (stored["name"], stored["width"], stored["height"], stored["type"]) == (
        "cells/a b.jpg", 20, 30, "image/jpeg",
    )  # fmt: skip
    assert project.upload_image("p", "d", "cells/a b.jpg", data) == stored
    assert reviewer.image(stored["sha256"]) == data


def test_a_browser_is_told_to_take_the_bytes_for_an_image_and_nothing_else(
    project: Client, web: TestClient
) -> None:
    stored = project.upload_image("p", "d", "a.png", picture())
    path = f"/v1/images/{stored['sha256']}"
    assert web.get(path).status_code == 401
    answer = web.get(path, headers={"Authorization": project._http.headers["Authorization"]})
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["x-content-type-options"] == "nosniff"
    assert "immutable" in headers["cache-control"]
    assert "private" in headers["cache-control"]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_an_image_that_is_not_there_or_has_no_name_is_an_error(project: Client) -> None:
    with pytest.raises(errors.NotFound, match="there is no image"):
        project.image("0" * 64)
    with pytest.raises(errors.InputError):
        project.image("not-a-hash")
    with pytest.raises(errors.InputError, match="from 1 to 200"):
        project.upload_image("p", "d", "", picture())
    project.upload_image("p", "d", "a.png", picture())
    with pytest.raises(errors.Conflict, match="another image"):
        project.upload_image("p", "d", "a.png", picture(shade=2))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.png: this is SVG"),
        (png_that_claims(60_000, 60_000), "x.png: the image has"),
        (picture("JPEG")[:100], "x.png: "),
        (b"", "x.png: this is no image"),
        (b"\x89PNG" + bytes(6_000_000), "x.png: the image has more than 5,000,000 bytes"),
    ],
)
def test_what_is_no_image_is_refused_and_nothing_of_it_kept(project: Client, data: bytes, said: str) -> None:
    with pytest.raises(errors.InputError) as refusal:
        project.upload_image("p", "d", "x.png", data)
    assert said in str(refusal.value)
    [bad] = project.bring_in("p", "d", io.BytesIO(b'{"image": "x.png"}\n'))["bad_rows"]
    assert 'no image called "x.png" was uploaded' in bad["reason"]


def test_only_leads_bring_images_in(project: Client, reviewer: Client, web: TestClient) -> None:
    project.put("/projects/p/datasets/d")
    refused = web.post(
        "/v1/projects/p/datasets/d/images?name=a.png",
        content=picture(),
        headers={"Authorization": reviewer._http.headers["Authorization"]},
    )
    assert refused.status_code == 403


def test_the_bounds_are_settings(store: Store, sign_in: SignIn, wake: RecordingQueue) -> None:
    strict = Settings(image_megabytes=0.0001, image_megapixels=0.0001)
    with TestClient(create_app(store, strict, wake)) as web:
        lead = sign_in("lead")
        lead.define_project("p", CELLS)
        lead.put("/projects/p/datasets/d")
        for data, said in [(bytes(101), "more than 100 bytes"), (b"", "no image")]:
            answer = web.post(
                "/v1/projects/p/datasets/d/images?name=a.png",
                content=data,
                headers={"Authorization": lead._http.headers["Authorization"]},
            )
            assert said in answer.json()["detail"]


@pytest.fixture(scope="module")
def cells(shared_data: Path) -> list[dict[str, Any]]:
    """Real images with the boxes that people drew, as fractions."""
    folder = shared_data / "boxes"
    rows = [json.loads(line) for line in (folder / "bccd.jsonl").read_text().splitlines()]
    for row in rows:
        row["data"] = (folder / row["image"]).read_bytes()
        row["boxes"] = [fraction(box["bbox"], box["label"], 640, 480) for box in row["gold"]]
    return rows


def fraction(bbox: list[float], label: str, width: int, height: int) -> dict[str, Any]:
    """A box in pixels, cut at the image's edge: a few of the recorded ones reach a pixel over it."""
    x, y, right, bottom = bbox[0], bbox[1], min(bbox[0] + bbox[2], width), min(bbox[1] + bbox[3], height)
    return {
        "x": x / width, "y": y / height, "width": (right - x) / width, "height": (bottom - y) / height,
        "label": label,
    }  # fmt: skip


@pytest.fixture
def provider(cells: list[dict[str, Any]], tmp_path: Path) -> Iterator[Provider]:
    """Drafts every box of an image but its first; of one image in two it is sure."""
    lines = []
    for number, row in enumerate(cells):
        label = {"cells": row["boxes"][1:] if number % 2 else row["boxes"]}
        answer = {"label": label, "confidence": {"cells": 0.5 if number % 2 else 0.99}}
        lines.append({"text": f"image: [image {read(row['data'], Bounds()).sha256}]", "answer": answer})
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with running(tmp_path / "answers.jsonl") as started:
        yield started


def test_real_images_are_drafted_reviewed_measured_exported_and_brought_in_again(
    store: Store, project: Client, reviewer: Client, provider: Provider, cells: list[dict[str, Any]]
) -> None:
    for row in cells:
        project.upload_image("p", "d", row["image"], row["data"])
    lines = b"".join(json.dumps({"id": row["id"], "image": row["image"]}).encode() + b"\n" for row in cells)
    assert project.bring_in("p", "d", io.BytesIO(lines))["added"] == len(cells) == 14
    run_id = project.start_run("p", "d", model=MODEL, policy={"threshold": 0.9})["id"]
    draft_all(store, provider, run_id)
    works = reviewer.post("/queue/claim", {"limit": 14})
    right = {row["id"]: row["boxes"] for row in cells}
    assert len(works) == 7
    for number, work in enumerate(works):
        answer = {"label": {"cells": right[work["example_id"]]}, "client_token": f"token-{number:03}"}
        assert reviewer.image(work["content"]["image"]["sha256"])
        assert reviewer.post(f"/queue/{work['slot_id']}/submit", answer)["verdict"] == "corrected"
    parts = project.get(f"/runs/{run_id}/quality")["fields"][0]["parts"]
    drawn = sum(len(right[work["example_id"]]) for work in works)
    assert (parts["precision"]["right"], parts["precision"]["n"]) == (drawn - 7, drawn - 7)
    assert (parts["recall"]["right"], parts["recall"]["n"]) == (drawn - 7, drawn)
    assert parts["f1"] == pytest.approx(2 * (drawn - 7) / (2 * drawn - 7))
    assert parts["mean_overlap"] == pytest.approx(1)
    exported = [json.loads(line) for line in b"".join(project.export(run_id)).splitlines()]
    kind = Boxes.model_validate(CELLS["fields"]["cells"])
    assert {row["id"]: row["label"]["cells"] for row in exported} == {
        key: kind.normalize(boxes) for key, boxes in right.items()
    }
    again = b"".join(
        json.dumps({"id": row["id"], "content": row["content"], "gold": row["label"]}).encode() + b"\n"
        for row in exported
    )
    report = project.bring_in("p", "gold", io.BytesIO(again))
    assert (report["added"], report["bad"]) == (14, 0)


def draft_all(store: Store, provider: Provider, run_id: int) -> None:
    used = Settings(
        **QUICK.model_dump() | {"api_base": f"{provider.url}/v1", "prices": '{"openai/one": [0, 0]}'}
    )
    work_off_by(store, run_id, Drafters(store, used), used)
