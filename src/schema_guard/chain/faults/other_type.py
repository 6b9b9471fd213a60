"""A column that is there before the revision that makes it, with another type: its values are not that column's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fix
from schema_guard.chain.faults.early import dropped_by, holds_values, in_sql
from schema_guard.chain.reading.pending import There
from schema_guard.chain.version_table import Read
from schema_guard.difference import Difference, TypeDiffers
from schema_guard.names import in_quotes
from schema_guard.schema import Schema

__all__ = ["other_type"]


def other_type(
    objects: Sequence[str],
    differences: Iterable[Difference],
    schema: Schema,
    there: There,
    read: Read,
    commands: Commands,
) -> Fix | None:
    """Its values stay, under another name, and the revision makes its own; one without values is dropped. None where
    all have the type that the models expect.

    Args:
        objects: tables and columns that are there early, as revisions write them.
        differences: what the guard finds.
        schema: the database.
        there: names as revisions write them.
        read: sends a SELECT.
        commands: what a person types.
    """
    wanted = {there.key(name) for name in objects}
    said: list[str] = []
    sql: list[str] = []
    for each in differences:
        if not isinstance(each, TypeDiffers) or there.column(each.table.name, each.column.name) not in wanted:
            continue
        if not holds_values(read, each.table, each.actual, there.system):
            table = next((table for table in schema.tables if table.name == each.table.name), each.table)
            said.append(f"{each.object}: {each.headline}, and it holds nothing")
            sql += [drop.sql for drop in dropped_by(schema, table, each.actual, there.system)]
            continue
        name = _free(each.actual.name, there, there.table(each.table.name))
        said.append(f"{each.object}: {each.headline}, and it holds values")
        old = in_quotes(each.actual.name)
        sql.append(f"ALTER TABLE {in_sql(each.table.name)} RENAME COLUMN {old} TO {in_quotes(name)}")
    if not sql:
        return None
    deploy = commands("deploy")
    copied = "; then copy what is wanted of it" if any("RENAME COLUMN" in each for each in sql) else ""
    text = f"{'; '.join(said)}. It is another column: {'; '.join(sql)}; then {deploy}{copied}"
    return Fix(text, command=deploy, sql=";\n".join(sql))


def _free(name: str, there: There, table: str) -> str:
    """A name that no column of the table has, and that PostgreSQL does not cut."""
    short = name.encode()[:50].decode(errors="ignore")
    names = (f"{short}_before{number or ''}" for number in range(len(there.tables.get(table) or ()) + 1))
    return next(each for each in names if not there.has("column", f"{table}.{there.key(each)}"))
