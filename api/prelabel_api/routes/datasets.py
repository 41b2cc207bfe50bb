"""Datasets: examples in."""

import io
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import col, select

from prelabel import formats, projects
from prelabel.dataset import ImportReport, bring_in
from prelabel.events import journal
from prelabel.examples.rows import Mapping
from prelabel.images.intake import ImageRules
from prelabel.models import BadRow, Dataset
from prelabel.schema import LabelSchema
from prelabel_api.bodies import BadRowOut, DatasetOut, ImportOut
from prelabel_api.deps import Id, LeadDep, ReadDep, SettingsDep, StoreDep, WriteDep
from prelabel_api.page import After, Limit, Page, page
from prelabel_api.upload import UploadStream

router = APIRouter(tags=["datasets"])


@router.get("/projects/{project}/datasets")
def list_datasets(project: str, _lead: LeadDep, session: ReadDep) -> Page[DatasetOut]:
    """The project's datasets and their sizes."""
    rows = projects.sizes(session, projects.find(session, project))
    return Page(items=[_out(dataset, examples) for dataset, examples in rows])


@router.put("/projects/{project}/datasets/{dataset}")
def open_dataset(project: str, dataset: str, lead: LeadDep, session: WriteDep) -> DatasetOut:
    """Make a dataset; one that is there already stays as it is."""
    found = projects.find(session, project)
    sizes = {known.id: examples for known, examples in projects.sizes(session, found)}
    opened = projects.open_dataset(session, found, dataset)
    if opened.id not in sizes:
        journal.note(session, lead, "dataset.open", opened)
    return _out(opened, sizes.get(opened.id, 0))


class ImportOptions:
    """How the uploaded rows are to be read."""

    def __init__(
        self,
        file_format: Annotated[
            str, Query(alias="format", description="format of the body, of GET /formats")
        ] = "jsonl",
        source: Annotated[str, Query(max_length=500, description="file name, for the record")] = "upload",
        id_field: Annotated[str, Query(description="which field is the example's id")] = "id",
        gold_field: Annotated[str, Query(description="which field is the known right label")] = "gold",
        drafts_field: Annotated[
            str,
            Query(description="which field has drafts made elsewhere: a list of {model, label, confidence}"),
        ] = "drafts",
        meta_field: Annotated[str, Query(description="which field goes along unseen")] = "meta",
        text_field: Annotated[
            str, Query(description="which field is the text; empty: fields stay as they are")
        ] = "",
        image_field: Annotated[
            str, Query(description="which field is an image, besides those that the schema has labels on")
        ] = "",
    ) -> None:
        self.reader = formats.reader(file_format)
        self.source = source
        self.mapping = Mapping(
            id=id_field,
            gold=gold_field,
            meta=meta_field,
            drafts=drafts_field,
            text=text_field,
            image=image_field,
        )


@router.post("/projects/{project}/datasets/{dataset}/examples", openapi_extra={
    "requestBody": {"required": True, "content": {"application/x-ndjson": {}, "text/csv": {}}}
})  # fmt: skip
def import_examples(
    project: str,
    dataset: str,
    request: Request,
    lead: LeadDep,
    store: StoreDep,
    settings: SettingsDep,
    options: Annotated[ImportOptions, Depends()],
) -> ImportOut:
    """Bring in the rows of the body, which may be of any length: it is imported as it arrives.

    An image stands in a row by the name or the SHA-256 of one that was uploaded, as a data: URI, or, where the server
    allows that, as a URL. Bad rows are listed with their number, field and reason; the good ones are kept. Sending a file again
    adds nothing; sending one whose rows have drafts by other models adds these.
    """
    with store.reading() as session:
        found = projects.find(session, project)
        dataset_id = projects.find_dataset(session, found, dataset).id
        schema = LabelSchema.model_validate(projects.newest_schema(session, found).document)
    assert dataset_id is not None
    body = io.BufferedReader(UploadStream(aiter(request.stream())), 1 << 20)
    rows, rules = options.reader(body, schema), ImageRules.of(settings)
    report = bring_in(store, dataset_id, schema, rows, options.source, options.mapping, images=rules, by=lead)
    return _report(report)


@router.get("/imports/{import_id}/bad-rows")
def list_bad_rows(
    import_id: Id, _lead: LeadDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[BadRowOut]:
    """Every row that an import could not take, in the order of the file."""
    found = session.exec(
        select(BadRow)
        .where(BadRow.import_id == import_id, col(BadRow.id) > after)
        .order_by(col(BadRow.id))
        .limit(limit + 1)
    ).all()
    rows = [BadRowOut(row=bad.row, field=bad.field, reason=bad.reason) for bad in found]
    return page(rows, [bad.id or 0 for bad in found], limit)


def _out(dataset: Dataset, examples: int) -> DatasetOut:
    return DatasetOut(id=dataset.id or 0, name=dataset.name, examples=examples, created_at=dataset.created_at)


def _report(report: ImportReport) -> ImportOut:
    return ImportOut(
        import_id=report.import_id,
        rows=report.rows,
        added=report.added,
        already_there=report.already_there,
        repeated=report.repeated,
        bad=report.bad,
        drafts=report.drafts,
        bad_drafts=report.bad_drafts,
        models=report.models,
        bad_rows=[BadRowOut(row=bad.row, field=bad.field, reason=bad.reason) for bad in report.bad_rows],
        lost=dict(report.lost.most_common()),
    )
