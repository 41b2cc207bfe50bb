"""What goes in and out over HTTP, where it is not a table or a figure of the core."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prelabel.canonical import Json
from prelabel.draft import Confidence
from prelabel.drafters.cascade import STUDENT, Step, Steps
from prelabel.policy import Policy
from prelabel_api.deps import LongText, Name

Role = Literal["reviewer", "senior", "lead", "admin"]
ClientToken = Annotated[
    Name,
    Field(min_length=8, description="made by the client for this act; sending it again does nothing new"),
]
Seconds = Annotated[float, Field(ge=0, le=86_400, description="how long the reviewer looked at the example")]


class Body(BaseModel):
    """A request body: unknown fields are an error, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid")


class ProjectIn(Body):
    """A project is defined by its label schema: a JSON object, or the text of a YAML or JSON file."""

    schema_: dict[str, Json] | str = Field(alias="schema")


class ProjectOut(BaseModel):
    """A project with its newest schema, and the dollars that all its runs have spent and may spend."""

    name: str
    schema_version: int
    schema_: dict[str, Any] = Field(serialization_alias="schema")
    spent: Decimal
    cap: Decimal | None
    created_at: datetime


class CapIn(Body):
    """A project's cap."""

    cap: Decimal | None = Field(
        gt=0, description="dollars that all runs of the project may spend together; null: no cap"
    )


class CapOut(BaseModel):
    """A project's cap. `stopped_runs` have met a cap before: a higher one does not start them, resuming each does."""

    project: str
    spent: Decimal
    cap: Decimal | None
    stopped_runs: list[int]


class DatasetOut(BaseModel):
    """A dataset and how many examples it holds."""

    id: int
    name: str
    examples: int
    created_at: datetime


class BadRowOut(BaseModel):
    """A row that was not brought in: its number in the file, the field if one is at fault, and why."""

    row: int
    field: str
    reason: str


class ImportOut(BaseModel):
    """What an import did. `bad_rows` holds the first of `bad`; all are at /imports/{import_id}/bad-rows.

    `lost` counts, in words, what the file said that could not be carried over.
    """

    import_id: int
    rows: int
    added: int
    already_there: int
    repeated: int
    bad: int
    bad_rows: list[BadRowOut]
    lost: dict[str, int]


class RunIn(Body):
    """How to draft a dataset, or to quote its drafting: by one model, or by the `steps` of a cascade."""

    model: Name = Field(
        default=STUDENT, description="a LiteLLM model name, or `student`: learns from gold, needs no key"
    )
    confidence: Confidence = "stated"
    steps: Steps | None = Field(
        default=None, description="a cascade; then leave `model` and `confidence` out"
    )
    lane: Literal["live", "batch"] = Field(
        default="live",
        description="`batch`: by the provider's batch endpoint, within a day, at about half the price",
    )
    prompt: Name = Field(default="label", description="a prompt of the folder prompts/")
    policy: Policy = Policy()
    cap: Decimal | None = Field(default=None, gt=0, description="dollars that the run may spend at most")

    @model_validator(mode="after")
    def _one_way(self) -> "RunIn":
        if self.steps and self.model_fields_set & {"model", "confidence"}:
            raise ValueError("steps: they say which models are asked; leave model and confidence out")
        return self

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The cascade, of one step where only a model was named."""
        return self.steps or (Step(model=self.model, confidence=self.confidence),)


class ResumeIn(Body):
    """How to go on after a pause."""

    cap: Decimal | None = Field(default=None, gt=0, description="a new cap in dollars; none: the cap stays")


class RunOut(BaseModel):
    """A run and how far it is. `workers` is how many worker processes live now: with none, nothing is drafted."""

    id: int
    project: str
    dataset: str
    model: str
    steps: list[Step]
    lane: str
    policy: Policy
    state: str
    note: str
    stage: str
    places: dict[str, int]
    spent: Decimal
    cap: Decimal | None
    project_cap: Decimal | None
    workers: int
    created_at: datetime


class BatchOut(BaseModel):
    """A part of a run that a provider's batch endpoint drafts.

    `requests` are in it, `answered` of them as the provider said at `polled_at` (Anthropic says so only at the end).
    `remote_id` is the provider's name of it, `note` says why it does not go on, or how it ended.
    """

    id: int
    model: str
    state: str
    remote_id: str
    requests: int
    answered: int
    note: str
    created_at: datetime
    polled_at: datetime | None


class ClaimIn(Body):
    """How many slots to claim, of one run or of all."""

    limit: int = Field(default=10, ge=1, le=100)
    run_id: int | None = Field(default=None, ge=1, le=2**53)


class WorkOut(BaseModel):
    """A claimed slot: the example, its draft with confidences by field, and until when it is yours."""

    slot_id: int
    run_id: int
    example_id: str
    content: dict[str, Any]
    draft: dict[str, Any] | None
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]
    lease_until: datetime


class SlotsIn(Body):
    """Slots by id."""

    slot_ids: list[Annotated[int, Field(ge=1, le=2**53)]] = Field(max_length=100)


class AnswerIn(Body):
    """An act of a reviewer on a slot."""

    client_token: ClientToken
    seconds: Seconds = 0
    comment: LongText = ""


class SubmitIn(AnswerIn):
    """A label, by field."""

    label: dict[str, Json]


class UndoIn(Body):
    """Take back the last answer."""

    client_token: ClientToken


class ReviewOut(BaseModel):
    """What an answer became."""

    id: int
    slot_id: int
    verdict: str
    label: dict[str, Any] | None
    created_at: datetime


class UserIn(Body):
    """A new user."""

    name: Name
    role: Role = "reviewer"


class UserOut(BaseModel):
    """A user; never a token."""

    id: int
    name: str
    role: str
    created_at: datetime


class TokenOut(BaseModel):
    """A new token. It is shown this once and kept only as a hash."""

    user: str
    token: str
