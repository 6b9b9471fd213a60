"""Values for a column of the models: an ordinary one first, then those that stretch its type."""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

__all__ = ["allowed_by_checks", "samples"]

_LIST = re.compile(r"""(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))\s+IN\s*\((?P<values>[^()]*)\)""", re.IGNORECASE)
_LITERAL = re.compile(r"'(?P<text>(?:[^']|'')*)'|(?<![\w.])(?P<number>-?\d+(?:\.\d+)?)(?![\w.])")
_DAY = datetime.date(2024, 2, 29)
_WORD = "zq"
"""How every generated text begins: no scenario's row does."""


def samples(type_: TypeEngine[Any], number: int, dialect: Dialect) -> list[Any]:
    """Values that the models allow; those for different numbers differ where the type has so many. Empty: unknown."""
    if isinstance(type_, sa.Enum):
        return _turned(list(type_.enum_class or type_.enums), number)
    if isinstance(type_, sa.TypeDecorator) and not isinstance(type_, sa.Interval):
        return samples(type_.impl_instance, number, dialect)
    inner = type_.dialect_impl(dialect)
    if isinstance(inner, sa.ARRAY):
        return [*([value] for value in samples(inner.item_type, number, dialect)), []]
    if isinstance(inner, postgresql.DOMAIN):
        return samples(inner.data_type, number, dialect)
    return next((list(make(inner, number)) for kind, make in _KINDS if isinstance(inner, kind)), [])


def _turned(values: list[Any], number: int) -> list[Any]:
    """Another one first for each number."""
    start = number % len(values) if values else 0
    return values[start:] + values[:start]


def _text(type_: Any, number: int) -> Iterator[str]:
    length = type_.length
    plain = f"{_WORD}{number}"
    yield plain if length is None or length >= len(plain) else str(number)[-length:]
    yield str(number).rjust(length or 300, "y")[-(length or 300) :]


def _integer(bits: int) -> Callable[[Any, int], Iterator[int]]:
    def values(_: Any, number: int) -> Iterator[int]:
        yield 20_000 + number
        yield 2 ** (bits - 1) - number
        yield number - 2 ** (bits - 1)

    return values


def _numeric(type_: Any, number: int) -> Iterator[Any]:
    convert = decimal.Decimal if type_.asdecimal else float
    if type_.precision is None:
        yield convert(number)
        return
    scale = type_.scale or 0
    unit = decimal.Decimal(1).scaleb(-scale)
    yield convert(number * unit)
    yield convert(decimal.Decimal(1).scaleb(type_.precision - scale) - number * unit)


def _float(type_: Any, number: int) -> Iterator[Any]:
    yield decimal.Decimal(number) if type_.asdecimal else number + 0.5
    yield decimal.Decimal(10) ** 30 if type_.asdecimal else 1e30 + number  # no integer column takes it


def _datetime(type_: Any, number: int) -> Iterator[datetime.datetime]:
    zone = datetime.UTC if type_.timezone else None
    for year in (2024, 9998):
        start = datetime.datetime(year, 1, 2, 3, 4, 5, 678901, tzinfo=zone)
        yield start + datetime.timedelta(hours=number)


def _uuid(type_: Any, number: int) -> Iterator[Any]:
    value = uuid.UUID(int=0xABCD << 64 | number)
    yield value if type_.as_uuid else str(value)


def _range(make: Callable[[int], Any]) -> Callable[[Any, int], Iterator[Any]]:
    def values(_: Any, number: int) -> Iterator[Any]:
        yield postgresql.Range(make(number * 10), make(number * 10 + 5))

    return values


def _instant(zone: datetime.tzinfo | None) -> Callable[[int], datetime.datetime]:
    return lambda number: datetime.datetime(2024, 1, 1, tzinfo=zone) + datetime.timedelta(hours=number)


_KINDS: tuple[tuple[Any, Callable[[Any, int], Iterator[Any]]], ...] = (
    (postgresql.INT4RANGE, _range(int)),
    (postgresql.INT8RANGE, _range(int)),
    (postgresql.NUMRANGE, _range(decimal.Decimal)),
    (postgresql.DATERANGE, _range(lambda number: _DAY + datetime.timedelta(days=number))),
    (postgresql.TSRANGE, _range(_instant(None))),
    (postgresql.TSTZRANGE, _range(_instant(datetime.UTC))),
    (postgresql.INET, lambda _, number: iter([f"10.0.{number // 250}.{number % 250}"])),
    (postgresql.CIDR, lambda _, number: iter([f"10.{number // 250}.{number % 250}.0/24"])),
    (postgresql.MACADDR, lambda _, number: iter([f"08:00:2b:01:02:{number % 256:02x}"])),
    (postgresql.BIT, lambda type_, _: iter(["1" * (type_.length or 1)])),
    (postgresql.HSTORE, lambda _, number: iter([{"k": str(number)}])),
    (postgresql.TSVECTOR, lambda _, number: iter([f"word{number}"])),
    (postgresql.CITEXT, _text),
    ((sa.Interval, postgresql.INTERVAL), lambda _, number: iter([datetime.timedelta(days=number, seconds=1)])),
    (sa.Boolean, lambda _, number: iter(_turned([True, False], number))),
    (sa.SmallInteger, _integer(16)),
    (sa.BigInteger, _integer(64)),
    (sa.Integer, _integer(32)),
    (sa.Float, _float),
    (sa.Numeric, _numeric),
    (sa.Uuid, _uuid),
    (sa.JSON, lambda _, number: iter([{"n": [number]}, number, "text"])),
    (sa.LargeBinary, lambda _, number: iter([bytes([0, 255, number // 256 % 256, number % 256])])),
    (sa.String, _text),
    (sa.DateTime, _datetime),
    (sa.Date, lambda _, number: iter([_DAY + datetime.timedelta(days=number)])),
    (sa.Time, lambda _, number: iter([datetime.time(number // 60 % 24, number % 60, 1)])),
)
"""By the type as the dialect has it, the more special one first."""


def allowed_by_checks(table: sa.Table, dialect: Dialect) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """What the CHECKs of the models say of single columns.

    Returns:
        By column, the values of `column IN (..)`; and other constants that stand in a CHECK that names the column.
    """
    lists: dict[str, list[Any]] = {}
    hints: dict[str, list[Any]] = {}
    for check in (constraint for constraint in table.constraints if isinstance(constraint, sa.CheckConstraint)):
        text = str(check.sqltext.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        text = text.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else text
        for found in _LIST.finditer(text):
            values = list(_literals(found["values"]))
            column = found["quoted"] or found["plain"]
            if values and column in table.columns:
                lists.setdefault(column, []).extend(values)
        for column in table.columns:
            if re.search(rf"(?<!\w){re.escape(column.name)}(?!\w)", text):
                hints.setdefault(column.name, []).extend(_around(list(_literals(text))))
    return lists, hints


def _literals(text: str) -> Iterator[Any]:
    for found in _LITERAL.finditer(text):
        if found["text"] is not None:
            yield found["text"].replace("''", "'")
        else:
            yield float(found["number"]) if "." in found["number"] else int(found["number"])


def _around(values: Sequence[Any]) -> list[Any]:
    """A number with its neighbours: the CHECK may say less, or more, than it."""
    numbers = [value for value in values if isinstance(value, (int, float))]
    return [*values, *(number + 1 for number in numbers), *(number - 1 for number in numbers)]
