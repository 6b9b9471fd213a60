"""An application's own errors, explained: which object differs from the models, and which command ends that.

Nothing is asked of any database: what the driver said and what the models say is all that is needed. So nothing waits,
no connection is opened, and a transaction that failed is left as it is.
"""

from __future__ import annotations

import logging
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext

from schema_guard.acceptance import matched
from schema_guard.column import Column
from schema_guard.dialects import offline_dialect
from schema_guard.errors import ConfigurationError, escaped
from schema_guard.guard import Guard
from schema_guard.integrations.failed import Failed, Problem, failed_on
from schema_guard.schema import Schema, Table

__all__ = ["explain", "explain_bind"]

LOGGER = logging.getLogger("schema_guard")
_RETURNING = re.compile(r"\sRETURNING\s.*", re.IGNORECASE | re.DOTALL)
PAUSE = 60.0
"""Seconds in which one line is logged once; the error has it each time."""


def explain(engine: Any, guard: Guard, target: str = "") -> Callable[[], None]:
    """From now on an error that comes from a difference between models and database says so, in a note and in the log.

    A statement that works costs nothing. An error that the models account for (a value that their own CHECK rejects)
    stays as it is.

    Args:
        engine: the application's Engine or AsyncEngine.
        guard: whose models.
        target: TARGET, as the command line takes it, for the commands that are named.

    Returns:
        What ends it again.

    Raises:
        ConfigurationError: it is no engine, or one of another database system.
    """
    return explain_naming(engine, guard, commands_with(target))


def explain_naming(engine: Any, guard: Guard, command: Callable[[str], str]) -> Callable[[], None]:
    """`explain`, with another way to name a command than `schema-guard NAME TARGET`."""
    inner = getattr(engine, "sync_engine", engine)
    if not isinstance(inner, Engine):
        raise ConfigurationError(f"explain: expected an Engine or an AsyncEngine, got {type(engine).__name__}")
    offline_dialect(inner.dialect.name)
    explainer = Explainer(guard, inner.dialect.name, command)
    event.listen(inner, "handle_error", explainer.handle)
    return lambda: event.remove(inner, "handle_error", explainer.handle)


def commands_with(target: str) -> Callable[[str], str]:
    """How the command of a name is typed."""
    words = f" {shlex.quote(target)}" if target else ""
    return lambda name: f"schema-guard {name}{words}"


def explain_bind(engine: Engine, find: Callable[[], Guard | None], command: Callable[[str], str]) -> None:
    """The same for a database of an application whose models may be imported later.

    Args:
        engine: of that database.
        find: gives its guard, when the first error comes; None where it has no models.
        command: how the command of a name is typed.
    """
    made: list[Explainer] = []

    def handle(context: ExceptionContext) -> None:
        if not made and (guard := find()) is not None:
            made.append(Explainer(guard, engine.dialect.name, command))
        for explainer in made:
            explainer.handle(context)

    event.listen(engine, "handle_error", handle)


