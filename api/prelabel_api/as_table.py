"""Figures as a file for a spreadsheet, where `format=csv` asks for it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel

from prelabel.tables import as_csv

AsFormat = Annotated[
    Literal["json", "csv"], Query(alias="format", description="`csv`: the table of parts alone")
]


def as_table(rows: Sequence[BaseModel], kind: type[BaseModel], name: str) -> Response:
    """Rows as an attachment of this name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(as_csv(rows, kind), media_type="text/csv; charset=utf-8", headers=headers)
