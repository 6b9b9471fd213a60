"""Functions that a type of the application puts around its values and columns: `bind_expression`, `column_expression`.

Every INSERT and UPDATE calls the one, every SELECT the other, as the types of PostGIS and of pgcrypto do. NULL stands
for all their arguments: a key to decrypt with must be in no file and no message, and which function is called does not
depend on a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, cast, null
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import replacement_traverse

from schema_guard.schema import Call
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

if TYPE_CHECKING:
    from sqlalchemy import Column

__all__ = ["wrapping_calls", "wraps"]


def wraps(type_: Any, dialect: Any) -> bool:
    """Whether a column of the type can have such functions: what SQLAlchemy's own compiler asks, too."""
    try:
        found = type_.dialect_impl(dialect)
        return bool(found._has_bind_expression or found._has_column_expression)
    except Exception:  # the application's own code: its statements raise it, too
        return False


def wrapping_calls(column: Column[Any], writer: Writer) -> Iterator[Call]:
    """What cannot be written is left out: the application's own code writes it.

    Args:
        column: of a table of the models.
        writer: of the dialect.
    """
    for statement, expression in _expressions(column, writer):
        with suppress(UnwritableError):
            text = writer.expression(_of_nulls(expression))
            if "(" not in text:
                continue
            drivers = writer.words.drivers or ("",)
            sent = ((each, writer.expression(_of_nulls(expression, writer.of_driver(each)))) for each in drivers)
            by_driver = tuple((each, asked) for each, asked in sent if asked != text)
            if writer.words.drivers:  # a file, for whichever it will be
                yield Call(statement, text, by_driver=by_driver, wraps=True)
            else:
                yield Call(statement, text, by_driver[0][1] if by_driver else "", wraps=True)


def _expressions(column: Column[Any], writer: Writer) -> Iterator[tuple[str, ClauseElement]]:
    try:
        type_ = column.type.dialect_impl(writer.dialect)
        written = type_.bind_expression(bindparam(None, type_=column.type)) if type_._has_bind_expression else None
        read = type_.column_expression(column) if type_._has_column_expression else None
    except Exception:  # the application's own code: its statements raise it, too
        return
    if written is not None and column.computed is None:
        yield "INSERT", written
    if read is not None:
        yield "SELECT", read


def _of_nulls(expression: ClauseElement, dialect: Any = None) -> ClauseElement:
    """The expression with NULL for each parameter, with the cast that the dialect's driver gives it."""

    def replaced(element: Any, **_: Any) -> Any:
        if not isinstance(element, BindParameter):
            return None
        casts = dialect is not None and element.type.dialect_impl(dialect).render_bind_cast
        return cast(null(), element.type) if casts else null()

    found: Any = replacement_traverse(expression, {}, replaced)
    return found  # type: ignore[no-any-return]
