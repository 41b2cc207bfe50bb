"""The nouns as tables.

History (drafts, calls, reviews, labels) is append-only: undo and correction add rows. What moves is the `Placement` of an
example in a run and the `Slot` it has in the review queue; both point at the rows of history that hold now. No table keeps a
counter that a query can give.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import JSON, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from prelabel.canonical import Json
from prelabel.columns import BigId, Dollars, Moment, NullableJson, index_when, one_of

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

ROLES = ("reviewer", "senior", "lead", "admin")
"""Each role may do what those before it may."""
RUN_STATES = ("running", "paused", "over_budget", "cancelled")
"""What a run may do; how far it is follows from where its examples are. `over_budget`: its cap allows no further call."""
LANES = ("live", "batch")
"""How a run asks its models: call by call, or through the provider's batch endpoint, slower and cheaper."""
PLACES = ("waiting", "drafted", "queued", "settled", "failed")
"""Where an example is in a run; always exactly one of these."""
REASONS = (
    "low_confidence", "gold_failed", "audit", "draft_failed", "conflict", "redundancy", "requested", "check",
)  # fmt: skip
"""Why an example is in the review queue."""
CHECK = "check"
"""The reason of a slot that measures a person: its example stays settled by its gold, whatever is answered."""
SLOT_STATES = ("open", "answered", "withdrawn")
VERDICTS = ("confirmed", "corrected", "skipped", "flagged", "undone")
SOURCES = ("auto", "review", "consensus", "adjudication", "gold")
"""Where a label comes from."""
OUTCOMES = ("ok", "invalid", "limited", "transient", "refused", "stopping")
"""How a model call ended; `invalid` answers came, were paid and did not fit the schema, `limited` met a rate limit."""
PURPOSES = ("draft", "repair", "sample", "group", "embed")
"""What a model call was for; `group` asked about several examples at once."""
FAILED, LIMITED = "failure <> ''", "outcome = 'limited'"
FREE, HELD = "state = 'open' AND claimed_by IS NULL", "state = 'open' AND claimed_by IS NOT NULL"
"""The few drafts, calls and slots that have an index of their own; a query has to say it in these words to use it."""
BATCH_STATES = ("preparing", "sending", "submitted", "collected", "cancelled", "failed")
"""`sending`: the provider may or may not have it."""


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


class User(SQLModel, table=True):
    """A person or program that signs in."""

    __tablename__ = "users"  # `user` is a reserved word in PostgreSQL
    __table_args__ = (one_of("role", ROLES),)
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    role: str
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    disabled_at: datetime | None = Field(default=None, sa_type=Moment)


