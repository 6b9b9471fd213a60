"""What an action of a revision needs to be there before it, and whether the database has it."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.chain.reading.actions import ALTERED, CONCURRENT, REFERS, SENT, Action, Verb
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.sql_uses import TEMPORARY
from schema_guard.chain.version_table import Read
from schema_guard.errors import GuardError

__all__ = ["exists", "needs_of"]

_NO_OBJECT = (TEMPORARY, SENT, ALTERED, CONCURRENT, REFERS)
_OF_TABLE = ("column", "constraint", "trigger", "policy", "rule")


def needs_of(action: Action, there: There) -> Iterator[Action]:
    """What it uses, the table of what it makes or takes away, and what it takes away or renames itself.

    Args:
        action: with names as `normal` gives them.
        there: the database.
    """
    takes = action.verb in (Verb.REMOVE, Verb.RENAME)
    if action.kind == "referred":
        if there.system.checks_references:
            yield _use("table", action.name, action)
        return
    if action.kind == "value":
        yield _use("type", action.table, action)
    elif action.kind in _OF_TABLE or (action.kind == "index" and not takes):
        yield _use("table", action.table, action)
    if takes or (action.verb is Verb.USE and action.kind not in _NO_OBJECT):
        yield action


def _use(kind: str, name: str, action: Action) -> Action:
    return Action(Verb.USE, kind, name, line=action.line)


def exists(kind: str, name: str, there: There, read: Read) -> bool:
    """Whether the database has it, which may be a partition or of a kind that is not read otherwise. True where nobody
    can tell."""
    schema, _, bare = name.rpartition(".")
    query = there.system.exists(kind, bare.partition("(")[0], schema.strip('"') or None) if bare else ""
    try:
        return not query or bool(read(query))
    except GuardError:
        return True
