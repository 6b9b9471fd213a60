"""What tells the rows of a published table apart, so that subscribers can follow UPDATE and DELETE.

Which columns that are is the subscribers' business too: the statement is shown and not run (manual, 29.1 and ALTER
TABLE, REPLICA IDENTITY; with FULL each change is written to the WAL as a whole row).
"""

from __future__ import annotations

from schema_guard.dialects.postgresql.repair.context import Context
from schema_guard.difference import ReplicaIdentityUnfit
from schema_guard.plan import Refusal
from schema_guard.published import Published

__all__ = ["replica_identity_unfit", "with_full_identity"]


def replica_identity_unfit(difference: ReplicaIdentityUnfit, context: Context) -> Refusal:
    reason = "subscribers depend on what tells the rows apart: it is not changed without being asked"
    return Refusal(difference, reason, _statements(difference.published, context))


def with_full_identity(published: Published, context: Context) -> str:
    """The statement that lets every change through, whatever keys there are."""
    return f"ALTER TABLE {context.quote(published.member)} REPLICA IDENTITY FULL;"


def _statements(published: Published, context: Context) -> tuple[str, ...]:
    table, publication = context.quote(published.member), context.quote(published.publication)
    own = f"ALTER TABLE {table} REPLICA IDENTITY"
    by_key = f"{own} DEFAULT;" if published.has_key else ""
    if not by_key and published.other_key is not None:
        by_key = f"{own} USING INDEX {context.quote(published.other_key)};"
    match published.reason:
        case "list" if published.kind != "f" or not by_key:
            return _listed_anew(published, context)
        case "generated" if published.kind != "f" or not by_key:
            return (f"ALTER PUBLICATION {publication} SET (publish_generated_columns = stored);",)
        case "filter":
            by_key = ""
    if by_key:
        return (by_key,)
    if published.full_serves:
        return (with_full_identity(published, context),)
    return (f"ALTER PUBLICATION {publication} SET (publish = 'insert, truncate');",)


def _listed_anew(published: Published, context: Context) -> tuple[str, ...]:
    """The publication's own list with what it lacks; a whole row as identity takes no list."""
    publication, table = context.quote(published.publication), context.quote(published.holder)
    names = dict.fromkeys((*(published.listed or ()), *published.identity))
    columns = "" if published.kind == "f" else f" ({', '.join(map(context.quote, names))})"
    condition = f" WHERE ({published.filter})" if published.filter else ""
    return (
        f"ALTER PUBLICATION {publication} DROP TABLE {table};",
        f"ALTER PUBLICATION {publication} ADD TABLE {table}{columns}{condition};",
    )