class Token(SQLModel, table=True):
    """A bearer token; only its SHA-256 is kept."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True)
    name: str
    digest: str = Field(unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    last_used_at: datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class JournalEntry(SQLModel, table=True):
    """A line of the journal (`prelabel.journal`): who did what, to what, in which project if in one. Never changed.

    `user_id` None: the server itself, at its first start.
    """

    __tablename__ = "journal"
    __table_args__ = (Index(None, "user_id", "id"), Index(None, "project_id", "id"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    user_id: int | None = Field(default=None, foreign_key="users.id")
    act: str
    project_id: int | None = Field(default=None, foreign_key="project.id")
    subject: str
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Project(SQLModel, table=True):
    """One labeling task; its schema versions, datasets and runs hang on it. `cap`: dollars that all its runs may spend."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    cap: Decimal | None = Field(default=None, sa_type=Dollars)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class SchemaVersion(SQLModel, table=True):
    """One version of a project's label schema, as the document that `LabelSchema.model_validate` reads."""

    __tablename__ = "schema_version"
    __table_args__ = (UniqueConstraint("project_id", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    version: int
    document: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class SchemaChange(SQLModel, table=True):
    """The move of runs, with all that was labeled in them, from one schema version to another.

    `mapping` is a document of `prelabel.schema_change.Mapping`. The runs themselves move at once; their settled labels follow
    in batches, up to the placement `moved_up_to` so far, and all of them once there is a `finished_at`.
    """

    __tablename__ = "schema_change"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    from_id: int = Field(foreign_key="schema_version.id", unique=True)
    to_id: int = Field(foreign_key="schema_version.id")
    mapping: dict[str, Any] = Field(sa_type=JSON)
    moved_up_to: int = Field(default=0, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)


class Dataset(SQLModel, table=True):
    """Examples that belong together."""

    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    name: str
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Import(SQLModel, table=True):
    """One bringing-in of a file: the record of what happened, written once at its end."""

    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    source: str
    started_at: datetime = Field(default_factory=now, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    rows: int | None = None
    added: int | None = None


class BadRow(SQLModel, table=True):
    """A row that could not become an example, or a draft in one that could not be kept, and why."""

    __tablename__ = "bad_row"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    import_id: int = Field(foreign_key="import.id", index=True)
    row: int
    field: str
    reason: str = Field(sa_type=Text)


class Example(SQLModel, table=True):
    """One piece of data to label. `content` is what reviewers and models see; `gold` they never see.

    `schema_version_id` is the version that the gold is of.
    """

    __table_args__ = (
        UniqueConstraint("dataset_id", "external_id"),
        Index(None, "dataset_id", "content_hash"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    dataset_id: int = Field(foreign_key="dataset.id")
    external_id: str
    content_hash: str
    content: dict[str, Any] = Field(sa_type=JSON)
    gold: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    meta: Json | None = Field(default=None, sa_type=NullableJson)
    schema_version_id: int | None = Field(default=None, foreign_key="schema_version.id")


class GivenDraft(SQLModel, table=True):
    """A draft that was made elsewhere and brought in with its example; `confidence` is of the label as a whole, if it has one.

    Runs draft with it as the model `given/MODEL`.
    """

    __tablename__ = "given_draft"
    __table_args__ = (UniqueConstraint("example_id", "model"), Index(None, "dataset_id", "model"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    dataset_id: int = Field(foreign_key="dataset.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    import_id: int = Field(foreign_key="import.id")
    schema_version_id: int = Field(foreign_key="schema_version.id")
    model: str
    label: dict[str, Any] = Field(sa_type=JSON)
    confidence: float | None = None


class Image(SQLModel, table=True):
    """An image as it was brought in, once whoever brings it; `width` and `height` are of it upright. Contents refer to it."""

    sha256: str = Field(primary_key=True)
    type: str
    width: int
    height: int
    data: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class ImageName(SQLModel, table=True):
    """What rows of a dataset call an image."""

    __tablename__ = "image_name"
    dataset_id: int = Field(foreign_key="dataset.id", primary_key=True)
    name: str = Field(primary_key=True)
    sha256: str = Field(foreign_key="image.sha256")


class Prompt(SQLModel, table=True):
    """A prompt file as it was when a run used it; `digest` is its version."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    digest: str = Field(unique=True)
    text: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Run(SQLModel, table=True):
    """One drafting of one dataset, by the steps of a cascade (documents of `prelabel.drafters.cascade.Step`).

    `quote` is the total that it was expected to cost when it started (`prelabel.measure.quote.Money`), if that was known.
    `drafted_at` is when its drafting was seen to be over; None while examples wait for it, be it again.
    `note` says why it paused; `learned_label_id` is up to where what learns from people (student, shots) has learned.
    """

    __table_args__ = (one_of("state", RUN_STATES), one_of("lane", LANES))
    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    schema_version_id: int = Field(foreign_key="schema_version.id")
    prompt_id: int = Field(foreign_key="prompt.id")
    steps: list[dict[str, Any]] = Field(sa_type=JSON)
    policy: dict[str, Any] = Field(sa_type=JSON)
    lane: str = "live"
    cap: Decimal | None = Field(default=None, sa_type=Dollars)
    quote: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    state: str = "running"
    note: str = ""
    learned_label_id: int = Field(default=0, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    drafted_at: datetime | None = Field(default=None, sa_type=Moment)


class Placement(SQLModel, table=True):
    """The one place where an example is in a run, with the draft and label that hold now.

    `confidence` is the one by which it was routed. `note` says more of why it is in the queue, where there is more to say.
    `lane` is the one by which it is drafted: in a run by batches it becomes "live" where a batch gave no usable answer. While a worker or a batch drafts it, a waiting placement is leased; a lease in
    the future without owner is a pause before the next attempt.
    """

    __table_args__ = (
        one_of("place", PLACES),
        one_of("lane", LANES),
        UniqueConstraint("run_id", "example_id"),
        Index(None, "run_id", "place", "is_gold", "id"),
        Index(None, "lease_owner"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    is_gold: bool = False
    place: str = "waiting"
    lane: str = "live"
    reason: str = ""
    note: str = Field(default="", sa_type=Text)
    confidence: float | None = None
    draft_id: int | None = Field(default=None, sa_type=BigId)
    label_id: int | None = Field(default=None, sa_type=BigId)
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Moment)


class Draft(SQLModel, table=True):
    """A label for one example by one step of the run's cascade. `label` is None where it failed; `failure` then says why.

    `schema_version_id` is the version under which the model was asked; the run may have moved to another since.
    """

    __table_args__ = (
        Index(None, "run_id", "example_id"),
        Index(None, "run_id", "step", "created_at"),
        index_when(FAILED, "ix_draft_failed", "run_id", "step"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    step: int = 0
    schema_version_id: int = Field(foreign_key="schema_version.id")
    model: str
    prompt_digest: str
    label: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    confidence: float | None = None
    confidences: dict[str, float] = Field(default_factory=dict, sa_type=JSON)
    alternatives: dict[str, dict[str, float]] = Field(default_factory=dict, sa_type=JSON)
    failure: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Call(SQLModel, table=True):
    """The ledger: what each request sent to a provider took, whatever came of it. `dollars` None: no price is known.

    A request about several examples has a row for each with its share, and `requests` 1 in the first of them, 0 in the others.
    """

    __table_args__ = (
        one_of("outcome", OUTCOMES),
        one_of("purpose", PURPOSES),
        one_of("lane", LANES),
        # Sums of a run's ledger are read from this index alone: the rows are wide, they hold the replies.
        Index("ix_call_sums", "run_id", "step", "model", "purpose", "lane", "outcome", "requests", "dollars"),
        index_when(LIMITED, "ix_call_limited", "run_id", "created_at"),
        Index(None, "example_id", "request_hash"),
        Index(None, "request_hash"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    step: int = 0
    model: str
    purpose: str
    lane: str = "live"
    requests: int = 1
    request_hash: str
    outcome: str
    detail: str = Field(default="", sa_type=Text)
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    dollars: Decimal | None = Field(default=None, sa_type=Dollars)
    price_version: str = ""
    latency_ms: int = 0
    reply: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Reservation(SQLModel, table=True):
    """Money that one owner has set aside for a run's calls to come; counts against the cap until it is spent or expires."""

    __table_args__ = (UniqueConstraint("run_id", "owner"),)
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id")
    owner: str
    dollars: Decimal = Field(sa_type=Dollars)
    expires_at: datetime = Field(sa_type=Moment)


class Batch(SQLModel, table=True):
    """Examples of a run that a provider's batch endpoint drafts; their placements are leased to `owner` until it is collected.

    `owner` is also the key by which a batch is found again that was created before its `remote_id` could be written down.
    `learned_label_id` and `schema_version_id` are the run's as the requests were written, so that they can be written again.
    `answered` of its `requests` are, as the provider says at `polled_at`. No worker touches it before `due_at`; None: nothing is left to do.
    """

    __table_args__ = (one_of("state", BATCH_STATES), Index(None, "due_at"))
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    owner: str = Field(unique=True)
    model: str
    state: str = "preparing"
    remote_id: str = ""
    requests: int = 0
    answered: int = 0
    learned_label_id: int = Field(default=0, sa_type=BigId)
    schema_version_id: int = Field(foreign_key="schema_version.id")
    note: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    polled_at: datetime | None = Field(default=None, sa_type=Moment)
    due_at: datetime | None = Field(default_factory=now, sa_type=Moment)


class Slot(SQLModel, table=True):
    """One answer that is wanted from one person for an example; claimed by a lease. `reason` is why the example was queued.

    `for_senior`: reviewers disagreed, and this one answer settles it. `blind`: it is given without sight of the draft. `version`
    grows whenever the slot changes hands or state, so that a client can tell that what it shows is no longer so. While a slot
    is claimed or answered nobody else is in `claimed_by`, and nobody is there twice for one example: the database itself keeps
    a reviewer from getting it again.
    """

    __table_args__ = (
        one_of("state", SLOT_STATES),
        one_of("reason", REASONS),
        UniqueConstraint("placement_id", "claimed_by"),
        index_when(FREE, "ix_slot_free_in_run", "run_id", "for_senior", "priority", "id"),
        index_when(FREE, "ix_slot_free", "for_senior", "priority", "id"),
        index_when(HELD, "ix_slot_held", "claimed_by"),
        index_when(HELD, "ix_slot_expiring", "lease_until"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    placement_id: int = Field(foreign_key="placement.id", sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    reason: str
    priority: int
    for_senior: bool = False
    blind: bool = False
    state: str = "open"
    version: int = 0
    claimed_by: int | None = Field(default=None, foreign_key="users.id")
    claimed_at: datetime | None = Field(default=None, sa_type=Moment)
    lease_until: datetime | None = Field(default=None, sa_type=Moment)


class Scratch(SQLModel, table=True):
    """What a reviewer has entered for an example and not sent yet; `label` need not be valid. Gone once they answer."""

    user_id: int = Field(primary_key=True, foreign_key="users.id")
    placement_id: int = Field(primary_key=True, foreign_key="placement.id", sa_type=BigId)
    label: Json | None = Field(default=None, sa_type=NullableJson)
    comment: str = Field(default="", sa_type=Text)
    saved_at: datetime = Field(default_factory=now, sa_type=Moment)


class Review(SQLModel, table=True):
    """One person's answer to one slot. `undone` rows take back the review that `undoes` names."""

    __table_args__ = (
        one_of("verdict", VERDICTS),
        UniqueConstraint("user_id", "client_token"),
        Index(None, "run_id", "verdict"),
        Index(None, "user_id", "example_id"),
        Index(None, "user_id", "id"),
        Index(None, "run_id", "example_id"),
        Index(None, "undoes"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    slot_id: int = Field(foreign_key="slot.id", sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    draft_id: int | None = Field(default=None, sa_type=BigId)
    user_id: int = Field(foreign_key="users.id")
    schema_version_id: int
    verdict: str
    label: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    seconds: float = 0
    comment: str = Field(default="", sa_type=Text)
    client_token: str
    undoes: int | None = Field(default=None, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Label(SQLModel, table=True):
    """A settled answer; the placement points at the one that holds, older ones stay as history.

    One that a change of the schema made out of an older label names it in `mapped_from`, and keeps its source, draft and review.
    """

    __table_args__ = (one_of("source", SOURCES), Index(None, "run_id", "source"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    value: dict[str, Any] = Field(sa_type=JSON)
    source: str
    draft_id: int | None = Field(default=None, sa_type=BigId)
    review_id: int | None = Field(default=None, sa_type=BigId)
    schema_version_id: int = Field(foreign_key="schema_version.id")
    mapped_from: int | None = Field(default=None, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Webhook(SQLModel, table=True):
    """Where a project's events are sent. Its secret is not kept: it is made of `salt` and a key; `digest` is its SHA-256."""

    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    url: str
    events: list[str] = Field(sa_type=JSON)
    salt: str
    digest: str
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    removed_at: datetime | None = Field(default=None, sa_type=Moment)

    @property
    def host(self) -> str:
        """The part of its URL that is no secret: a path or a query may be one."""
        return urlsplit(self.url).hostname or ""


class UnsentLabel(SQLModel, table=True):
    """A label that a webhook is to be told of, written with the label; many become one delivery, then they are gone."""

    __tablename__ = "unsent_label"
    __table_args__ = (Index(None, "webhook_id", "id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    webhook_id: int = Field(foreign_key="webhook.id")
    label_id: int = Field(foreign_key="label.id", sa_type=BigId)


class Delivery(SQLModel, table=True):
    """A message for a webhook, written with its event. It is tried when `due_at` comes; None: it arrived or was given up.

    While a worker tries it, `due_at` is when another may. `status` and `note` are of the last attempt.
    """

    __table_args__ = (Index(None, "webhook_id", "id"), Index(None, "due_at"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    webhook_id: int = Field(foreign_key="webhook.id")
    message_id: str = Field(unique=True)
    event: str
    body: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    due_at: datetime | None = Field(default_factory=now, sa_type=Moment)
    attempts: int = 0
    status: int | None = None
    note: str = Field(default="", sa_type=Text)
    delivered_at: datetime | None = Field(default=None, sa_type=Moment)


class Worker(SQLModel, table=True):
    """A worker process that has said it lives; `seen_at` is renewed every few seconds."""

    name: str = Field(primary_key=True)
    started_at: datetime = Field(default_factory=now, sa_type=Moment)
    seen_at: datetime = Field(default_factory=now, sa_type=Moment)
