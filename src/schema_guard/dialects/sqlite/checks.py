"""Statements that fail when what they state is not true, by SQL alone: the same in a session and in a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schema_guard.dialects.sqlite.tokens import quoted_literal

__all__ = ["Condition", "is_refuted", "must", "must_before", "stated"]

_FAILS = "abs(ok - 9223372036854775807 - 1)"
"""Of 0 it is the abs() of the least integer: "integer overflow" (https://sqlite.org/lang_corefunc.html#abs). It takes
a column, because SQLite may compute a constant beforehand, also that of a branch which is not taken."""
_OVERFLOW = "integer overflow"


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL expression that has to be true, and what it states in words."""

    sql: str
    words: str


def stated(conditions: Sequence[Condition]) -> str:
    """In words."""
    return ", ".join(condition.words for condition in conditions)


def must(conditions: Sequence[Condition]) -> str:
    """A SELECT that gives back what is stated, or fails."""
    true = "\n  AND ".join(f"({condition.sql})" for condition in conditions)
    # NULL is not true either.
    checked = f"CASE WHEN ok THEN {quoted_literal(stated(conditions))} ELSE {_FAILS} END AS checked"
    return f"SELECT {checked} FROM (SELECT coalesce(\n  {true},\n  0) AS ok)"


def must_before(conditions: Sequence[Condition], name: str) -> tuple[str, ...]:
    """Statements after which `DROP TABLE name` drops that table of the main database if the conditions are true, and
    fails if they are not, even where nobody stops at an error, as the shell does when a script is pasted into it.

    A name without its database means temp's before it means main's (https://sqlite.org/lang_naming.html). A view of
    that name, which DROP TABLE refuses, is only made there when the conditions failed to make a table of it.

    Args:
        conditions: what has to be true; their names of tables say which database they mean.
        name: the table's name, quoted.
    """
    return (
        f"CREATE TEMP TABLE {name} AS {must(conditions)}",
        f"CREATE TEMP VIEW IF NOT EXISTS {name} AS SELECT 'verification failed, nothing was changed' AS stop",
        f"DROP TABLE temp.{name}",
    )


def is_refuted(statement: str, error: BaseException) -> bool:
    """Whether the statement is such a one, and failed because what it states is not true."""
    return _OVERFLOW in str(getattr(error, "orig", None) or error) and _FAILS in statement
