"""Figures as a file for a spreadsheet, where `format=csv` asks for it."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel

from prelabel.reports.tables import as_csv

AsFormat = Annotated[
    Literal["json", "csv"], Query(alias="format", description="`csv`: the table of parts alone")
]


def as_table(rows: Sequence[BaseModel], kind: type[BaseModel], name: str, as_of: datetime) -> Response:
    """Rows as an attachment of this name, last modified at the moment as of which they were counted."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Last-Modified": format_datetime(as_of, usegmt=True),
    }
    return Response(as_csv(rows, kind), media_type="text/csv; charset=utf-8", headers=headers)
