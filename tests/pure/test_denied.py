"""What a role lacks, as a sentence."""

from __future__ import annotations

import pytest

from schema_guard.denied import Denied, lacking
from schema_guard.names import Name

SELECT, DELETE = Denied("SELECT", "TABLE"), Denied("DELETE", "TABLE")
SCHEMA, SEQUENCE = Denied("USAGE", "SCHEMA"), Denied("USAGE", "SEQUENCE", sequence=Name(None, "users_id_seq"))
POLICIES = Denied("SELECT", "POLICY"), Denied("INSERT", "POLICY")
FUNCTION = Denied("EXECUTE", "FUNCTION", name="f(text)")


@pytest.mark.parametrize(
    ("denied", "tables", "said"),
    [
        ([SELECT], ["users"], "lacks SELECT on users"),
        ([SELECT, DELETE], ["users", "orders"], "lacks SELECT and DELETE on users and orders"),
        ([DELETE, SEQUENCE], ["users"], "lacks DELETE on users, and USAGE of its sequence"),
        ([DELETE, SEQUENCE], ["users", "orders"], "lacks DELETE on users and orders, and USAGE of their sequences"),
        ([SEQUENCE], ["users"], "lacks USAGE of the sequence of users"),
        ([SEQUENCE, SEQUENCE], ["a", "b", "c", "d"], "lacks USAGE of the sequences of a, b, c and 1 more"),
        ([SCHEMA, SELECT], ["users"], "lacks USAGE of the schema of users, and SELECT on it"),
        ([*POLICIES], ["users"], "lacks a policy for SELECT and INSERT on users"),
        (
            [SELECT, *POLICIES, FUNCTION],
            ["users", "orders"],
            "lacks SELECT on users and orders, a policy for SELECT and INSERT on them,"
            " and EXECUTE of the function f(text) for them",
        ),
    ],
)
def test_it_reads_as_a_sentence(denied: list[Denied], tables: list[str], said: str) -> None:
    assert lacking(denied, tables) == said
