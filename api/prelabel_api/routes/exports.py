"""Labels out: the file formats, a run's labels in one of them, and what such a file does not hold."""

from dataclasses import asdict
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from prelabel import export, formats, runs
from prelabel.canonical import Json
from prelabel.errors import InputError
from prelabel.events import journal
from prelabel.examples.subset import Selection
from prelabel.export import Export, ExportReport
from prelabel.formats import About
from prelabel.reports import certificates
from prelabel.store import Store
from prelabel_api.deps import Id, LeadDep, StoreDep
from prelabel_api.page import Page

router = APIRouter(tags=["exports"])


class ExportOptions:
    """Which labels are wanted, and how."""

    def __init__(
        self,
        file_format: Annotated[str, Query(alias="format", description="a format of GET /formats")] = "jsonl",
        include: Annotated[
            export.Include,
            Query(description="`all` also takes examples that have no label yet, but not to train on"),
        ] = "settled",
        where: Annotated[
            str,
            Query(
                description="only examples for which this holds, as in `confidence > 0.9 and topic != 'spam'`"
            ),
        ] = "",
        balance: Annotated[
            str, Query(description="a field: at most as many of each of its classes as of the rarest")
        ] = "",
        weight: Annotated[
            str, Query(description="adds `weight`, as in `0.5 + 0.5 * confidence * (rating / 5)`")
        ] = "",
        split: Annotated[
            str,
            Query(
                description="adds `split`: shares of train, validation and perhaps test, as in `0.8/0.1/0.1`"
            ),
        ] = "",
        part: Annotated[str, Query(description="only this part of the split, as in `train`")] = "",
        seed: Annotated[int, Query(description="another seed balances and splits otherwise")] = 0,
    ) -> None:
        self.file_format = file_format
        self.include: export.Include = include
        self.selection = Selection(where, balance, weight, split, part, seed)

    def described(self) -> dict[str, Json]:
        """What was asked for, without what was left as it is."""
        chosen = {name: value for name, value in asdict(self.selection).items() if value}
        return {"format": self.file_format, "include": self.include, **chosen}

    def of(self, store: StoreDep, run_id: int) -> Export:
        """The export of a run."""
        return Export(store, run_id, self.file_format, self.include, self.selection)


OptionsDep = Annotated[ExportOptions, Depends()]


@router.get("/formats")
def list_formats(_lead: LeadDep) -> Page[About]:
    """The file formats: which are read and written, which kinds of fields each can hold, and what each is for."""
    return Page(items=[formats.about(name) for name in formats.known()])


@router.get("/runs/{run_id}/export", response_class=StreamingResponse)
def export_labels(
    run_id: Id, lead: LeadDep, store: StoreDep, options: OptionsDep,
    certificate: Annotated[
        Literal["none", "inline"],
        Query(description="`inline`: the last line of JSONL is the certificate, of the whole of the run"),
    ] = "none",
) -> StreamingResponse:  # fmt: skip
    """The labels as a file, streamed, each with where it came from. Who takes them is in the journal before the first of them."""
    last = _certificate(store, run_id, options) if certificate == "inline" else []
    file = options.of(store, run_id)
    with store.writing() as session:
        journal.note(session, lead, "export.take", runs.get(session, run_id), **options.described())
    headers = {"Content-Disposition": f'attachment; filename="{file.file_name}"'}
    return StreamingResponse(
        chain(file.chunks(), last), media_type="application/octet-stream", headers=headers
    )


@router.get("/runs/{run_id}/export/report")
def report_export(run_id: Id, _lead: LeadDep, store: StoreDep, options: OptionsDep) -> ExportReport:
    """What the file with these options holds and what it does not: it is written for this, and thrown away."""
    return export.report(options.of(store, run_id))


def _certificate(store: Store, run_id: int, options: ExportOptions) -> list[bytes]:
    """The certificate as a line; the file then holds what it is about, all examples. Raises InputError, Conflict."""
    if options.file_format != "jsonl" or options.selection != Selection():
        raise InputError(
            "certificate: it is about all labels of the run in JSONL: ask for no other format and no selection with it"
        )
    options.include = "all"
    return [certificates.as_line(certificates.certificate_or_refuse(store, run_id))]
