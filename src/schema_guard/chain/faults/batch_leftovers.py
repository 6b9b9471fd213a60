"""What a batch migration that died left behind on SQLite: `_alembic_tmp_x`, the copy that was to become x.

Alembic makes the copy, fills it, drops x and renames the copy, on SQLite without one transaction around all of it. As
long as the copy is there, the same migration fails ("already exists").
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.systems import Live
from schema_guard.chain.version_table import literal
from schema_guard.errors import ReadError
from schema_guard.names import in_quotes

__all__ = ["batch_leftovers", "gone", "leftover_in"]

PREFIX = "_alembic_tmp_"
CODE = "leftover-batch-table"


def batch_leftovers(live: Live) -> Iterator[Fault]:
    """A fault for each such table of the file."""
    for name, original, is_there in _copies(live):
        if is_there:
            yield _both(name, original, live)
        elif original:
            yield _gone(name, original)


def gone(live: Live, tables: Container[str]) -> Iterator[Fault]:
    """A fault for each of these tables, by its name in lower case, of which only the copy is left."""
    for name, original, is_there in _copies(live):
        if not is_there and original.lower() in tables:
            yield _gone(name, original)


def leftover_in(message: str, fault: Fault) -> bool:
    """Whether a revision failed at the copy that a fault is about."""
    return fault.code == CODE and fault.message.partition(" ")[0] in message


def _copies(live: Live) -> Iterator[tuple[str, str, bool]]:
    """Each copy, the name that it was to get, and whether there is a table of that name."""
    names = [str(row[0]) for row in live.read("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    there = {name.lower() for name in names}
    for name in names:
        if name.lower().startswith(PREFIX):
            original = name[len(PREFIX) :]
            yield name, original, original.lower() in there


def _gone(name: str, original: str) -> Fault:
    return Fault(
        CODE,
        Severity.BREAKS,
        f"{original} is gone, and its rows are in {name}: a batch migration was interrupted between dropping and "
        "renaming",
        _sql(f"ALTER TABLE {in_quotes(name)} RENAME TO {in_quotes(original)}", "; then see which revision it was"),
    )


def _both(name: str, original: str, live: Live) -> Fault:
    """The copy may go where each of its rows is in the original, too."""
    message = (
        f"{name} is left over from an interrupted batch migration of {original}: the next one fails (already exists)"
    )
    shared = _shared(name, original, live)
    columns = ", ".join(in_quotes(column) for column in shared)
    only = f"SELECT {columns} FROM {in_quotes(name)} EXCEPT SELECT {columns} FROM {in_quotes(original)}"
    try:
        rows = int(str(live.read(f"SELECT count(*) FROM {in_quotes(name)}")[0][0]))
        lost = int(str(live.read(f"SELECT count(*) FROM ({only})")[0][0])) if rows and shared else rows
        fewer = not live.read(
            f"SELECT (SELECT count(*) FROM {in_quotes(name)}) <= (SELECT count(*) FROM {in_quotes(original)})"
        )[0][0]
    except ReadError as error:
        return Fault(CODE, Severity.BREAKS, f"{message}; its rows cannot be compared: {error.message}")
    if lost or fewer:
        looked = only if shared else f"SELECT * FROM {in_quotes(name)}"
        return Fault(
            CODE,
            Severity.BREAKS,
            f"{message}; {lost or rows} of its rows are not in {original}",
            Fix(f"look at them before it is dropped: {looked}", sql=looked),
        )
    kept = "it holds no row" if not rows else f"each of its rows is in {original}"
    return Fault(CODE, Severity.BREAKS, f"{message}; {kept}", _sql(f"DROP TABLE {in_quotes(name)}"))


def _sql(statement: str, then: str = "") -> Fix:
    return Fix(f"{statement}{then}", sql=statement)


def _shared(name: str, original: str, live: Live) -> list[str]:
    """The columns that both have: the migration may have added or dropped some."""
    one, other = (
        [str(row[0]) for row in live.read(f"SELECT name FROM pragma_table_info({literal(table)})")]
        for table in (name, original)
    )
    known = {column.lower() for column in other}
    return [column for column in one if column.lower() in known]
