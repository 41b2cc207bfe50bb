"""What goes in and out over HTTP, where it is not a table or a figure of the core."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prelabel.canonical import Json
from prelabel.draft import Confidence
from prelabel.drafters.cascade import STUDENT, Step, Steps
from prelabel.drafting.trials import MOST, USUAL
from prelabel.errors import Fault
from prelabel.people.membership import Number
from prelabel.routing.policy import Policy
from prelabel.schemas.change import Change, SchemaMapping
from prelabel_api.deps import LongText, Name, PromptText, ShortText

Role = Literal["reviewer", "senior", "lead", "admin"]
ClientToken = Annotated[
    Name,
    Field(min_length=8, description="made by the client for this act; sending it again does nothing new"),
]
Seconds = Annotated[float, Field(ge=0, le=86_400, description="how long the reviewer looked at the example")]

SlotIds = Annotated[list[Number], Field(max_length=100)]
Version = Annotated[
    int | None,
    Field(ge=0, le=2**31 - 1, description="the slot's as you claimed it; it is refused if that has changed"),
]


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


class SchemaIn(Body):
    """Another schema for a project and the runs at one of its versions, with where names of the old one went.

    `from_version` None: the newest one. With `dry_run`, what it would do is said and nothing is done.
    """

    schema_: dict[str, Json] | str = Field(alias="schema")
    mapping: SchemaMapping = SchemaMapping()
    from_version: int | None = Field(default=None, ge=1, le=2**31)
    dry_run: bool = False


class SchemaVersionOut(BaseModel):
    """A version of a project's schema and the runs that have it; `left` examples of them are yet to be moved to it.

    `text` is its fields as YAML, without the guidelines; `changes` is what it changed in the version before.
    """

    version: int
    schema_: dict[str, Any] = Field(serialization_alias="schema")
    text: str
    changes: list[Change]
    runs: list[int]
    left: int
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


class ImageOut(BaseModel):
    """An image that is stored, as contents refer to it: size in pixels upright, `type` as in image/png."""

    sha256: str
    name: str
    width: int
    height: int
    type: str


class BadRowOut(BaseModel):
    """A row that was not brought in: its number in the file, the field if one is at fault, and why."""

    row: int
    field: str
    reason: str


class ImportOut(BaseModel):
    """What an import did.

    `bad_rows` holds the first faults of rows (`bad`) and of drafts in them (`bad_drafts`); all are at
    /imports/{import_id}/bad-rows. `models` are those whose drafts the dataset has now, with how many. `lost` counts, in words,
    what the file said that could not be carried over.
    """

    import_id: int
    rows: int
    added: int
    already_there: int
    repeated: int
    bad: int
    drafts: int
    bad_drafts: int
    bad_rows: list[BadRowOut]
    models: dict[str, int]
    lost: dict[str, int]


class DraftingIn(Body):
    """How to draft: by one model, or by the `steps` of a cascade."""

    model: Name = Field(
        default=STUDENT,
        description="a LiteLLM model name, `student` (learns from gold, needs no key), or `given/NAME` for drafts that were "
        "brought in (`given`: the only ones there are)",
    )
    confidence: Confidence = "stated"
    steps: Steps | None = Field(
        default=None, description="a cascade; then leave `model` and `confidence` out"
    )
    prompt: PromptText = Field(
        default="label",
        min_length=1,
        description="the name of a prompt that ships, or how the digest of one begins that the project has used, or the text of a "
        "prompt file",
    )

    @model_validator(mode="after")
    def _one_way(self) -> "DraftingIn":
        if self.steps and self.model_fields_set & {"model", "confidence"}:
            raise ValueError("steps: they say which models are asked; leave model and confidence out")
        return self

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The cascade, of one step where only a model was named."""
        return self.steps or (Step(model=self.model, confidence=self.confidence),)


class RunIn(DraftingIn):
    """How to draft a dataset, or to quote its drafting."""

    lane: Literal["live", "batch"] = Field(
        default="live",
        description="`batch`: by the provider's batch endpoint, within a day, at about half the price",
    )
    policy: Policy = Policy()
    cap: Decimal | None = Field(default=None, gt=0, description="dollars that the run may spend at most")


class TrialIn(DraftingIn):
    """How to try a prompt out: on how many examples, or on which ones by their ids, and for how much money at the most.

    A step of a cascade without `take_from` takes the threshold of `Policy()`.
    """

    examples: (
        Annotated[int, Field(ge=1, le=MOST)] | Annotated[list[Name], Field(min_length=1, max_length=MOST)]
    ) = Field(default=USUAL, description="those whose label is known first")
    cap: Decimal = Field(default=Decimal(1), gt=0, description="dollars that the trial may spend at most")


class PromptIn(Body):
    """A prompt file as it is being written, and for what it is shown: an example of a dataset by its id, or else its first one."""

    text: PromptText
    dataset: Name = ""
    example: Name = ""
    model: Name = STUDENT
    confidence: Confidence = "stated"


class PromptChecked(BaseModel):
    """What a prompt makes of an example: the `messages` that the model would be sent, of so many `tokens`; or its faults, and none.

    `example` None: there is none yet, and a text stands in. `examples` are those that a trial would take, `variables` what each part
    may be filled with.
    """

    faults: list[Fault]
    name: str
    digest: str
    example: str | None
    examples: list[str]
    messages: list[dict[str, Any]]
    tokens: int
    variables: dict[str, dict[str, str]]


class ResumeIn(Body):
    """How to go on after a pause."""

    cap: Decimal | None = Field(default=None, gt=0, description="a new cap in dollars; none: the cap stays")


class AcceptingIn(Body):
    """Whether drafts are to be accepted without review; `note` says why not."""

    accepting: bool
    note: ShortText = "paused by a lead"


class RunOut(BaseModel):
    """A run and how far it is. `workers` is how many worker processes live now: with none, nothing is drafted.

    `accepting` False: since `accepting_since` nothing is accepted without review, for the reason in `accepting_note`.
    """

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
    accepting: bool
    accepting_note: str
    accepting_since: datetime
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
    run_id: Number | None = None


class ScratchIn(Body):
    """An unfinished answer: the label as far as it goes, valid or not; null and no comment takes away what was kept."""

    label: Json = None
    comment: LongText = ""
    version: Version = None


class SlotsIn(Body):
    """Slots by id."""

    slot_ids: SlotIds


class ReleaseIn(Body):
    """Slots by id; null: all that you hold."""

    slot_ids: SlotIds | None = None


class AnswerIn(Body):
    """An act of a reviewer on a slot."""

    client_token: ClientToken
    seconds: Seconds = 0
    comment: LongText = ""
    version: Version = None


class SubmitIn(AnswerIn):
    """A label, by field."""

    label: dict[str, Json]


class UndoIn(Body):
    """Take back the last answer, or what was done last."""

    client_token: ClientToken


class ReviewOut(BaseModel):
    """What an answer became."""

    id: int
    slot_id: int
    verdict: str
    label: dict[str, Any] | None
    created_at: datetime


class WhyIn(Body):
    """Why something is done, for whoever reads of it later."""

    why: LongText = ""


class UserIn(Body):
    """A new user."""

    name: Name
    role: Role = "reviewer"


class UserOut(BaseModel):
    """A user; never a token. `disabled_at`: since then their account is closed."""

    id: int
    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None


class TokenOut(BaseModel):
    """A new token. It is shown this once and kept only as a hash."""

    user: str
    token: str
