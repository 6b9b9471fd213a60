"""Signs that the guard looks at the wrong database, or at only a part of the models. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from schema_guard.compare.tools import OTHERS, own_tools
from schema_guard.schema import Name, Schema, Table

__all__ = ["not_run", "warnings_of"]

_WORD = re.compile(r"\(*'\s*[A-Za-z]+\s*'\)*")

NAMED = 6
LISTENERS = 3


def warnings_of(expected: Schema, actual: Schema) -> tuple[str, ...]:
    """One line for each thing that looks odd about the two sides as a whole; most often none.

    Args:
        expected: what the models expect.
        actual: what the same schemas hold; `tables` has those of `expected` that exist, `unknown_tables` the others.
    """
    return (
        *_odd(expected, actual),
        *_truth_as_text(expected),
        *not_run(expected, [each for each in expected.tables if not actual.table(each.name)]),
    )


def not_run(expected: Schema, made: Collection[Table]) -> tuple[str, ...]:
    """A line where the application's listeners would add something to tables that apply makes.

    Args:
        expected: what the models expect.
        made: those of its tables that are missing, or were. A listener that all tables have (of the MetaData, or of
            every Table) ran when the first of them was made.
    """
    each = [frozenset(table.made_beside) for table in expected.tables]
    common = frozenset[str]().union(*each[:1]).intersection(*each) if len(made) < len(each) else frozenset[str]()
    names = list(dict.fromkeys(name for table in made for name in table.made_beside if name not in common))
    if not names:
        return ()
    shown = ", ".join(names[:LISTENERS]) + (f" and {len(names) - LISTENERS} more" if len(names) > LISTENERS else "")
    return (
        "apply makes tables without what the application's listeners of after_create add, such as triggers and first "
        f"rows ({shown}): on a new database run the application's own create_all before apply",
    )


def _truth_as_text(expected: Schema) -> Iterator[str]:
    """SQLite's BOOLEAN has the affinity NUMERIC, which keeps text that is no number. PostgreSQL's own type takes it."""
    names = [
        f"{table.name}.{column.name}"
        for table in expected.tables
        for column in table.columns
        if (column.type.name, column.type.text.upper()) == ("NUMERIC", "BOOLEAN")
        and _WORD.fullmatch(column.default or "")
    ]
    if names:
        shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        yield (
            f"the server default of {shown} is a text to SQLite, which is read as True and found by no query: "
            "write server_default=sqlalchemy.false() or true()"
        )


def _odd(expected: Schema, actual: Schema) -> tuple[str, ...]:
    tools = own_tools(actual)
    unknown = [name for name in actual.unknown_tables if name.name not in OTHERS and name not in tools]
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
