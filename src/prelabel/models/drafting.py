"""How it is labeled by models: runs, where each of their examples is, and every draft, call and batch."""

import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from prelabel.models.base import now
from prelabel.models.columns import BigId, Dollars, Moment, NullableJson, index_when, one_of

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
OUTCOMES = ("ok", "invalid", "limited", "transient", "refused", "stopping")
"""How a model call ended; `invalid` answers came, were paid and did not fit the schema, `limited` met a rate limit."""
PURPOSES = ("draft", "repair", "sample", "group", "embed")
"""What a model call was for; `group` asked about several examples at once."""
BATCH_STATES = ("preparing", "sending", "submitted", "collected", "cancelled", "failed")
"""`sending`: the provider may or may not have it."""
FAILED, LIMITED, AUDITED = "failure <> ''", "outcome = 'limited'", "reason = 'audit'"
"""The few drafts, calls and placements that have an index of their own; a query has to say it in these words to use it."""


class Prompt(SQLModel, table=True):
    """A prompt file as it was when a run used it; `digest` is its version."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    digest: str = Field(unique=True)
    text: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Run(SQLModel, table=True):
    """One drafting of one dataset, by the steps of a cascade (documents of `prelabel.drafters.cascade.Step`).

    A `trial` drafts a few examples of it, to see what a prompt makes of them: its drafts are never routed, so they stay "drafted".

    `quote` is the total that it was expected to cost when it started (`prelabel.measure.quote.Money`), if that was known.
    `drafted_at` is when its drafting was seen to be over; None while examples wait for it, be it again. `cancelled_at`: since when
    it is cancelled.
    `accepting` False: since `accepting_since` nothing is accepted without review, for the reason in `accepting_note`. `audited_from`
    is the newest slot as the test of the audits began anew. `seed` draws the audits; nobody is told it.
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
    trial: bool = False
    cap: Decimal | None = Field(default=None, sa_type=Dollars)
    quote: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    state: str = "running"
    note: str = ""
    learned_label_id: int = Field(default=0, sa_type=BigId)
    seed: int = Field(default_factory=lambda: secrets.randbits(62), sa_type=BigId)
    accepting: bool = True
    accepting_note: str = Field(default="", sa_type=Text)
    accepting_since: datetime = Field(default_factory=now, sa_type=Moment)
    audited_from: int = Field(default=0, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    drafted_at: datetime | None = Field(default=None, sa_type=Moment)
    cancelled_at: datetime | None = Field(default=None, sa_type=Moment)


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
        index_when(AUDITED, "ix_placement_audit", "run_id", "label_id"),
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


class Worker(SQLModel, table=True):
    """A worker process that has said it lives; `seen_at` is renewed every few seconds."""

    name: str = Field(primary_key=True)
    started_at: datetime = Field(default_factory=now, sa_type=Moment)
    seen_at: datetime = Field(default_factory=now, sa_type=Moment)