class Explainer:
    """Knows the models, which are read when the first error comes."""

    def __init__(self, guard: Guard, dialect: str, command: Callable[[str], str]) -> None:
        self._guard, self._dialect, self._typed = guard, dialect, command
        self._reading = threading.Lock()
        self._schema: Schema | None = None
        self._logged: dict[str, float] = {}

    def handle(self, context: ExceptionContext) -> None:
        """Add the line to the error. Whatever goes wrong here, the application gets its own error."""
        try:
            line = self.line(context.original_exception, context.statement or "")
            error = context.sqlalchemy_exception or context.original_exception
            if line and line not in getattr(error, "__notes__", ()):
                error.add_note(line)
                self._log(line)
        except Exception:  # an explanation is no reason for another error
            LOGGER.debug("an error could not be explained", exc_info=True)

    def line(self, error: BaseException, statement: str) -> str:
        """What to say of the error; empty where the models account for it, or don't know the object."""
        failed = failed_on(error, self._dialect)
        if failed is None:
            return ""
        explained = self._explained(failed, statement)
        return f"schema-guard: {escaped(explained)}" if explained else ""

    def _explained(self, failed: Failed, statement: str) -> str:
        tables = self._expected().tables
        told = [table for table in tables if failed.table and _is_of(failed, table)]
        match failed.problem:
            case Problem.NO_TABLE:
                missing = [table for table in tables if _is_table(failed, table)]
                return self._no_table(missing[0]) if missing else ""
            case Problem.NO_COLUMN:
                found = list(_columns(failed, tables, statement))
                return self._no_column(*found[0]) if len(found) == 1 else ""
            case Problem.NULL:
                return self._null(told[0], failed.name, statement) if told else ""
            case Problem.CHECK:
                named = [table for table in tables if _names(statement, table.name.name)]
                return self._check(named if self._dialect == "sqlite" else told, failed.name)

    def _no_table(self, table: Table) -> str:
        end = self._apply(f"table-missing {table.name}", "makes it")
        where = ", where this connection looks for it," if self._dialect == "postgresql" else ""
        return f"{table.name}: the models have this table, the database{where} does not; {end}"

    def _no_column(self, table: Table, column: Column) -> str:
        has = f"the models have this column ({column.type.text}), the database does not"
        object_ = f"{table.name}.{column.name}"
        return f"{object_}: {has}; {self._apply(f'column-missing {object_}', 'adds it')}"

    def _null(self, table: Table, name: str, statement: str) -> str:
        object_ = f"{table.name}.{name}"
        column = next((column for column in table.columns if column.name == name), None)
        if column is not None and column.nullable:
            says = "NOT NULL in the database, but the models let it be NULL"
            return f"{object_}: {says}; {self._apply(f'nullability-differs {object_}', 'drops NOT NULL')}"
        if _names(_RETURNING.sub("", statement), name):
            return ""  # it was the application that wrote NULL
        if column is None:
            return (
                f"{object_}: NOT NULL in the database, and the models, which don't know the column, leave it out; "
                f"the guard leaves it alone, {self._command('plan')} shows the statement that ends this"
            )
        if column.given_value or column.fetched:
            says = "the models leave the value of this column to the database, which gives none"
            return f"{object_}: {says}; {self._apply(f'default-differs {object_}', 'repairs that')}"
        return ""

    def _check(self, tables: list[Table], name: str) -> str:
        known = {check.name for table in tables for check in table.checks}
        by_text = {_squeezed(check.expression) for table in tables for check in table.checks}
        if len(tables) != 1 or not name or name in known or _squeezed(name) in by_text:
            return ""
        says = "a CHECK in the database that the models don't know by this name"
        return f"{tables[0].name}.{name}: {says}; the guard leaves it alone, {self._command('check')} says what it does"

    def _apply(self, key: str, does: str) -> str:
        if matched(self._guard.accept, [key], None).accepted:
            return "this is accepted, so the guard leaves it alone"
        return f"{self._command('apply')} {does}, {self._command('plan')} shows how"

    def _command(self, name: str) -> str:
        return f"`{self._typed(name)}`"

    def _expected(self) -> Schema:
        with self._reading:
            if self._schema is None:
                self._schema = self._guard.expected(offline_dialect(self._dialect))
            return self._schema

    def _log(self, line: str) -> None:
        now = time.monotonic()
        if now - self._logged.get(line, -PAUSE) >= PAUSE:
            self._logged[line] = now
            LOGGER.warning(line)


def _is_table(failed: Failed, table: Table) -> bool:
    schema, name = table.name
    if failed.name:
        return failed.name in (name, f"{schema}.{name}") and not (schema and failed.name == name)
    return _names(failed.said, name)


def _is_of(failed: Failed, table: Table) -> bool:
    schema, name = table.name
    return failed.table in ("", name) and (not failed.schema or schema in (None, failed.schema))


def _columns(failed: Failed, tables: tuple[Table, ...], statement: str) -> Iterator[tuple[Table, Column]]:
    """Those that the message may mean, of the tables that the statement names."""
    for table in tables:
        if not _is_of(failed, table) or not _names(statement, table.name.name):
            continue
        for column in table.columns:
            if _is_column(failed, table, column, statement):
                yield table, column


def _is_column(failed: Failed, table: Table, column: Column, statement: str) -> bool:
    if not failed.name:
        return _names(failed.said, column.name)
    if failed.name == column.name:
        return True
    owner = failed.name.removesuffix(f".{column.name}")
    if owner == failed.name:
        return False
    name = table.name.name
    alias = rf"""(?<!\w){re.escape(name)}["`\]]?\s+(?:AS\s+)?["`\[]?{re.escape(owner)}(?!\w)"""
    return owner in (name, str(table.name)) or re.search(alias, statement, re.IGNORECASE) is not None


def _names(text: str, name: str) -> bool:
    """Whether the name stands there as a word; in SQL its quotes are doubled, perhaps its percents."""
    words = {name, name.replace('"', '""'), name.replace('"', '""').replace("%", "%%")}
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None for word in words)


def _squeezed(expression: str) -> str:
    return re.sub(r"\s+", "", expression)
