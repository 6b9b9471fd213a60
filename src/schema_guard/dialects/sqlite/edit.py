"""Edits of a stored CREATE TABLE statement: each gives the text back with one part changed, all else verbatim.

All raise UnreadableTextError when the text, or the part in question, is not what they know.
"""

from __future__ import annotations

from schema_guard.dialects.sqlite.canonical import strict_type
from schema_guard.dialects.sqlite.create_text import Clause, ColumnText, TableText, parse_table
from schema_guard.dialects.sqlite.expression import outer_parentheses_removed
from schema_guard.dialects.sqlite.index_text import parse_index
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reader import UnreadableTextError, key, qualifiers
from schema_guard.dialects.sqlite.splice import splice
from schema_guard.dialects.sqlite.tokens import Kind, significant
from schema_guard.names import in_quotes

__all__ = [
    "add_column",
    "add_constraint",
    "collate_term",
    "default_term",
    "drop_not_null",
    "inline_reference",
    "in_database",
    "index_named",
    "named",
    "nullable_definition",
    "replace_column",
    "replace_foreign_key",
    "set_autoincrement",
    "set_collation",
    "set_default",
    "set_not_null",
    "set_primary_key",
    "set_type",
    "strict_definition",
    "with_native_column",
    "without_check",
    "without_constraint",
    "without_qualifiers",
]


def _without(text: str, clause: Clause) -> str:
    """The text without a clause of a column."""
    return splice(text, clause.start, clause.end, "")


def _without_item(text: str, clause: Clause) -> str:
    """The text without a constraint of the table, and the comma before it, unless another constraint follows without
    one of its own: SQLite lets one leave them out."""
    found = significant(text)
    before = [token for token in found if token.start < clause.start][-1]
    behind = next(token for token in found if token.start >= clause.end)
    text = _without(text, clause)
    return splice(text, before.start, before.end, "") if before.text == "," and behind.text in (",", ")") else text


def _without_all(text: str, column: str, kind: str) -> str:
    """The text without the column's clauses of that kind: SQLite lets one stand there twice."""
    while (clause := parse_table(text).column(column).clause(kind)) is not None:
        text = _without(text, clause)
    return text


def named(text: str, name: str, schema: str | None = None) -> str:
    """The statement for a table of another name, in that database of the connection."""
    table = parse_table(text)
    database = f"{quote(schema)}." if schema else ""
    return splice(text, table.name_start, table.name_end, f'{database}"{name.replace(chr(34), chr(34) * 2)}"')


def index_named(text: str, name: str) -> str:
    """A stored CREATE INDEX under another name."""
    index = parse_index(text)
    return splice(text, index.name_start, index.name_end, quote(name))


def in_database(text: str, schema: str | None) -> str:
    """A stored CREATE INDEX or CREATE TRIGGER, which never names its database, for an attached one."""
    if schema is None:
        return text
    if significant(text)[1].word() == "TRIGGER":
        start = significant(text)[2].start
    else:
        start = parse_index(text).name_start
    return splice(text, start, start, f"{quote(schema)}.")


def with_native_column(text: str, definition: str) -> str:
    """What SQLite stores after ALTER TABLE ADD COLUMN: the definition behind the last column, word for word."""
    end = parse_table(text).columns_end
    return splice(text, end, end, f", {definition}")


def add_column(text: str, definition: str) -> str:
    end = parse_table(text).columns[-1].end
    return splice(text, end, end, f", {definition}")


def add_constraint(text: str, definition: str) -> str:
    """Behind all that is there, before the closing parenthesis and any comment in front of it."""
    end = parse_table(text).items_end
    return splice(text, end, end, f", {definition}")


def without_constraint(text: str, definition: str) -> str:
    """The table without the constraint that stands there in these words, as the table's own or a column's."""
    table = parse_table(text)
    for clause in table.constraints:
        if text[clause.start : clause.end] == definition:
            return _without_item(text, clause)
    for clause in (clause for column in table.columns for clause in column.clauses):
        if text[clause.start : clause.end] == definition:
            return _without(text, clause)
    raise UnreadableTextError(f"no constraint {definition}")


def without_check(text: str, name: str | None, expression: str) -> str:
    """The table without the CHECK of that name and condition; as it is where there is none."""
    table = parse_table(text)
    for clause in table.all_clauses("check"):
        if clause.name == name and clause.inner == expression:
            own = clause in table.constraints
            return _without_item(text, clause) if own else _without(text, clause)
    return text


def replace_column(text: str, column: str, definition: str) -> str:
    found = parse_table(text).column(column)
    return splice(text, found.start, found.end, definition)


def drop_not_null(text: str, column: str) -> str:
    if parse_table(text).column(column).clause("not null") is None:
        raise UnreadableTextError(f"{column} is not declared NOT NULL")
    return _without_all(text, column, "not null")


def set_not_null(text: str, column: str) -> str:
    text = _without_all(text, column, "null")
    at = _after_value(parse_table(text).column(column))
    return splice(text, at, at, " NOT NULL")


def _after_value(column: ColumnText) -> int:
    """Where a new clause goes: behind DEFAULT if there is one, else behind the type, in front of all other clauses."""
    default = column.clause("default")
    return default.end if default else column.type_end


