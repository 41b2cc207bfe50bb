"""A schema while it is being written: what is wrong with it, and the form that people will fill in."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from prelabel.errors import Fault, SchemaError
from prelabel.schema import LabelSchema
from prelabel.schemas import form
from prelabel.schemas.document import MOST_BYTES
from prelabel.schemas.form import FormField
from prelabel_api.bodies import Body
from prelabel_api.deps import LeadDep

router = APIRouter(prefix="/schemas", tags=["projects"])


class SchemaText(Body):
    """A label schema, as far as it is written: YAML or JSON."""

    text: Annotated[str, Field(max_length=MOST_BYTES)]


class SchemaChecked(BaseModel):
    """The form of a schema without faults; or its faults, and no fields."""

    faults: list[Fault]
    guidelines: str
    fields: list[FormField]


@router.post("/check")
def check_schema(body: SchemaText, _lead: LeadDep) -> SchemaChecked:
    """Read a schema without keeping it: every fault with its line and path, or the form that it makes."""
    try:
        schema = LabelSchema.load(body.text)
    except SchemaError as error:
        return SchemaChecked(faults=list(error.faults), guidelines="", fields=[])
    return SchemaChecked(faults=[], guidelines=schema.guidelines, fields=form.fields_of(schema))
