"""Emergency SQL: a script to paste into psql or sqlite3, of the same statements that apply would send.

PostgreSQL: each statement is sent only if its probe asks for it (psql's \\gexec), outside of any transaction block, so
CREATE INDEX CONCURRENTLY works too; a satisfied database is only asked about its catalog. SQLite has no conditional
DDL: with a file its plan is written out as it is, each rebuild behind its probe; without one only CREATE .. IF NOT
EXISTS is possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from schema_guard.compare.all_missing import everything
from schema_guard.dialects.base import Dialect, Facts
from schema_guard.dialects.sqlite.checks import Condition, must
from schema_guard.dialects.sqlite.create_index import create_index
from schema_guard.dialects.sqlite.tokens import ended
from schema_guard.errors import escaped
from schema_guard.plan import Batches, Plan, Policy, Refusal, Step, Survey
from schema_guard.planner import make_plan
from schema_guard.report import ServerInfo
from schema_guard.schema import Index, Schema, Table

__all__ = ["index_unless_there", "offline_script", "script", "table_unless_there"]

LOCK_TIMEOUT = "2s"

_TITLE = "-- Emergency SQL for what the models expect. It destroys nothing."

_PSQL = f"""{_TITLE}
-- Paste it into psql, outside of a transaction; twice does no harm. Every statement asks the catalog first and is
-- left out when it is not needed, so a database that satisfies the models is not locked. A statement that fails does
-- not stop the others.
\\set ON_ERROR_STOP off
\\set AUTOCOMMIT on
SET lock_timeout = '{LOCK_TIMEOUT}';
SET statement_timeout = 0;
-- A backslash in a string is a backslash, whatever the role or the database sets.
SET standard_conforming_strings = on;
-- Rows that policies hide from this role would be missed: so a statement that meets such policies fails.
SET row_security = off;
"""

_SQLITE = f"""{_TITLE}
-- Run it as: sqlite3 FILE < THIS, or in the shell with .read THIS: then .bail stops it before a table is rebuilt if
-- anything failed. It holds for the file it was made from: "integer overflow" says that a table is no longer as it was
-- then, as when it is run a second time, or that a copy is not complete. An old table is only dropped after its copy
-- was found to be complete, even where it is pasted and .bail does nothing. Where it stops, make a new one for what
-- is left.
.timeout 2000
"""

_SQLITE_OFFLINE = f"""{_TITLE}
-- Paste it into sqlite3; twice does no harm.
-- SQLite has no conditional DDL: without the file only CREATE .. IF NOT EXISTS is possible.
-- A column, a constraint or a type that an existing table lacks is not: give --url to get what that file needs.
"""


def script(plan: Plan, dialect: Dialect) -> str:
    """The plan's statements as a script.

    Args:
        plan: what is to be done, of `guard.plan`.
        dialect: of the database that the plan was made for.
    """
    if dialect.name == "postgresql":
        return _psql(plan)
    return _sqlite(plan)


def offline_script(expected: Schema, dialect: Dialect, policy: Policy | None = None) -> str:
    """A script for whatever database it meets, made without one.

    Args:
        expected: what the models expect, in the words of an offline dialect.
        dialect: the offline dialect.
        policy: as for a plan.
    """
    if dialect.name == "postgresql":
        return _psql(_offline_plan(expected, dialect, policy or Policy()))
    return _sqlite_offline(expected)


def _offline_plan(expected: Schema, dialect: Dialect, policy: Policy) -> Plan:
    differences = everything(expected)
    facts = Facts(ServerInfo(dialect.name, "", ""))
    survey = Survey()
    repairs = dialect.repair(differences, expected, Schema(), facts, survey, policy)
    return make_plan(repairs, differences, survey)


def _psql(plan: Plan) -> str:
    parts = [_PSQL]
    parts.extend(_guarded(number, step) for number, step in enumerate(plan.steps, 1))
    parts.extend(_refused(plan.refusals))
    parts.append(_still_missing(plan.steps))
    return "\n".join(parts)


def _guarded(number: int, step: Step) -> str:
    """Ask the probe; only if it says so, ask about the rows, and send the statements.

    The rows are asked in a branch of their own because their question cannot even be parsed while a table is missing,
    and because it would lock a table that lacks nothing.
    """
    head = f"-- {number}. {escaped(step.object)}: {escaped(step.why)}"
    if not step.unless:
        return f"{head}\n{_send(step, step.probe)}"
    return "\n".join(
        (
            head,
            "\\set schema_guard_needed false",
            f"SELECT ({step.probe}) AS schema_guard_needed \\gset",
            "\\if :schema_guard_needed",
            _send(step, f"SELECT NOT ({step.unless})"),
            "\\endif",
            "",
        )
    )


def _send(step: Step, condition: str) -> str:
    """\\gexec sends each cell as it is: a transaction's statements in one, others one by one."""
    cells = ", ".join(_quoted(text) for text in _texts(step))
    return f"SELECT unnest(ARRAY[{cells}]) WHERE ({condition}) \\gexec\n"


