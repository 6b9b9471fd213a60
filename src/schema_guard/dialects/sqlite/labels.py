"""Whether rows hold text that the Enum of the models does not list: SQLite keeps any text in any column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema_guard.dialects.labels import Listed, Others, doubted
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reading_back import NO_LABEL, UNDECODABLE
from schema_guard.dialects.sqlite.usual import some_of, unlisted
from schema_guard.errors import ReadError
from schema_guard.schema import Name

__all__ = ["others_held"]


def others_held(columns: Sequence[Listed], read: Callable[[str], Sequence[tuple[object, ...]]]) -> Others:
    """What rows hold, in one query; a table that cannot be read hinders only itself.

    Raises:
        UnreachableError, LockTimeoutError: nothing can be read at all.
    """
    found: dict[tuple[Name, str], list[str | None]] = {}
    for some in (columns, *([column] for column in columns)):
        try:
            for position, value in read(" UNION ALL ".join(_query(*item, len(columns)) for item in enumerate(some))):
                found.setdefault(some[int(str(position))].key, []).append(None if value is None else str(value))
            if some is columns:
                break
        except ReadError as error:
            if len(some) == 1:
                held = doubted(some[0])
                found[some[0].key] = [NO_LABEL if each and UNDECODABLE in error.message else each for each in held]
    return found


def _query(position: int, each: Listed, columns: int) -> str:
    others = some_of(unlisted(quote(each.column.name), quote(each.table.name), each.condition("label")), columns)
    return f"SELECT {position}, value FROM ({others})"