def set_default(text: str, column: str, value: str | None) -> str:
    """The column with that DEFAULT, in parentheses unless it is a literal; None removes it."""
    text = _without_all(text, column, "default")
    if value is None:
        return text
    at = parse_table(text).column(column).type_end
    return splice(text, at, at, f" DEFAULT {default_term(value)}")


def default_term(value: str) -> str:
    """What may stand behind DEFAULT (https://sqlite.org/lang_createtable.html#the_default_clause)."""
    found = significant(value)
    single = (Kind.STRING, Kind.NUMBER, Kind.BLOB, Kind.WORD, Kind.QUOTED)
    if len(found) == 1 and found[0].kind in single:
        return value
    if len(found) == 2 and found[0].text in "+-" and found[1].kind is Kind.NUMBER:
        return value
    return value if outer_parentheses_removed(value) != value.strip() else f"({value})"


def collate_term(collation: str) -> str:
    """SQLAlchemy writes collations quoted; SQLite accepts a name in any quotes here."""
    return f"COLLATE {in_quotes(collation)}"


def set_collation(text: str, column: str, collation: str | None) -> str:
    text = _without_all(text, column, "collate")
    if collation is None:
        return text
    at = _after_value(parse_table(text).column(column))
    return splice(text, at, at, f" {collate_term(collation)}")


def set_type(text: str, column: str, declared: str) -> str:
    found = parse_table(text).column(column)
    if found.type_end == found.name_end:
        return splice(text, found.name_end, found.name_end, f" {declared}")
    return splice(text, found.type_start, found.type_end, declared)


def set_primary_key(text: str, definition: str) -> str:
    """The table with that primary key instead of the one it has, if it has one."""
    table = parse_table(text)
    for column in table.columns:
        clause = column.clause("primary key")
        if clause is not None:
            return set_primary_key(_without(text, clause), definition)
    for clause in table.constraints:
        if clause.kind == "primary key":
            return splice(text, clause.start, clause.end, definition)
    return add_constraint(text, definition)


def replace_foreign_key(text: str, columns: tuple[str, ...], target: str, definition: str) -> str:
    """The table with that foreign key constraint instead of the one from these columns to that table."""
    table = parse_table(text)
    for clause in table.all_clauses("foreign key"):
        if clause.references is None or key(clause.references.table) != key(target):
            continue
        if [key(column) for column in clause.columns] != [key(column) for column in columns]:
            continue
        if clause in table.constraints:
            return splice(text, clause.start, clause.end, definition)
        column = table.column(clause.columns[0])
        following = next((other for other in column.clauses if other.start >= clause.end), None)
        if following is not None and following.kind == "deferrable":
            text = _without(text, following)
        return add_constraint(_without(text, clause), definition)
    raise UnreadableTextError(f"no foreign key from {', '.join(columns)} to {target}")


def set_autoincrement(text: str) -> str:
    """The table with AUTOINCREMENT in its primary key of one column."""
    table = parse_table(text)
    clause = next(iter(table.all_clauses("primary key")), None)
    if clause is None or len(clause.columns) != 1:
        raise UnreadableTextError("no primary key of one column")
    at = clause.end
    if clause in table.constraints:  # within the parentheses, and an ON CONFLICT may follow them
        words = significant(text[clause.start : clause.end])
        closing = next(number for number, token in enumerate(words) if token.text == ")")
        at = clause.start + words[closing - 1].end
    return splice(text, at, at, " AUTOINCREMENT")


def without_qualifiers(text: str) -> str:
    """The statement without its own name before column names: CHECK (t.a > 0) would not follow a new name."""
    table = parse_table(text)
    found = significant(text)
    for first, behind in reversed(qualifiers(found, table.name)):
        if found[first].start >= table.name_end:
            text = splice(text, found[first].start, found[behind - 1].end, "")
    return text


def _one_column(definition: str) -> tuple[str, TableText]:
    text = f"CREATE TABLE t ({definition}\n)"
    return text, parse_table(text)


def _definition(text: str) -> str:
    table = parse_table(text)
    return text[table.columns[0].start : table.items_end]


def nullable_definition(definition: str) -> str:
    """A column's definition without NOT NULL and without DEFAULT."""
    text, table = _one_column(definition)
    name = table.columns[0].name
    if table.columns[0].clause("not null"):
        text = drop_not_null(text, name)
    return _definition(set_default(text, name, None))


def strict_definition(definition: str) -> str:
    """A column's definition with a type that a STRICT table has."""
    text, table = _one_column(definition)
    column = table.columns[0]
    return _definition(set_type(text, column.name, strict_type(text[column.type_start : column.type_end])))


def inline_reference(foreign_key: str) -> str:
    """`CONSTRAINT c FOREIGN KEY (a) REFERENCES ..` as a column's own clause: `CONSTRAINT c REFERENCES ..`."""
    found = significant(foreign_key)
    words = [token.word() for token in found]
    start = next(at for at, word in enumerate(words) if word == "FOREIGN" and words[at + 1] == "KEY")
    end = next(at for at in range(start, len(found)) if found[at].text == ")")
    return foreign_key[: found[start].start] + foreign_key[found[end].end :].lstrip()
