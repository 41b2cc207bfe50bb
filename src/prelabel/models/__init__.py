"""The nouns as tables.

History (drafts, calls, reviews, labels) is append-only: undo and correction add rows. What moves is the `Placement` of an
example in a run and the `Slot` it has in the review queue; both point at the rows of history that hold now. No table keeps a
counter that a query can give.
"""

from prelabel.models.base import now
from prelabel.models.consistency import Conflict, ConflictSearch
from prelabel.models.data import (
    BadRow,
    Dataset,
    Example,
    GivenDraft,
    Image,
    ImageName,
    Import,
    Project,
    SchemaChange,
    SchemaVersion,
)
from prelabel.models.drafting import (
    BATCH_STATES,
    FAILED,
    LANES,
    LIMITED,
    OUTCOMES,
    PLACES,
    PURPOSES,
    REASONS,
    RUN_STATES,
    Batch,
    Call,
    Draft,
    Placement,
    Prompt,
    Reservation,
    Run,
    Worker,
)
from prelabel.models.people import ROLES, JournalEntry, Token, User
from prelabel.models.reviewing import (
    CHECK,
    FREE,
    HELD,
    SLOT_STATES,
    SOURCES,
    VERDICTS,
    Label,
    Review,
    Scratch,
    Slot,
)
from prelabel.models.webhooks import Delivery, UnsentLabel, Webhook

__all__ = [
    "BATCH_STATES",
    "CHECK",
    "FAILED",
    "FREE",
    "HELD",
    "LANES",
    "LIMITED",
    "OUTCOMES",
    "PLACES",
    "PURPOSES",
    "REASONS",
    "ROLES",
    "RUN_STATES",
    "SLOT_STATES",
    "SOURCES",
    "VERDICTS",
    "BadRow",
    "Batch",
    "Call",
    "Conflict",
    "ConflictSearch",
    "Dataset",
    "Delivery",
    "Draft",
    "Example",
    "GivenDraft",
    "Image",
    "ImageName",
    "Import",
    "JournalEntry",
    "Label",
    "Placement",
    "Project",
    "Prompt",
    "Reservation",
    "Review",
    "Run",
    "SchemaChange",
    "SchemaVersion",
    "Scratch",
    "Slot",
    "Token",
    "UnsentLabel",
    "User",
    "Webhook",
    "Worker",
    "now",
]
