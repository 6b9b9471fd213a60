"""Names for what the models leave unnamed, as PostgreSQL itself would choose them, and for the guard's own helpers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from schema_guard.name_length import LONGEST_NAME, cut_name, name_bytes
from schema_guard.names import in_quotes
from schema_guard.schema import Check

__all__ = ["HELPER", "chosen", "helper_check", "helper_name"]

HELPER = "schema_guard_not_null_"
"""How the names of the guard's own helper constraints begin; nothing else is ever dropped."""


def chosen(table: str, columns: str, label: str, taken: Collection[str]) -> str:
    """`table_columns_label`, cut to 63 bytes by shortening the longer part first; a number makes it free.

    The rule is that of PostgreSQL's ChooseIndexName and ChooseConstraintName.
    """
    number = 0
    while True:
        name = _made(table, columns, f"{label}{number or ''}")
        if name not in taken:
            return name
        number += 1


def helper_name(column: str) -> str:
    """The name of the CHECK that lets SET NOT NULL skip its scan; the same for a column in every run."""
    return HELPER + hashlib.sha256(name_bytes(column)).hexdigest()[:16]


def helper_check(column: str) -> Check:
    """That CHECK. What has only its name is somebody else's."""
    quoted = in_quotes(column)
    return Check(helper_name(column), f"{quoted} IS NOT NULL")


def _made(table: str, columns: str, label: str) -> str:
    first, second = name_bytes(table), name_bytes(columns)
    room = LONGEST_NAME - len(label) - (2 if second else 1)
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    parts = [cut_name(part) for part in (first, second) if part]
    return "_".join((*parts, label))
