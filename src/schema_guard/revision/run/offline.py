"""A guarded revision in Alembic's offline mode (`alembic upgrade --sql`): SQL that asks the catalog before each step.

PostgreSQL: every step is a DO block (manual, 43.8) with its probe in it, so that any client can run the script, not
only psql. A DO block is a transaction, and CREATE INDEX CONCURRENTLY cannot run in one: there the index is built
without CONCURRENTLY, which keeps writers waiting, and the script says so. SQLite has no conditional DDL but CREATE ..
IF NOT EXISTS; what needs more is refused rather than written down unguarded.
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from schema_guard.dialects import offline_dialect
from schema_guard.errors import GuardError, one_line
from schema_guard.plan import Plan, Step
from schema_guard.render.script import index_unless_there, table_unless_there
from schema_guard.revision.run.part import Part
from schema_guard.schema import Schema, Table

__all__ = ["run_offline"]

LOCK_TIMEOUT = "2s"


def run_offline(part: Part, context: MigrationContext) -> None:
    """Write the script where Alembic writes its own.

    Raises:
        CommandError: the database system has no way to say it without looking at the database.
    """
    try:
        dialect = offline_dialect(context.dialect.name)
        if dialect.name == "postgresql":
            parts = list(_guarded(part.offline(dialect)))
        else:
            parts = list(_if_not_exists(part, part.expected(dialect)))
    except GuardError as error:
        raise CommandError(error.message) from None
    with context.autocommit_block():  # the steps are transactions of their own, as online
        for text in parts:
            context.impl.static_output(text)


def _guarded(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        yield f"-- {one_line(step.object)}: {one_line(step.why)}\n{_hint(step)}{_do(step)}"
    for refusal in plan.refusals:
        difference = refusal.difference
        yield f"-- not done: {one_line(difference.object)}: {one_line(difference.headline)}; {one_line(refusal.reason)}"


def _hint(step: Step) -> str:
    if not step.blocking:
        return ""
    return (
        "-- Writers wait while the index is built. For a large table run `alembic upgrade` instead, which builds it\n"
        "-- CONCURRENTLY.\n"
    )


def _do(step: Step) -> str:
    """DO: ask, then ask about the rows, then send. The inner texts are only parsed when it is their turn."""
    body = "\n".join(f"    EXECUTE {_quoted(statement)};" for statement in step.blocking or step.statements)
    if step.repeat:
        body = _looped(step.statements[0])
    if step.unless:
        body = (
            f"    EXECUTE {_quoted(step.unless)} INTO rows_stand_in_the_way;\n"
            "    IF rows_stand_in_the_way THEN\n"
            f"      RAISE WARNING '%', {_quoted(f'{one_line(step.object)}: {one_line(step.unless_reason)}')};\n"
            "      RETURN;\n"
            "    END IF;\n" + body
        )
    block = (
        "\nDECLARE\n  needed boolean;\n  rows_stand_in_the_way boolean;\n  changed bigint;\nBEGIN\n"
        f"  SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';\n"
        f"  EXECUTE {_quoted(step.probe)} INTO needed;\n"
        f"  IF needed THEN\n{body}\n  END IF;\nEND\n"
    )
    return f"DO {_quoted(block)};"


def _looped(statement: str) -> str:
    return (
        "    LOOP\n"
        f"      EXECUTE {_quoted(statement)};\n"
        "      GET DIAGNOSTICS changed = ROW_COUNT;\n"
        "      COMMIT;\n"
        "      EXIT WHEN changed = 0;\n    END LOOP;"
    )


def _quoted(text: str) -> str:
    """The text in dollar quotes that it cannot end (manual, 4.1.2.4)."""
    number = 0
    while f"$guard{number or ''}$" in text:
        number += 1
    tag = f"$guard{number or ''}$"
    return f"{tag}{text}{tag}"


def _if_not_exists(part: Part, expected: Schema) -> Iterator[str]:
    hindered = [table for table in expected.tables if table.name not in part.created and _needs_the_file(table)]
    if hindered:
        raise CommandError(
            f"{hindered[0].name}: SQLite has no conditional DDL but CREATE .. IF NOT EXISTS, so what this revision does"
            " cannot be written as a script: run it online, without --sql"
        )
    for table in expected.tables:
        if table.name in part.created:
            yield table_unless_there(table)
        yield from (index_unless_there(index, table) for index in table.indexes)
    for fill in expected.fills:
        yield f"-- run it again until it changes no row\n{fill.update_sql};"


def _needs_the_file(table: Table) -> bool:
    return bool(table.columns or table.checks or table.uniques or table.foreign_keys or table.primary_key)
