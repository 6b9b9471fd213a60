"""What env.py keeps from autogenerate: its include_object and include_name are asked about everything of the models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["left_out"]


def left_out(opts: Mapping[str, Any]) -> tuple[str, ...]:
    """Patterns of what is left out, as `exclude` takes them.

    Args:
        opts: what env.py gave to `context.configure`.
    """
    include_object, include_name = opts.get("include_object"), opts.get("include_name")
    if not callable(include_object) and not callable(include_name):
        return ()
    metadatas = opts.get("target_metadata")
    found = metadatas if isinstance(metadatas, list | tuple) else [metadatas]
    tables = [table for metadata in found for table in getattr(metadata, "tables", {}).values()]

    def included(item: Any, name: Any, kind: str, parents: Mapping[str, Any]) -> bool:
        by_object = item is None or not callable(include_object)
        by_object = by_object or _answer(include_object, item, name, kind, False, None)
        return by_object and (not callable(include_name) or _answer(include_name, name, kind, parents))

    return tuple(dict.fromkeys(pattern for table in tables for pattern in _of_table(table, included)))


def _of_table(table: Any, included: Callable[[Any, Any, str, Mapping[str, Any]], bool]) -> Iterator[str]:
    schema, name = table.schema, str(table.name)
    full = f"{schema}.{name}" if schema else name
    parents = {"schema_name": schema, "schema_qualified_table_name": full, "table_name": name}
    if not included(None, schema, "schema", {}) or not included(table, name, "table", parents):
        yield f"table:{full}"
        return
    # a column is checked all the same: each SELECT of the table names it
    for index in table.indexes:
        if index.name is not None and not included(index, index.name, "index", parents):
            yield f"index:{full}.{index.name}"
    for constraint in table.constraints:
        kind = KINDS.get(type(constraint).__name__)
        if kind is not None and constraint.name and not included(constraint, constraint.name, kind, parents):
            yield f"constraint:{full}.{constraint.name}"


KINDS = {"UniqueConstraint": "unique_constraint", "ForeignKeyConstraint": "foreign_key_constraint"}
"""What autogenerate calls them; it asks about no other constraint."""


def _answer(call: Any, *arguments: object) -> bool:
    """One that fails says nothing: the object is checked."""
    try:
        return bool(call(*arguments))
    except Exception:
        return True
