"""One Label Studio task: read into a row of ours, and written from a record of ours."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.label_studio.controls import controls_of, object_names
from prelabel.formats.label_studio.reading import Results
from prelabel.formats.label_studio.writing import Result
from prelabel.schema import Label, LabelSchema

OURS = "prelabel"
"""The field of a task's `meta` that holds what we need to find its example again."""
BY_PEOPLE = ("review", "consensus", "adjudication", "gold")
"""Sources of labels that become annotations; an accepted draft stays a prediction."""
_VERSION = re.compile(r"(.+):([0-9a-f]{12})", re.DOTALL)


class TaskReader:
    """Reads tasks under one schema, one after the other."""

    def __init__(self, schema: LabelSchema) -> None:
        self._schema = schema
        self._results = Results(schema)

    def row(self, number: int, task: Mapping[str, Json]) -> Row:
        """The task as a row: its data is the content. A task without `data` is all data, as Label Studio takes it too."""
        data = task.get("data", task)
        if not isinstance(data, dict):
            return Row(number, None, "must be an object with what is to be labeled", "data")
        lost: set[str] = set()
        value: dict[str, Json] = {"content": data} | self._known_by(task)
        if gold := self._gold(_objects(task, "annotations"), data, lost):
            value["gold"] = gold
        if drafts := [self._draft(one, lost) for one in _objects(task, "predictions")]:
            value["drafts"] = drafts
        return Row(number, value, lost=tuple(sorted(lost)))

    def _known_by(self, task: Mapping[str, Json]) -> dict[str, Json]:
        """The id that we gave it, or else Label Studio's, and the meta that goes along."""
        meta = task.get("meta")
        ours = meta.get(OURS) if isinstance(meta, dict) else None
        ours = ours if isinstance(ours, dict) else {}
        rest = (
            {name: inner for name, inner in meta.items() if name != OURS} if isinstance(meta, dict) else meta
        )
        kept = ours.get("meta", rest or None)
        own_id = ours.get("id", task.get("id"))
        return ({} if own_id is None else {"id": own_id}) | ({} if kept is None else {"meta": kept})

    def _gold(
        self, annotations: list[dict[str, Any]], content: dict[str, Json], lost: set[str]
    ) -> Label | None:
        """The label of the ground truth, or the one that all annotations agree on."""
        if any(one.get("was_cancelled") for one in annotations):
            lost.add("annotations that were cancelled")
        done = [one for one in annotations if not one.get("was_cancelled")]
        chosen = [one for one in done if one.get("ground_truth")] or done
        if len(chosen) < len(done):
            lost.add("annotations beside a ground truth")
        labels = {}
        for annotation in chosen:
            label = self._results.label(annotation.get("result"), lost)
            try:
                self._schema.validate_label(label, content)
            except LabelError as error:
                lost.add(
                    f"annotations that are no label of the schema, by their field {error.path.split('.')[0]!r}"
                )
            else:
                normal = self._schema.normalize(label)
                labels[canonical(normal)] = normal
        if len(labels) > 1:
            lost.add("annotations that disagree: none of them is gold")
        return next(iter(labels.values())) if len(labels) == 1 else None

    def _draft(self, prediction: dict[str, Any], lost: set[str]) -> dict[str, Json]:
        label = self._results.label(prediction.get("result"), lost)
        score = prediction.get("score")
        is_share = isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1
        if score is not None and not is_share:
            lost.add("scores that are not from 0 to 1")
        return {
            "model": model_of(prediction.get("model_version")),
            "label": label,
            "confidence": score if is_share else None,
        }


def model_of(version: Json) -> str:
    """The model that a prediction's version names: without the prompt that we write behind it."""
    text = str(version) if version not in (None, "") else "label-studio"
    found = _VERSION.fullmatch(text)
    return found[1] if found else text


def version_of(model: str, prompt: str | None) -> str:
    """A model and the digest of its prompt as one version."""
    return f"{model}:{prompt}" if prompt else model


def task_of(record: Record, options: WriteOptions) -> dict[str, Json]:
    """The record as a task."""
    objects = object_names(options.schema, record["content"])
    controls = controls_of(options.schema, objects)

    def result(label: Label, what: str) -> list[dict[str, Any]]:
        seed = f"{record['id']}/{what}"
        return Result(options.schema, record["content"], controls, seed, options.lost).of(label)

    task: dict[str, Json] = {"data": _data(record["content"], options), "meta": _meta(record)}
    task["predictions"] = [
        {
            "model_version": version_of(record.get("model") or "unknown", record.get("prompt")),
            "score": record["confidence"],
            "result": result(record["draft"], "draft"),
        }
        for _ in range(record["draft"] is not None)
    ]
    task["annotations"] = [
        {"ground_truth": source == "gold", "was_cancelled": False, "result": result(label, source)}
        for source, label in _annotations(record)
    ]
    if record["source"] == "auto":
        options.lost["that a draft was accepted: it is written as a prediction, not as an annotation"] += 1
    if record.get("reviewer"):
        options.lost["who reviewed, but in meta: annotations are those of the user that imports them"] += 1
    return task


def _annotations(record: Record) -> Iterator[tuple[str, Label]]:
    """What people say, by its source: the settled label, and gold that is not the label."""
    is_label_of_people = record["source"] in BY_PEOPLE
    if is_label_of_people:
        yield record["source"], record["label"]
    if record["gold"] is not None and not (is_label_of_people and record["source"] == "gold"):
        yield "gold", record["gold"]


def _data(content: Mapping[str, Json], options: WriteOptions) -> dict[str, Json]:
    """The content; an image is its file's name, which has to be where Label Studio finds it."""
    data = dict(content)
    for name, value in content.items():
        if isinstance(value, dict) and "sha256" in value:
            data[name] = value.get("name") or value["sha256"]
            options.lost["images: the file only names them"] += 1
    return data


def _meta(record: Record) -> dict[str, Json]:
    """The record's own meta, and under `prelabel` its id and what else Label Studio has no place for."""
    told = ("source", "status", "reason", "reviewer", "weight", "split")
    ours = {"id": record["id"]} | {name: record[name] for name in told if record.get(name) is not None}
    meta = record["meta"]
    if isinstance(meta, dict) and OURS not in meta:
        return meta | {OURS: ours}
    return {OURS: ours if meta is None else ours | {"meta": meta}}


def _objects(task: Mapping[str, Json], name: str) -> list[dict[str, Any]]:
    found = task.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
