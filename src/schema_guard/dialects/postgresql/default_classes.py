"""Keys of indexes that name no operator class where the access method has no default one for their type.

The server tells the type of each key as it tells what an expression means: against columns of their types, with
nothing read and nothing run (`answers`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from schema_guard.dialects.definitions import columns_of
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.explained import rows_of_nulls, type_of
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.plain import WITHOUT_ORDER
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.text_types import PADDED, UNPADDED
from schema_guard.dialects.violators import mentions
from schema_guard.plan import Definition, Rejection
from schema_guard.schema import Index, IndexElement, Name, Schema, Table, TypeKind

__all__ = ["without_default_class"]


_DEFAULTS_OF = {"gin": "btree_gin", "gist": "btree_gist"}
"""The extension that brings default operator classes for the scalar types (manual, appendix F)."""
_NO_SCALAR = frozenset({"json", "xml", "jsonb", "hstore", "tsquery"})

Quote = Callable[[Name | str], str]


def without_default_class(
    link: Link, indexes: Iterable[tuple[Table, Index]], actual: Schema, quote: Quote, timeout: float
) -> dict[Definition, Rejection]:
    """What the server would say of them, and what to do.

    Args:
        link: a connection under the application's own search_path.
        indexes: those that are missing, each with its expected table.
        actual: the live schema.
        quote: the dialect's quoting.
        timeout: seconds for each statement.

    Raises what the link raises.
    """
    typed: dict[tuple[Table, Index, IndexElement], list[int]] = {}
    suspects = [
        (table, index, key) for table, index in indexes for key in index.elements if _may_lack(table, index, key)
    ]
    if not suspects:
        return {}
    with link.reading(timeout):
        for table, index, key in suspects:
            typed[table, index, key] = _types(link, table, key, actual, quote)
    asked = sorted({(index.method, oid) for (_, index, _), oids in typed.items() for oid in oids})
    with link.reading(timeout, bare_path=True):
        rows = link.rows(query("default_classes", asked=asked))
    lacking = {(str(method), int(str(oid))): (str(name), classes) for method, oid, name, classes in rows}
    found: dict[Definition, Rejection] = {}
    for (table, index, key), oids in typed.items():
        said = [lacking.get((index.method, oid)) for oid in oids]
        if said and said[0] is not None and None not in said:
            name, classes = said[0]
            found.setdefault((table.name, index), _rejection(index, key, name, json.loads(str(classes or "[]"))))
    return found


def _may_lack(table: Table, index: Index, key: IndexElement) -> bool:
    """A btree is asked for only where it is the exception: an expression, or a type that has no order."""
    if key.operator_class:
        return False
    column = table.column(key.text)
    plain = column is not None and column.type.kind is TypeKind.BASE and column.type.name not in WITHOUT_ORDER
    return index.method != "btree" or not plain


def _types(link: Link, table: Table, key: IndexElement, actual: Schema, quote: Quote) -> list[int]:
    """Of the key, over the columns as they are and as the models expect them; none where the server does not say."""
    text = key.text if key.is_expression else quote(key.text)
    there = [column for column in columns_of(table, actual) if mentions(text, column.name)]
    wanted = [table.column(column.name) or column for column in there]
    if any(column.type.kind is TypeKind.UNKNOWN for column in (*there, *wanted)):
        return []
    sources = dict.fromkeys(rows_of_nulls(table.name, columns, quote) for columns in (there, wanted))
    return [oid for source in sources for oid in _type(link, text, source)]


def _type(link: Link, text: str, source: str) -> list[int]:
    try:
        with link.savepoint():
            return [int(str(link.rows(f"SELECT {type_of(text, source)}")[0][0]))]
    except DriverError as error:
        if is_disconnect(error):
            raise
        return []


def _rejection(index: Index, key: IndexElement, type_name: str, classes: Sequence[str]) -> Rejection:
    said = f'data type {type_name} has no default operator class for access method "{index.method}"'
    return Rejection(said, "operator class", "", advice=tuple(_advice(index, key, type_name, classes)))


def _advice(index: Index, key: IndexElement, type_name: str, classes: Sequence[str]) -> list[str]:
    extension = _DEFAULTS_OF.get(index.method)
    if classes:
        return [_name_it(key, classes)]
    if index.method == "gin" and type_name in UNPADDED | PADDED:
        return ["CREATE EXTENSION pg_trgm;", _name_it(key, ["gin_trgm_ops"])]
    if extension is not None and type_name not in _NO_SCALAR and not type_name.endswith("[]"):
        return [f"CREATE EXTENSION {extension};"]
    return [f"index another type or with another method: {index.method} has no operator class for {type_name}"]


def _name_it(key: IndexElement, classes: Sequence[str]) -> str:
    named = " or ".join(classes)
    if key.is_expression:
        return f"name the operator class in the models, behind the expression: {key.text} {named}"
    return f"name the operator class in the models: postgresql_ops={{{key.text!r}: {' or '.join(map(repr, classes))}}}"
