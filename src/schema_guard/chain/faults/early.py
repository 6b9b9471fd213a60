"""What is there before the revision that brings it: named, and where it holds nothing, taken away again by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.reading.pending import Change, Pending, There
from schema_guard.chain.version_table import Read, quoted
from schema_guard.errors import GuardError
from schema_guard.schema import Column, Schema, Table

__all__ = ["Early", "early_faults", "early_of", "holds_values"]


@dataclass(frozen=True, slots=True)
class Early:
    """A table or column that is there although a pending revision brings it. `filled`: it holds rows or values."""

    change: Change
    filled: bool
    source_filled: bool
    drop: tuple[str, ...]
    """The statements that take it away."""


def early_of(pending: Pending, there: There, schema: Schema, read: Read, system: str) -> tuple[Early, ...]:
    """Find what is there too early, of what cannot be proved by comparing schemas: renames and what is filled.

    Args:
        pending: what the revisions that are still to run do.
        there: the tables and columns of the database.
        schema: the same with all that belongs to them.
        read: sends a SELECT.
        system: "postgresql" or "sqlite".
    """
    tables = {there.table(table.name): table for table in schema.tables}
    found: list[Early] = []
    for change in (*pending.into, *pending.fills):
        object_ = change.taken
        if not object_ or change.kind not in ("table", "column"):
            continue
        if any(other.kind == "table" and object_.startswith(f"{other.taken}.") for other in _changes(found)):
            continue  # it goes with its table
        table, column = _find(change.kind, object_, tables, there)
        if table is None:
            continue
        source_table, source_column = _find(change.kind, change.source, tables, there)
        found.append(
            Early(
                change,
                holds_values(read, table, column, system),
                source_table is not None and holds_values(read, source_table, source_column, system),
                tuple(_drop(schema, table, column, system)),
            )
        )
    return tuple(found)


def _changes(found: Sequence[Early]) -> Iterator[Change]:
    return (early.change for early in found)


def _find(kind: str, object_: str, tables: dict[str, Table], there: There) -> tuple[Table | None, Column | None]:
    if kind == "table":
        return tables.get(object_), None
    name, _, column = object_.rpartition(".")
    table = tables.get(name)
    found = next((item for item in table.columns if there.key(item.name) == column), None) if table else None
    return (table, found) if found is not None else (None, None)


def holds_values(read: Read, table: Table, column: Column | None, system: str) -> bool:
    """Whether the table has a row, or the column a value besides NULL and its default; True where nobody can tell."""
    name = _qualified(table)
    where = ""
    if column is not None:
        where = f" WHERE {quoted(column.name)} IS NOT NULL"
        if column.default is not None:
            differs = "IS NOT" if system == "sqlite" else "IS DISTINCT FROM"
            where += f" AND {quoted(column.name)} {differs} ({column.default})"
    try:
        return bool(read(f"SELECT 1 FROM {name}{where} LIMIT 1"))
    except GuardError:
        return True


def _qualified(table: Table) -> str:
    schema = f"{quoted(table.name.schema)}." if table.name.schema else ""
    return schema + quoted(table.name.name)


def _drop(schema: Schema, table: Table, column: Column | None, system: str) -> Iterator[str]:
    if column is None:
        for other in schema.tables if system == "postgresql" else ():
            for key in other.foreign_keys:
                if key.target == table.name and other.name != table.name and key.name:
                    yield f"ALTER TABLE {_qualified(other)} DROP CONSTRAINT {quoted(key.name)}"
        yield f"DROP TABLE {_qualified(table)}"
        return
    for index in table.indexes if system == "sqlite" else ():
        if index.name and any(
            quoted(column.name) in element.text or element.text == column.name for element in index.elements
        ):
            yield f"DROP INDEX {quoted(index.name)}"
    yield f"ALTER TABLE {_qualified(table)} DROP COLUMN {quoted(column.name)}"


def early_faults(early: Sequence[Early], commands: Commands) -> Iterator[Fault]:
    """One fault for each: what would become of the rows, and the way out, which is one for all that hold nothing."""
    deploy = commands("deploy")
    drops = tuple(dict.fromkeys(statement for item in early if not item.filled for statement in item.drop))
    for item in early:
        change = item.change
        if change.source:
            does = f"renames {change.source} to {change.object}"
            also = "both are there"
        else:
            does = f"makes {change.object} and changes rows as well"
            also = f"{change.object} is there already"
        if not item.filled:
            holds = "holds no rows" if change.kind == "table" else "holds no values"
            fix = Fix(f"{'; '.join(drops)}; then {deploy}", command=deploy, sql=";\n".join(drops))
            message = (
                f"{change.revision} is still to run and {does}, but {also}: {change.object} {holds}, something "
                "made it before its time (a guard, create_all)"
            )
        else:
            fix = Fix(
                f"a person has to bring the rows together: do by hand what {change.file}:{change.line} does, empty or "
                f"drop {change.object} where it is not needed, then {deploy}; or, where all is done by hand, "
                f"{commands('stamp')} --revision {change.revision}"
            )
            message = f"{change.revision} is still to run and {does}, but {also}, and {change.object} holds rows"
        yield Fault("made-early", Severity.BREAKS, message, fix, change.file, change.line, change.revision)
