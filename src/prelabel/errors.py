"""Every error that Prelabel raises on purpose.

    PrelabelError
    ├── InputError              what came in is wrong: says where and what to do
    │   ├── SchemaError           a label schema that cannot be used
    │   ├── PromptError           a prompt file that cannot be used
    │   ├── LabelError            a label that does not fit its schema
    │   ├── RowError              a row of a file that cannot become an example
    │   └── FormatError           a file that cannot be read at all
    ├── NotFound                the thing named does not exist (or is not yours to see)
    ├── Conflict                the request came too late, or twice with other content
    │   └── LeaseLost             the slot is no longer held by this reviewer
    ├── NotSignedIn             no valid token
    ├── NotAllowed              a valid token without the right
    ├── Unavailable             something that is needed is not running
    └── ModelError              a model did not give a usable answer
        ├── TransientError        may pass: try again (timeout, server error)
        │   └── LimitedError        more was asked for than the provider allows: later, and slower
        ├── RefusedError          this request will never work: the example goes to people
        └── StoppingError         no request of this run will work: the run pauses

The message is for the user: what, where, and what to do.
"""

from dataclasses import dataclass
from typing import Any, Self


class PrelabelError(Exception):
    """Base of all errors raised on purpose; `str(error)` is fit to be shown to the user."""


class InputError(PrelabelError):
    """What came in is wrong."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a document, where in it: the line, if that is known, and the path from the root."""

    reason: str
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        where = ", ".join(filter(None, [f"line {self.line}" if self.line else "", self.path]))
        return f"{where}: {self.reason}" if where else self.reason


class SchemaError(InputError):
    """A label schema cannot be used; names the line or the path of each fault, which `faults` has one by one."""

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        self.faults = faults or (Fault(message),)
        super().__init__(message)

    @classmethod
    def of(cls, source: str, *faults: Fault) -> Self:
        """Of a document that is called `source`: its faults, one a line."""
        return cls(
            "\n".join(f"{source}{', ' if fault.line or fault.path else ': '}{fault}" for fault in faults),
            faults,
        )


class PromptError(InputError):
    """A prompt file cannot be used; `fault` has the line, where it is known, and the reason."""

    def __init__(self, message: str, fault: Fault | None = None) -> None:
        self.fault = fault or Fault(message)
        super().__init__(message)

    @classmethod
    def of(cls, source: str, fault: Fault) -> Self:
        """Of a prompt file that is called `source`."""
        return cls(f"{source}{', ' if fault.line else ': '}{fault}", fault)


class LabelError(InputError):
    """A label does not fit its schema.

    `path` leads to the fault from the root of the label ("category", "tags.2"), `reason` says what is wrong there.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class RowError(InputError):
    """A row of an imported file cannot become an example; `row` counts from 1, `field` may be empty."""

    def __init__(self, row: int, field: str, reason: str) -> None:
        self.row = row
        self.field = field
        self.reason = reason
        super().__init__(row, field, reason)

    def __str__(self) -> str:
        return (
            f"row {self.row}, {self.field}: {self.reason}" if self.field else f"row {self.row}: {self.reason}"
        )


class FormatError(InputError):
    """A file cannot be read as the format it was said to be."""


class NotFound(PrelabelError):
    """The thing named does not exist."""


class Conflict(PrelabelError):
    """The request contradicts what has happened since."""


class LeaseLost(Conflict):
    """The slot is no longer held by this reviewer: the lease ran out or the example was settled otherwise."""


class NotSignedIn(PrelabelError):
    """No token, or one that is unknown or revoked."""


class TooManyAttempts(PrelabelError):
    """Too often tried in vain; `wait` is how many seconds there are to wait."""

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class NotAllowed(PrelabelError):
    """The user's role does not permit this."""


class Unavailable(PrelabelError):
    """Something that is needed does not run: server, worker, database, broker."""


class ModelError(PrelabelError):
    """A model did not give a usable answer."""


class TransientError(ModelError):
    """The call may work later. `retry_after` is what the provider asked for, in seconds, if it did."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class LimitedError(TransientError):
    """The provider answers no more for the moment: a limit on requests, tokens or concurrency was met."""


class RefusedError(ModelError):
    """This request will never work (too long, content policy, bad request): the example goes to people.

    `reply` is what was paid for it, if the provider answered at all (a `prelabel.draft.Reply`).
    """

    def __init__(self, message: str, reply: Any = None) -> None:
        self.reply = reply
        super().__init__(message)


class StoppingError(ModelError):
    """No request of this run will work (bad key, no quota, no such model, no price): the run pauses and says why."""
