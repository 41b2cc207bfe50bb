"""Which examples of a run an export takes, how much each weighs, and in which split each is."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prelabel.errors import InputError
from prelabel.examples.expression import Expression, Missing, compile_expression, weight_of
from prelabel.examples.splits import hashed, read_shares
from prelabel.kinds.base import Kind
from prelabel.schema import LabelSchema

Record = dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """What is asked of an export; empty: nothing. `where` and `weight` are expressions, `balance` is a field of the schema.

    `split` is shares that sum to 1, as in "0.8/0.1/0.1": train, validation and, with three, test. `part` takes one of these alone.
    `seed` decides which examples a balance leaves out and where a split puts each.
    """

    where: str = ""
    balance: str = ""
    weight: str = ""
    split: str = ""
    part: str = ""
    seed: int = 0

    def extras(self) -> tuple[str, ...]:
        """What is added to each record."""
        return tuple(name for name in ("weight", "split") if getattr(self, name))


@dataclass
class Selector:
    """A selection that fits its schema. It counts in `left_out`, in words, what it does not take, and in `splits` what it does."""

    schema: LabelSchema
    selection: Selection
    left_out: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Raises InputError where the selection does not fit the schema."""
        self._where = self._compiled(self.selection.where, "where")
        self._weight = self._compiled(self.selection.weight, "weight")
        self._balanced = _balanced_kind(self.schema, self.selection.balance)
        self.shares = read_shares(self.selection.split)
        if self.selection.part and self.selection.part not in self.shares:
            known = ", ".join(self.shares) or "none without `split`"
            raise InputError(f"part: there is no split {self.selection.part!r} (there are {known})")

    def take(
        self, records: Callable[[], Iterable[Record]], split_of: Callable[[str], str] | None = None
    ) -> Iterator[Record]:
        """The records that are taken, with `weight` and `split` where asked for.

        `records` is called again for a second pass where a balance is asked for; `split_of` gives the split by an example's id.
        """
        limits = self._limits(records()) if self._balanced else {}
        for record in records():
            if not (self.is_wanted(record) and self._is_within(record, limits)):
                continue
            if split_of:
                record["split"] = split_of(record["id"])
                if self.selection.part not in ("", record["split"]):
                    continue
                self.splits[record["split"]] += 1
            if self._weight:
                record["weight"], why = weight_of(self._weight, record)
                if why:
                    self.left_out[why] += 1
            yield record

    def _compiled(self, text: str, what: str) -> Expression | None:
        return compile_expression(text, self.schema, what) if text else None

    def is_wanted(self, record: Record, is_counted: bool = True) -> bool:
        """Whether `where` holds for a record; one that has not what it speaks of is not wanted."""
        if self._where is None:
            return True
        try:
            wanted, why = bool(self._where.value(record)), "where: it does not hold"
        except Missing as missing:
            wanted, why = False, f"where: {missing} is missing"
        except (ZeroDivisionError, OverflowError):
            wanted, why = False, "where: it has no value"
        if not wanted and is_counted:
            self.left_out[why] += 1
        return wanted

    def _limits(self, records: Iterable[Record]) -> dict[str, int]:
        """By class the largest place that is taken: as many of each as there are of the rarest."""
        places: dict[str, array[int]] = {}
        for record in records:
            name = self._class_of(record)
            if name is not None and self.is_wanted(record, is_counted=False):
                places.setdefault(name, array("Q")).append(self._place(record))
        rarest = min(map(len, places.values()), default=0)
        return {name: sorted(found)[rarest - 1] for name, found in places.items()}

    def _is_within(self, record: Record, limits: dict[str, int]) -> bool:
        if self._balanced is None:
            return True
        name = self._class_of(record)
        if name is None:
            self.left_out[f"balance: without a class of {self.selection.balance!r}"] += 1
            return False
        within = self._place(record) <= limits.get(name, -1)
        if not within:
            self.left_out[f"balance: more of {name!r} than of the rarest class"] += 1
        return within

    def _class_of(self, record: Record) -> str | None:
        value = (record["label"] or {}).get(self.selection.balance)
        return None if value is None or self._balanced is None else self._balanced.class_of(value)

    def _place(self, record: Record) -> int:
        return hashed(self.selection.seed, record["id"])


def _balanced_kind(schema: LabelSchema, name: str) -> Kind | None:
    if not name:
        return None
    kind = schema.fields.get(name)
    if kind is None or kind.classes() is None:
        fields = ", ".join(field for field, known in schema.fields.items() if known.classes() is not None)
        reason = (
            "is not a field of the schema"
            if kind is None
            else f"is a field of {kind.kind}, which has no classes"
        )
        raise InputError(f"balance: {name!r} {reason} (fields with classes: {fields or 'none'})")
    return kind
