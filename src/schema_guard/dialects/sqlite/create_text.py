"""The grammar of CREATE TABLE, as far as the stored text has to be understood and edited.

SQLite keeps the statement verbatim in sqlite_schema.sql (https://sqlite.org/schematab.html), and much of a table is
written nowhere else. Every part carries its character offsets, so that an edit touches nothing but its part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from schema_guard.dialects.sqlite.reader import NAMES, Reader, UnreadableTextError, key, qualified

__all__ = [
    "Clause",
    "ColumnText",
    "References",
    "TableText",
    "parse_table",
]


@dataclass(frozen=True, slots=True)
class References:
    """A REFERENCES clause; `columns` is empty where the parent's primary key is meant."""

    table: str
    columns: tuple[str, ...]
    deferrable: bool
    initially_deferred: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """A constraint of a column or table (`kind`: "check", "not null", ...), with its name where it has one.

    `start` and `end` enclose the whole clause, CONSTRAINT name included; `inner` is the text that matters: the
    condition of a CHECK, the value of a DEFAULT, the name of a collation, the expression of a generated column.
    """

    kind: str
    name: str | None
    start: int
    end: int
    inner: str = ""
    columns: tuple[str, ...] = ()
    references: References | None = None
    stored: bool = False
    autoincrement: bool = False
    conflict: str = ""
    """What ON CONFLICT of a NOT NULL, UNIQUE or PRIMARY KEY says."""


@dataclass(frozen=True, slots=True)
class ColumnText:
    name: str
    start: int
    name_end: int
    type_start: int
    type_end: int
    """Equal to `type_start` when no type is declared."""
    end: int
    clauses: tuple[Clause, ...]

    def clause(self, kind: str) -> Clause | None:
        return next((clause for clause in self.clauses if clause.kind == kind), None)


@dataclass(frozen=True, slots=True)
class TableText:
    text: str
    name: str
    name_start: int
    """Where the name starts, its schema included."""
    name_end: int
    columns: tuple[ColumnText, ...]
    constraints: tuple[Clause, ...]
    columns_end: int
    """Where ALTER TABLE ADD COLUMN writes: before the comma or the parenthesis after the last column."""
    items_end: int
    """The end of the last thing within the parentheses."""
    body_end: int
    """Behind the closing parenthesis."""
    without_rowid: bool
    strict: bool
    _by_key: dict[str, ColumnText] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {key(column.name): column for column in reversed(self.columns)})

    def column(self, name: str) -> ColumnText:
        try:
            return self._by_key[key(name)]
        except KeyError:
            raise UnreadableTextError(f"no column {name}") from None

    def all_clauses(self, kind: str) -> list[Clause]:
        """The clauses of that kind in the order of the text, whether they stand with a column or with the table."""
        found = [clause for column in self.columns for clause in column.clauses if clause.kind == kind]
        return found + [clause for clause in self.constraints if clause.kind == kind]

    @property
    def autoincrement(self) -> bool:
        return any(clause.autoincrement for clause in self.all_clauses("primary key"))


_COLUMN_CLAUSES = frozenset(
    {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "AS", "DEFERRABLE"}
)
_TABLE_CLAUSES = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})


@lru_cache(maxsize=1024)
def parse_table(text: str) -> TableText:
    """Read a stored CREATE TABLE statement.

    Raises:
        UnreadableTextError: it is none (a virtual table, say), or is written in a way this grammar doesn't know.
    """
    reader = Reader(text)
    reader.need("CREATE")
    if not reader.take("TEMP"):
        reader.take("TEMPORARY")
    reader.need("TABLE")
    reader.take("IF", "NOT", "EXISTS")
    name_start = reader.start
    name = qualified(reader)
    name_end = reader.end
    reader.need_symbol("(")
    columns: list[ColumnText] = []
    while reader.word() not in _TABLE_CLAUSES:
        columns.append(_column(reader))
        columns_end = reader.start
        if not reader.symbol(","):
            break
        reader.next()
    if not columns:
        raise UnreadableTextError("no column")
    constraints: list[Clause] = []
    while not reader.symbol(")"):
        constraints.append(_table_clause(reader))
        if reader.symbol(","):
            reader.next()
    items_end = constraints[-1].end if constraints else columns[-1].end
    body_end = reader.need_symbol(")").end
    options = [token.word() for token in reader.tokens[reader.at :]]
    return TableText(
        text,
        name,
        name_start,
        name_end,
        tuple(columns),
        tuple(constraints),
        columns_end,
        items_end,
        body_end,
        without_rowid="ROWID" in options,
        strict="STRICT" in options,
    )


def _column(reader: Reader) -> ColumnText:
    start = reader.start
    name = reader.name()
    name_end = reader.end
    type_start = type_end = name_end
    while reader.at < len(reader.tokens) and reader.tokens[reader.at].kind in NAMES:
        if reader.word() in _COLUMN_CLAUSES or (reader.word() == "GENERATED" and reader.word(1) == "ALWAYS"):
            break
        if type_end == name_end:
            type_start = reader.start
        reader.next()
        type_end = reader.end
    if type_end > name_end and reader.symbol("("):
        reader.group()
        type_end = reader.end
    clauses: list[Clause] = []
    while not (reader.symbol(",") or reader.symbol(")")):
        clauses.append(_column_clause(reader, name))
    return ColumnText(name, start, name_end, type_start, type_end, reader.end, tuple(clauses))


