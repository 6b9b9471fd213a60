"""Edits of a stored CREATE TABLE statement: each gives the text back with one part changed, all else verbatim.

All raise UnreadableTextError when the text, or the part in question, is not what they know.
"""

from __future__ import annotations

from schema_guard.dialects.sqlite.canonical import strict_type
from schema_guard.dialects.sqlite.create_text import Clause, ColumnText, TableText, parse_table
from schema_guard.dialects.sqlite.index_text import parse_index
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reader import UnreadableTextError, key
from schema_guard.dialects.sqlite.tokens import Kind, significant, unquoted

__all__ = [
    "add_column",
    "add_constraint",
    "drop_not_null",
    "inline_reference",
    "in_database",
    "named",
    "nullable_definition",
    "replace_column",
    "replace_foreign_key",
    "set_collation",
    "set_default",
    "set_not_null",
    "set_primary_key",
    "set_type",
    "strict_definition",
    "with_native_column",
    "without_constraint",
    "without_qualifiers",
]


def _splice(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _without(text: str, clause: Clause) -> str:
    """The text without a clause of a column and the blanks before it."""
    start = clause.start
    while text[start - 1].isspace():
        start -= 1
    return _splice(text, start, clause.end, "")


def named(text: str, name: str, schema: str | None = None) -> str:
    """The statement for a table of another name, in that database of the connection."""
    table = parse_table(text)
    database = f"{quote(schema)}." if schema else ""
    return _splice(text, table.name_start, table.name_end, f'{database}"{name.replace(chr(34), chr(34) * 2)}"')


def in_database(text: str, schema: str | None) -> str:
    """A stored CREATE INDEX or CREATE TRIGGER, which never names its database, for an attached one."""
    if schema is None:
        return text
    if significant(text)[1].word() == "TRIGGER":
        start = significant(text)[2].start
    else:
        start = parse_index(text).name_start
    return _splice(text, start, start, f"{quote(schema)}.")


def with_native_column(text: str, definition: str) -> str:
    """What SQLite stores after ALTER TABLE ADD COLUMN: the definition behind the last column, word for word."""
    end = parse_table(text).columns_end
    return _splice(text, end, end, f", {definition}")


def add_column(text: str, definition: str) -> str:
    end = parse_table(text).columns[-1].end
    return _splice(text, end, end, f", {definition}")


def add_constraint(text: str, definition: str) -> str:
    """Behind all that is there, before the closing parenthesis and any comment in front of it."""
    end = parse_table(text).items_end
    return _splice(text, end, end, f", {definition}")


def without_constraint(text: str, definition: str) -> str:
    """The table without the constraint that stands there in these words, as the table's own or a column's."""
    table = parse_table(text)
    for clause in table.constraints:
        if text[clause.start : clause.end] == definition:
            return _splice(text, text.rindex(",", 0, clause.start), clause.end, "")
    for clause in (clause for column in table.columns for clause in column.clauses):
        if text[clause.start : clause.end] == definition:
            return _without(text, clause)
    raise UnreadableTextError(f"no constraint {definition}")


def replace_column(text: str, column: str, definition: str) -> str:
    found = parse_table(text).column(column)
    return _splice(text, found.start, found.end, definition)


def drop_not_null(text: str, column: str) -> str:
    clause = parse_table(text).column(column).clause("not null")
    if clause is None:
        raise UnreadableTextError(f"{column} is not declared NOT NULL")
    while clause is not None:  # it may stand there twice
        text = _without(text, clause)
        clause = parse_table(text).column(column).clause("not null")
    return text


def set_not_null(text: str, column: str) -> str:
    found = parse_table(text).column(column)
    null = found.clause("null")
    if null is not None:
        return set_not_null(_without(text, null), column)
    at = _after_value(found)
    return _splice(text, at, at, " NOT NULL")


def _after_value(column: ColumnText) -> int:
    """Where a new clause goes: behind DEFAULT if there is one, else behind the type, in front of all other clauses."""
    default = column.clause("default")
    return default.end if default else column.type_end


def set_default(text: str, column: str, value: str | None) -> str:
    """The column with that DEFAULT, in parentheses unless it is a literal; None removes it."""
    clause = parse_table(text).column(column).clause("default")
    if clause is not None:
        text = _without(text, clause)
    if value is None:
        return text
    at = parse_table(text).column(column).type_end
    return _splice(text, at, at, f" DEFAULT {default_term(value)}")


def default_term(value: str) -> str:
    """What may stand behind DEFAULT (https://sqlite.org/lang_createtable.html#the_default_clause)."""
    found = significant(value)
    literal = (Kind.STRING, Kind.NUMBER, Kind.BLOB)
    if len(found) == 1 and (found[0].kind in literal or found[0].kind is Kind.WORD):
        return value
    if len(found) == 2 and found[0].text in "+-" and found[1].kind is Kind.NUMBER:
        return value
    return value if value.startswith("(") and value.endswith(")") else f"({value})"


def set_collation(text: str, column: str, collation: str | None) -> str:
    clause = parse_table(text).column(column).clause("collate")
    if clause is not None:
        text = _without(text, clause)
    if collation is None:
        return text
    at = _after_value(parse_table(text).column(column))
    # SQLAlchemy writes collations quoted; SQLite accepts a name in any quotes here.
    return _splice(text, at, at, f' COLLATE "{collation}"')


def set_type(text: str, column: str, declared: str) -> str:
    found = parse_table(text).column(column)
    if found.type_end == found.name_end:
        return _splice(text, found.name_end, found.name_end, f" {declared}")
    return _splice(text, found.type_start, found.type_end, declared)


def set_primary_key(text: str, definition: str) -> str:
    """The table with that primary key instead of the one it has, if it has one."""
    table = parse_table(text)
    for column in table.columns:
        clause = column.clause("primary key")
        if clause is not None:
            return set_primary_key(_without(text, clause), definition)
    for clause in table.constraints:
        if clause.kind == "primary key":
            return _splice(text, clause.start, clause.end, definition)
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
            return _splice(text, clause.start, clause.end, definition)
        column = table.column(clause.columns[0])
        following = next((other for other in column.clauses if other.start >= clause.end), None)
        if following is not None and following.kind == "deferrable":
            text = _without(text, following)
        return add_constraint(_without(text, clause), definition)
    raise UnreadableTextError(f"no foreign key from {', '.join(columns)} to {target}")


def without_qualifiers(text: str) -> str:
    """The statement without its own name before column names: CHECK (t.a > 0) would not follow a new name."""
    table = parse_table(text)
    found = significant(text)
    for at in range(len(found) - 2, 0, -1):
        token, dot = found[at], found[at + 1]
        if token.start < table.name_end or dot.text != ".":
            continue
        if token.kind in (Kind.WORD, Kind.QUOTED) and key(unquoted(token)) == key(table.name):
            text = _splice(text, token.start, dot.end, "")
    return text


def _one_column(definition: str) -> tuple[str, TableText]:
    text = f"CREATE TABLE t ({definition})"
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
