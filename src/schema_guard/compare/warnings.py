"""Signs that the guard looks at the wrong database, or at only a part of the models. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.names import HISTORY_TABLE
from schema_guard.schema import Name, Schema

__all__ = ["warnings_of"]

OTHERS = frozenset({"alembic_version", "django_migrations", "spatial_ref_sys", "sqlite_sequence", HISTORY_TABLE})
"""Tables of tools; no application maps them."""
NAMED = 6


def warnings_of(expected: Schema, actual: Schema) -> tuple[str, ...]:
    """One line for each thing that looks odd about the two sides as a whole; most often none.

    Args:
        expected: what the models expect.
        actual: what the same schemas hold; `tables` has those of `expected` that exist, `unknown_tables` the others.
    """
    unknown = [name for name in actual.unknown_tables if name.name not in OTHERS]
    if not expected.tables:
        others = f"; the database holds {_tables(len(unknown))} ({_named(unknown)})" if unknown else ""
        return (f"the models have no table, nothing is guarded{others}",)
    if not actual.tables and unknown:
        return (
            f"no table of the models exists, the database holds {_tables(len(unknown))} that they don't know "
            f"({_named(unknown)}): is it the right database and schema?",
        )
    if len(unknown) > len(expected.tables):
        return (
            f"the models know {_tables(len(expected.tables))}, the database holds {len(unknown)} more "
            f"({_named(unknown)}): is every module with models imported?",
        )
    return ()


def _tables(number: int) -> str:
    return f"{number} table{'' if number == 1 else 's'}"


def _named(names: Sequence[Name]) -> str:
    first = ", ".join(sorted(str(name) for name in names)[:NAMED])
    return first if len(names) <= NAMED else f"{first} and {len(names) - NAMED} more"
