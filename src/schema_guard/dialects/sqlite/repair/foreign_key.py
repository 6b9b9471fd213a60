"""FOREIGN KEY constraints: added to the table's text; one with other actions is left as it is."""

from __future__ import annotations

from schema_guard.dialects.sqlite.changes import constraint_added, foreign_key_replaced
from schema_guard.dialects.sqlite.checks import Condition
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reader import key
from schema_guard.dialects.sqlite.repair.case import ByHand, Case, Edit, Rows, refuse_violated
from schema_guard.difference import (
    Difference,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    IndexMissing,
    PrimaryKeyDiffers,
    TableMissing,
    UniqueMissing,
)
from schema_guard.plan import Refusal
from schema_guard.schema import ForeignKey, Table

__all__ = ["add_foreign_key", "other_actions", "refers_to_no_key", "refuse_reference"]


def add_foreign_key(missing: ForeignKeyMissing, live: Table, planned: Table, case: Case) -> Edit | Refusal:
    """`planned` is the table with the columns that earlier steps add."""
    refused = refuse_reference(missing, case)
    if refused is not None:
        return refused
    rows = case.rows(missing, live.name)
    if rows is Rows.BREAK_IT:
        return refuse_violated(case, missing)
    violated = case.in_the_way(missing, planned)
    wanted = missing.foreign_key
    words = f"FOREIGN KEY ({', '.join(wanted.columns)}) to {wanted.target}"
    return Edit(
        missing,
        constraint_added(wanted.ddl),
        words,
        certain=rows is Rows.KEEP_IT,
        unless=violated,
        checks=(Condition(f"NOT ({violated})", f"{words} holds"),) if violated else (),
        requires=frozenset(_target_needs(wanted, case)),
    )


def refuse_reference(missing: ForeignKeyMissing, case: Case) -> Refusal | None:
    """Why the key cannot be: its name is held, or what it refers to is no key, so that with foreign keys on every write
    would fail with "foreign key mismatch" (https://sqlite.org/foreignkeys.html#fk_indexes)."""
    if missing.holder is not None:
        return Refusal(missing, f"the name is held by {missing.holder}: rename one of the two")
    wanted = missing.foreign_key
    target = case.live(wanted.target)
    if target is None:
        if _made(wanted, case):
            return None
        return Refusal(missing, f"the table {wanted.target} that it refers to is not there")
    if _is_key(target, wanted.target_columns) or _becomes_key(wanted, case):
        return None
    columns = ", ".join(quote(column) for column in wanted.target_columns)
    return Refusal(
        missing,
        f"{wanted.target} has no primary key or unique index on ({columns}): every write would fail",
        (f"CREATE UNIQUE INDEX {quote('uq_' + wanted.target.name)} ON {quote(wanted.target)} ({columns})",),
    )


def refers_to_no_key(wanted: ForeignKey, case: Case) -> bool:
    """Whether the key's table is there, and what the key refers to is none in it and does not become one.

    With such a key in a new table, what wrote to the old one until then would fail with "foreign key mismatch".
    """
    target = case.live(wanted.target)
    if target is None or _is_key(target, wanted.target_columns):
        return False
    columns = {key(column) for column in wanted.target_columns}
    return not any(
        {key(column) for column in _becoming(other, case)} == columns
        and case.rows(other, target.name) is not Rows.BREAK_IT
        for other in case.differences
        if other.table_name == target.name
    )


def _becoming(missing: Difference, case: Case) -> tuple[str, ...]:
    """The columns that tell the rows of a table apart once this difference is repaired."""
    if isinstance(missing, PrimaryKeyDiffers):
        changed = missing.actual is None or case.empty(missing.table.name)
        return missing.primary_key.columns if changed else ()
    return tuple(_unique_columns(missing)) if isinstance(missing, UniqueMissing | IndexMissing) else ()


def _is_key(table: Table, columns: tuple[str, ...]) -> bool:
    wanted = {key(column) for column in columns}
    keys: list[tuple[str, ...]] = [unique.columns for unique in table.uniques]
    if table.primary_key is not None:
        keys.append(table.primary_key.columns)
    keys.extend(index.columns for index in table.indexes if index.unique and index.where is None and index.columns)
    return any({key(column) for column in names} == wanted for names in keys)


def _made(wanted: ForeignKey, case: Case) -> bool:
    return any(isinstance(other, TableMissing) and other.table.name == wanted.target for other in case.differences)


def _becomes_key(wanted: ForeignKey, case: Case) -> bool:
    return any(_unique_columns(other) == set(wanted.target_columns) for other in _missing_keys(wanted, case))


def _missing_keys(wanted: ForeignKey, case: Case) -> list[UniqueMissing | IndexMissing]:
    return [
        other
        for other in case.differences
        if isinstance(other, UniqueMissing | IndexMissing) and other.table.name == wanted.target
    ]


def _unique_columns(missing: UniqueMissing | IndexMissing) -> set[str]:
    if isinstance(missing, UniqueMissing):
        return set(missing.unique.columns)
    return set(missing.index.columns or ()) if missing.index.unique else set()


def _target_needs(wanted: ForeignKey, case: Case) -> list[str]:
    if _made(wanted, case):
        return [f"table {wanted.target}"]
    if _becomes_key(wanted, case):
        return [f"unique {wanted.target}({','.join(wanted.target_columns)})"]
    return []


def other_actions(differs: ForeignKeyDiffers) -> ByHand:
    """What a deletion does to the rows is a person's decision."""
    wanted = differs.foreign_key
    return ByHand(
        differs,
        "the foreign key that is there would have to be replaced, and deletions would do something else",
        foreign_key_replaced(wanted.columns, wanted.target.name, wanted.ddl),
    )
