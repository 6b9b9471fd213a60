"""What a CREATE TABLE says, clause by clause, in a form in which two of them can be compared: the words without blanks,
comments and places. It proves an edit: what the edited text says must be what the old text says with the declared
change, which is made here on the clauses and knows nothing of how the text was edited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from schema_guard.dialects.sqlite.create_text import Clause, ColumnText, TableText, parse_table
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reader import UnreadableTextError, key, qualifiers
from schema_guard.dialects.sqlite.tokens import significant, unquoted

__all__ = [
    "Said",
    "SaidColumn",
    "SaidTable",
    "check_of",
    "reference_of",
    "said",
    "said_of_column",
    "said_of_constraint",
]


class Said(NamedTuple):
    """One clause: what kind it is, and all its words, CONSTRAINT name, conflict clause and actions included."""

    kind: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaidColumn:
    name: str
    type: tuple[str, ...]
    clauses: tuple[Said, ...]
    """Sorted: their order in the text has no meaning."""

    def without(self, *kinds: str) -> SaidColumn:
        return replace(self, clauses=tuple(clause for clause in self.clauses if clause.kind not in kinds))

    def having(self, *clauses: Said) -> SaidColumn:
        return replace(self, clauses=tuple(sorted((*self.clauses, *clauses))))

    def of(self, kind: str) -> tuple[Said, ...]:
        return tuple(clause for clause in self.clauses if clause.kind == kind)


@dataclass(frozen=True, slots=True)
class SaidTable:
    name: str
    columns: tuple[SaidColumn, ...]
    constraints: tuple[Said, ...]
    """Sorted."""
    options: tuple[str, ...]
    """What stands behind the parentheses: WITHOUT ROWID, STRICT."""
    _by_name: dict[str, SaidColumn] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in reversed(self.columns)})

    def column(self, name: str) -> SaidColumn | None:
        return self._by_name.get(key(name))

    def changed(self, name: str, change: Callable[[SaidColumn], SaidColumn]) -> SaidTable:
        """The table with one column changed."""
        columns = (change(column) if column.name == key(name) else column for column in self.columns)
        return replace(self, columns=tuple(columns))

    def having(self, *constraints: Said) -> SaidTable:
        return replace(self, constraints=tuple(sorted((*self.constraints, *constraints))))

    def without(self, kind: str) -> SaidTable:
        """Without any clause of that kind, whether it stands with a column or with the table."""
        return replace(
            self,
            columns=tuple(column.without(kind) for column in self.columns),
            constraints=tuple(clause for clause in self.constraints if clause.kind != kind),
        )

    def of(self, kind: str) -> tuple[Said, ...]:
        """All clauses of that kind."""
        own = (clause for column in self.columns for clause in column.of(kind))
        return (*own, *(clause for clause in self.constraints if clause.kind == kind))


@lru_cache(maxsize=16)  # of several changes of one text each begins where the last one ended
def said(text: str) -> SaidTable:
    """What the statement says. Raises UnreadableTextError."""
    table = parse_table(text)
    return SaidTable(
        name=key(table.name),
        columns=tuple(_column(table, column) for column in table.columns),
        constraints=_clauses(table, table.constraints),
        options=tuple(token.text.upper() for token in significant(text[table.body_end :]) if token.text != ";"),
    )


def said_of_column(definition: str, table: str) -> SaidColumn:
    """What a column's definition says in the table of that name."""
    found = said(f"CREATE TABLE {quote(table)} ({definition}\n)")
    if len(found.columns) != 1 or found.constraints:
        raise UnreadableTextError(f"not one column: {definition}")
    return found.columns[0]


def said_of_constraint(definition: str, table: str) -> Said:
    """What a table's constraint says in the table of that name."""
    found = said(f"CREATE TABLE {quote(table)} (t, {definition}\n)")
    if len(found.columns) != 1 or len(found.constraints) != 1:
        raise UnreadableTextError(f"not one constraint: {definition}")
    return found.constraints[0]


def _column(table: TableText, column: ColumnText) -> SaidColumn:
    declared = significant(table.text[column.type_start : column.type_end])
    return SaidColumn(key(column.name), tuple(token.text for token in declared), _clauses(table, column.clauses))


def _clauses(table: TableText, clauses: Sequence[Clause]) -> tuple[Said, ...]:
    return tuple(sorted(Said(clause.kind, _words(table, clause)) for clause in clauses))


def _words(table: TableText, clause: Clause) -> tuple[str, ...]:
    """Without the table's own name before a column's: `t.a` is `a`."""
    found = significant(table.text[clause.start : clause.end])
    left_out = {at for span in qualifiers(found, table.name) for at in range(*span)}
    return tuple(token.text for at, token in enumerate(found) if at not in left_out)


def reference_of(clause: Said) -> tuple[list[str], str]:
    """The columns of a foreign key and its table; of a column's own clause only the table."""
    comma = ", " if "FOREIGN" in [word.upper() for word in clause.words] else " "
    read = parse_table(f"CREATE TABLE t (t{comma}{' '.join(clause.words)})").all_clauses("foreign key")[0]
    return [key(column) for column in read.columns], key(read.references.table) if read.references else ""


def check_of(clause: Said) -> tuple[str | None, tuple[str, ...]]:
    """The name of a CHECK, and the words of its condition."""
    at = next(number for number, word in enumerate(clause.words) if word.upper() == "CHECK")
    name = unquoted(significant(clause.words[at - 1])[0]) if at else None
    end = len(clause.words) - 1 - clause.words[::-1].index(")")
    return name, clause.words[at + 2 : end]