def _texts(step: Step) -> list[str]:
    if step.batches is not None:
        return [_walked(step.batches)]
    if step.repeat:
        return [_looped(statement) for statement in step.statements]
    if step.transactional:
        return ["; ".join(step.statements)]
    return list(step.statements)


BATCH_BLOCKS = 100
"""Blocks of one batch of a script: some 5,000 to 10,000 rows."""


def _walked(batches: Batches) -> str:
    """Batches along the table, each its own transaction; pass after pass until one changes no row."""
    head, middle, tail = (_quoted(text) for text in batches.span)
    body = f"""DECLARE low bigint; bound bigint; changed bigint; total bigint;
BEGIN
  LOOP
    total := 0;
    EXECUTE {_quoted(batches.bounds)} INTO low, bound;
    WHILE low < bound LOOP
      EXECUTE {head} || low || {middle} || (low + {BATCH_BLOCKS}) || {tail};
      GET DIAGNOSTICS changed = ROW_COUNT;
      COMMIT;
      total := total + changed;
      low := low + {BATCH_BLOCKS};
    END LOOP;
    EXIT WHEN total = 0;
  END LOOP;
END"""
    return f"DO {_quoted(body)}"


def _looped(statement: str) -> str:
    """Batches, each its own transaction, until one changes no row (manual, 43.8: COMMIT in DO)."""
    body = (
        "DECLARE changed bigint; BEGIN LOOP"
        f" EXECUTE {_quoted(statement)}; GET DIAGNOSTICS changed = ROW_COUNT; COMMIT; EXIT WHEN changed = 0;"
        " END LOOP; END"
    )
    return f"DO {_quoted(body)}"


def _quoted(text: str) -> str:
    """The text in dollar quotes that it cannot end; psql replaces no :variable within them."""
    number = 0
    while f"$guard{number or ''}$" in text:
        number += 1
    tag = f"$guard{number or ''}$"
    return f"{tag}{text}{tag}"


def _refused(refusals: Sequence[Refusal]) -> Iterable[str]:
    for refusal in refusals:
        difference = refusal.difference
        yield f"-- not done: {escaped(difference.object)}: {escaped(difference.headline)}; {escaped(refusal.reason)}"
        yield from (f"--   {escaped(advice)}" for advice in refusal.advice)


def _still_missing(steps: Sequence[Step]) -> str:
    """What the probes still ask for. Those of backfills read rows, and may name what is missing; they stay out."""
    rows = [
        f"SELECT {number}, {_quoted(escaped(step.object))}, {_quoted(escaped(step.why))} WHERE ({step.probe})"
        for number, step in enumerate(steps, 1)
        if not step.repeat
    ]
    if not rows:
        return ""
    listing = "\nUNION ALL ".join(rows)
    return (
        "\n-- What is still missing, and why the messages above:\n"
        f'SELECT object, why AS "still missing" FROM (\n{listing}\n) AS missing(number, object, why) ORDER BY number;\n'
    )


def _sqlite(plan: Plan) -> str:
    parts = [_SQLITE]
    for number, step in enumerate(plan.steps, 1):
        parts.append(f"-- {number}. {escaped(step.object)}: {escaped(step.why)}")
        if step.repeat:
            parts.append("-- Run it again until it changes no row:")
        statements = [*step.statements] if step.backup else [ended(statement) for statement in step.statements]
        if step.transactional and not step.repeat:
            statements = ["BEGIN IMMEDIATE;", *statements, "COMMIT;"]
        if not step.transactional:
            statements = [".bail on", *_still_needed(plan.steps[number - 1 :]), *statements, ".bail off"]
        parts.append("\n".join(statements) + "\n")
    parts.extend(_refused(plan.refusals))
    return "\n".join(parts) + "\n"


def _still_needed(steps: Sequence[Step]) -> list[str]:
    """The probe of the rebuild that is to come, as a statement that fails. A backup also asks for it: a second run must
    not replace the copy by one of the new database."""
    rebuild = next((step for step in steps if step.rewrites), None)
    if rebuild is None:
        return []
    conditions = [Condition(f"({rebuild.probe})", f"{escaped(rebuild.object)} is as it was when this was written")]
    if rebuild.unless:
        conditions.append(Condition(f"NOT ({rebuild.unless})", "no row stands in the way"))
    return [f"{must(conditions)};"]


_CREATE_TABLE = re.compile(r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?", re.IGNORECASE)


def _sqlite_offline(expected: Schema) -> str:
    parts = [_SQLITE_OFFLINE]
    for table in expected.tables:
        parts.append(f"{table_unless_there(table)}\n")
        parts += [f"{index_unless_there(index, table)}\n" for index in table.indexes]
    for fill in expected.fills:
        names = escaped(f"{fill.table} filled from {fill.source}")
        parts.append(f"-- Rows of {names}; run it again until it changes none:")
        parts.append(f"{fill.update_sql.rstrip().rstrip(';')};\n")
    return "\n".join(parts)


def table_unless_there(table: Table) -> str:
    return _CREATE_TABLE.sub("CREATE TABLE IF NOT EXISTS ", table.ddl, count=1).strip() + ";"


def index_unless_there(index: Index, table: Table) -> str:
    return f"{create_index(index, table.name, unless_there=True)};"
