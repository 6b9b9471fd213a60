"""Privileges that the connected role lacks: who gives them is a person's decision, so the statements are shown only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from schema_guard.denied import Denied
from schema_guard.dialects.postgresql.repair.context import Context
from schema_guard.difference import PrivilegeMissing
from schema_guard.plan import Refusal
from schema_guard.schema import Table

__all__ = ["privilege_missing"]


def privilege_missing(difference: PrivilegeMissing, context: Context) -> Refusal:
    reason = "privileges are given by the owner; accept it if the application connects as another role"
    return Refusal(difference, reason, tuple(_statements(difference, context)))


def _statements(difference: PrivilegeMissing, context: Context) -> Iterator[str]:
    """As few as there can be: one for all tables that get the same."""
    role = context.quote(difference.role)
    given: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for table, lacks in difference.tables:
        for of, what, on in _grants(table, lacks, context):
            given[of, what][on] = None
    for (of, what), objects in given.items():
        if of == "POLICY":
            rows, clause = ("write", "WITH CHECK") if what == "INSERT" else ("see", "USING")
            yield from (
                f"-- for the rows it may {rows}: CREATE POLICY .. ON {on} FOR {what} TO {role} {clause} (..);"
                for on in objects
            )
        else:
            kind = "" if of == "TABLE" else f"{of} "
            yield f"GRANT {what} ON {kind}{', '.join(objects)} TO {role};"


def _grants(table: Table, lacks: tuple[Denied, ...], context: Context) -> Iterator[tuple[str, str, str]]:
    """Kind of object, privileges, name."""
    live = context.shape(table)
    privileges = []
    for denied in lacks:
        if denied.of == "TABLE":
            columns = f" ({', '.join(map(context.quote, denied.columns))})" if denied.columns else ""
            privileges.append(f"{denied.privilege}{columns}")
        elif denied.of == "SCHEMA":
            yield denied.of, denied.privilege, context.quote(live.name.schema or "")
        elif denied.of == "POLICY":
            yield denied.of, denied.privilege, context.quote(live.name)
        elif denied.of == "FUNCTION":
            yield denied.of, denied.privilege, denied.name
        elif denied.sequence is not None:
            yield denied.of, denied.privilege, context.quote(denied.sequence)
    if privileges:
        yield "TABLE", ", ".join(privileges), context.quote(live.name)
