"""Whether rows hold text that the Enum of the models does not list: SQLite keeps any text in any column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema_guard.dialects.labels import Listed, Others
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reading_back import NO_LABEL, UNDECODABLE
from schema_guard.dialects.sqlite.usual import some_of, unlisted
from schema_guard.errors import GuardError
from schema_guard.schema import Name

__all__ = ["others_held"]


def others_held(columns: Sequence[Listed], read: Callable[[str], Sequence[tuple[object, ...]]]) -> Others:
    """What rows hold, in one query; a table that cannot be read hinders only itself. Never raises."""
    found: dict[tuple[Name, str], list[str | None]] = {}
    for some in (columns, *([column] for column in columns)):
        try:
            for position, value in read(" UNION ALL ".join(_query(*item) for item in enumerate(some))):
                found.setdefault(some[int(str(position))].key, []).append(None if value is None else str(value))
            if some is columns:
                break
        except GuardError as error:
            if len(some) == 1 and UNDECODABLE in error.message:
                found[some[0].key] = [NO_LABEL]
    return found


def _query(position: int, each: Listed) -> str:
    others = some_of(unlisted(quote(each.column.name), quote(each.table.name), each.condition("label")))
    return f"SELECT {position}, label FROM ({others})"
