"""The statement after which SQLite can prepare a write again, found on an empty copy of the schema in memory.

Its message says what is missing, not which of the triggers or foreign keys asks for it; one trigger may fire another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TypeAlias

from schema_guard.dialects.sqlite.names import catalog, quote
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.schema import Name, Table

__all__ = ["Made", "errors_where_enforced", "remedy"]

Made: TypeAlias = Sequence[tuple[object, ...]]
"""Type, name and CREATE statement of all objects of the database, in the order in which they were made."""

_KINDS = ("table", "index", "view", "trigger")


def remedy(statement: str, live: Table, made: Made, *, foreign_keys: bool) -> tuple[str, ...]:
    """What a person could run; empty where no one statement makes the write possible.

    Args:
        statement: the write, which names its table without a database.
        live: its table.
        made: what the table's database consists of.
        foreign_keys: the application's connections enforce them.
    """
    with _copy_of(made, foreign_keys=foreign_keys) as copy:
        before = _error(copy, statement)
        if before:
            triggers = [str(name) for kind, name, _ in made if kind == "trigger"]
            broken = {name for name in triggers if _fails_alone(copy, name, triggers)}
            triggers.sort(key=lambda name: name not in broken)  # not one that works, and only fires it
            for own, told in (*_without_triggers(live, triggers), *_with_keys(live)):
                copy.execute("SAVEPOINT tried")
                with suppress(sqlite3.Error):
                    copy.execute(own)
                    after = _error(copy, statement)
                    if after != before and not after.startswith("cannot modify "):  # a view is written by its trigger
                        return told
                copy.execute("ROLLBACK TO tried")
    return ()


def errors_where_enforced(statements: Sequence[str], made: Made) -> list[str]:
    """What SQLite says of each where foreign keys are enforced; empty where it can be prepared."""
    with _copy_of(made, foreign_keys=True) as copy:
        return [_error(copy, statement) for statement in statements]


@contextmanager
def _copy_of(made: Made, *, foreign_keys: bool) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)) as copy:
        for kind in _KINDS:
            for _, _, text in (each for each in made if each[0] == kind):
                with suppress(sqlite3.Error):  # what a module or a function of the application's makes
                    copy.execute(str(text))
        copy.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        yield copy


def _error(copy: sqlite3.Connection, statement: str) -> str:
    try:
        copy.execute(f"EXPLAIN {statement}").close()
    except sqlite3.Error as error:
        return str(error)
    return ""


def _fails_alone(copy: sqlite3.Connection, trigger: str, triggers: Sequence[str]) -> bool:
    """Whether a statement that fires it cannot be prepared, were there no other trigger."""
    copy.execute("SAVEPOINT alone")
    for other in triggers:
        if other != trigger:
            with suppress(sqlite3.Error):
                copy.execute(f"DROP TRIGGER {quote(other)}")
    found = copy.execute(
        "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name = ?", (trigger,)
    ).fetchone()
    table = str(found[0]) if found else ""
    columns = [quote(str(name)) for (name,) in copy.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    changed = ", ".join(f"{column} = NULL" for column in columns)
    verbs = (f"INSERT INTO {quote(table)} DEFAULT VALUES", f"UPDATE {quote(table)} SET {changed}")
    fails = any(_error(copy, statement) for statement in (*verbs, f"DELETE FROM {quote(table)}"))
    copy.execute("ROLLBACK TO alone")
    return fails


def _without_triggers(live: Table, triggers: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each with what the copy is told and what a person is told, whose database may have another name."""
    schema = live.name.schema
    for name in triggers:
        text = f"SELECT sql FROM {catalog(schema)} WHERE name = {quoted_literal(name)}; -- its text, to keep it"
        yield f"DROP TRIGGER {quote(name)}", (text, f"DROP TRIGGER {quote(Name(schema, name))};")


def _with_keys(live: Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    keys = [*live.foreign_keys, *(key for _, key in live.facts.referenced_by)]
    for target, columns in dict.fromkeys((key.target, key.target_columns) for key in keys):
        name = "_".join(("uq", target.name, *columns))
        on = f"ON {quote(target.name)} ({', '.join(map(quote, columns))})"
        yield (
            f"CREATE UNIQUE INDEX {quote(name)} {on}",
            (f"CREATE UNIQUE INDEX {quote(Name(target.schema, name))} {on};",),
        )
