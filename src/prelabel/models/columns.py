"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    Text,
    cast,
    func,
    text,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from prelabel.canonical import Json


class Moment(TypeDecorator[datetime]):
    """A point in time; aware and in UTC on every database (SQLite would give it back naive)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: they mean something else on each machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given to the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware time."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Dollars(TypeDecorator[Decimal]):
    """Money, exact: a whole number of nano-dollars in the database, a Decimal of dollars in Python."""

    impl = BigInteger
    cache_ok = True
    NANO: ClassVar[Decimal] = Decimal("1e-9")

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Round to the nano-dollar."""
        return None if value is None else int((value / self.NANO).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Dollars again, also for sums (PostgreSQL sums bigint as numeric)."""
        return None if value is None else int(value) * self.NANO


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A text column holds one of these; a native enum could not be extended on every database."""
    return CheckConstraint(
        f"{column} IN ({', '.join(repr(value) for value in values)})", name=f"{column}_known"
    )


def index_when(condition: str, name: str, *columns: str) -> Index:
    """An index of the few rows for which a condition holds, given as SQL that both databases read alike."""
    return Index(name, *columns, postgresql_where=text(condition), sqlite_where=text(condition))


class BigId(TypeDecorator[int]):
    """A 64-bit key that SQLite still numbers by itself."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite numbers only columns declared INTEGER, which are 64 bits wide there."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


def as_json(column: Any) -> ColumnElement[str]:
    """A column of JSON as the text that it is kept as: rows that say the same can be counted together, and read once."""
    return cast(column, Text)


def utc_day(session: Session, moment: Any) -> ColumnElement[Any]:
    """The day of a moment in UTC, whatever the time zone of the connection; SQLite gives it as text."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return func.date(moment if is_sqlite else func.timezone("UTC", moment))


def as_date(day: date | str) -> date:
    """What `utc_day` gives, on either database."""
    return date.fromisoformat(day) if isinstance(day, str) else day


class NullableJson(TypeDecorator[Json]):
    """JSON in which None is SQL's NULL."""

    impl = JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)
