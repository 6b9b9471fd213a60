"""The statements that make again what a revision made and the database has lost: plain columns and indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema_guard.column import Column
from schema_guard.difference import ColumnMissing, Difference, IndexMissing
from schema_guard.index import Index
from schema_guard.schema import Name

__all__ = ["statements_for"]

Quote = Callable[[Name | str], str]


def statements_for(differences: Sequence[Difference], quote: Quote) -> tuple[str, ...]:
    """The statements, columns first; none at all where one of the differences takes more than that.

    Args:
        differences: what the database lacks.
        quote: writes a name.
    """
    columns: list[str] = []
    indexes: list[str] = []
    for difference in differences:
        match difference:
            case ColumnMissing(table=table, column=column) if _is_plain(column):
                default = f" DEFAULT {column.default}" if column.default is not None else ""
                null = "" if column.nullable else " NOT NULL"
                definition = f"{quote(column.name)} {column.type.text}{default}{null}"
                columns.append(f"ALTER TABLE {quote(table.name)} ADD COLUMN {definition}")
            case IndexMissing(table=table, index=index) if index.name and _has_plain_keys(index):
                unique = "UNIQUE " if index.unique else ""
                keys = ", ".join(map(quote, index.columns or ()))
                indexes.append(f"CREATE {unique}INDEX {quote(index.name)} ON {quote(table.name)} ({keys})")
            case _:
                return ()
    return (*columns, *indexes)


def _is_plain(column: Column) -> bool:
    """It can be added to a table with rows, and is all said by its type, default and NOT NULL."""
    special = column.generated or column.identity or column.autoincrement or column.collation
    return not special and (column.nullable or column.default is not None)


def _has_plain_keys(index: Index) -> bool:
    plain = all(str(element) == element.text and not element.is_expression for element in index.elements)
    return plain and index.method == "btree" and not (index.where or index.include or index.nulls_not_distinct)