def _constraint_name(reader: Reader) -> str | None:
    name = None
    while reader.take("CONSTRAINT"):
        name = reader.name()
    return name


def _column_clause(reader: Reader, column: str) -> Clause:
    start = reader.start
    name = _constraint_name(reader)
    if reader.symbol(",") or reader.symbol(")"):
        return Clause("nothing", name, start, reader.end)
    if reader.take("PRIMARY", "KEY"):
        if not reader.take("ASC"):
            reader.take("DESC")
        conflict = reader.conflict()
        counts = reader.take("AUTOINCREMENT")
        end = reader.end
        return Clause("primary key", name, start, end, columns=(column,), autoincrement=counts, conflict=conflict)
    if reader.take("UNIQUE"):
        conflict = reader.conflict()
        return Clause("unique", name, start, reader.end, columns=(column,), conflict=conflict)
    if reader.word() == "REFERENCES":
        references = _references(reader)
        return Clause("foreign key", name, start, reader.end, columns=(column,), references=references)
    for words, kind in ((("NOT", "NULL"), "not null"), (("NULL",), "null")):
        if reader.take(*words):
            conflict = reader.conflict()
            return Clause(kind, name, start, reader.end, conflict=conflict)
    if reader.word() in ("NOT", "DEFERRABLE"):
        _deferrable(reader)
        return Clause("deferrable", name, start, reader.end)
    return _value_clause(reader, name, start)


def _value_clause(reader: Reader, name: str | None, start: int) -> Clause:
    """CHECK, DEFAULT, COLLATE, GENERATED: what holds an expression or a name."""
    if reader.take("CHECK"):
        inner = reader.group()
        reader.conflict()
        return Clause("check", name, start, reader.end, inner)
    if reader.take("DEFAULT"):
        return Clause("default", name, start, inner=_default(reader), end=reader.end)
    if reader.take("COLLATE"):
        return Clause("collate", name, start, inner=reader.name(), end=reader.end)
    if reader.take("GENERATED", "ALWAYS", "AS") or reader.take("AS"):
        inner = reader.group()
        stored = reader.take("STORED")
        if not stored:
            reader.take("VIRTUAL")
        return Clause("generated", name, start, reader.end, inner, stored=stored)
    raise UnreadableTextError(f"unknown clause at {reader.start}")


def _default(reader: Reader) -> str:
    """DEFAULT takes a literal, a signed number, a name, or an expression in parentheses."""
    start = reader.start
    if reader.symbol("("):
        reader.group()
    else:
        while reader.symbol("-") or reader.symbol("+"):
            reader.next()
        reader.next()
    return reader.text[start : reader.end]


def _table_clause(reader: Reader) -> Clause:
    start = reader.start
    name = _constraint_name(reader)
    if reader.symbol(",") or reader.symbol(")"):
        return Clause("nothing", name, start, reader.end)
    if reader.take("PRIMARY", "KEY"):
        before = reader.at
        columns = reader.names_in_group()
        autoincrement = any(token.word() == "AUTOINCREMENT" for token in reader.tokens[before : reader.at])
        conflict = reader.conflict()
        end = reader.end
        return Clause("primary key", name, start, end, columns=columns, autoincrement=autoincrement, conflict=conflict)
    if reader.take("UNIQUE"):
        columns = reader.names_in_group()
        conflict = reader.conflict()
        return Clause("unique", name, start, reader.end, columns=columns, conflict=conflict)
    if reader.take("CHECK"):
        inner = reader.group()
        reader.conflict()
        return Clause("check", name, start, reader.end, inner)
    if reader.take("FOREIGN", "KEY"):
        columns = reader.names_in_group()
        references = _references(reader)
        return Clause("foreign key", name, start, reader.end, columns=columns, references=references)
    raise UnreadableTextError(f"unknown constraint at {reader.start}")


def _references(reader: Reader) -> References:
    reader.need("REFERENCES")
    table = reader.name()
    columns = reader.names_in_group() if reader.symbol("(") else ()
    while reader.word() in ("ON", "MATCH"):
        if reader.take("MATCH"):
            reader.next()
            continue
        if reader.word(1) not in ("DELETE", "UPDATE", "INSERT"):
            break
        reader.next()
        reader.next()
        if reader.take("SET") or reader.take("NO"):
            reader.next()
        else:
            reader.next()
    deferrable = initially_deferred = False
    if reader.word() == "DEFERRABLE" or (reader.word() == "NOT" and reader.word(1) == "DEFERRABLE"):
        deferrable, initially_deferred = _deferrable(reader)
    return References(table, columns, deferrable, initially_deferred)


def _deferrable(reader: Reader) -> tuple[bool, bool]:
    deferrable = not reader.take("NOT")
    reader.need("DEFERRABLE")
    deferred = False
    if reader.take("INITIALLY"):
        deferred = reader.next().word() == "DEFERRED"
    return deferrable, deferrable and deferred
