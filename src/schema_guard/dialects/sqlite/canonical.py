"""SQLite's words for types, and comparison by affinity and by tokens; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from schema_guard.column import texts
from schema_guard.dialects.sqlite.conditions import conditions
from schema_guard.dialects.sqlite.expression import Node, expression, outer_parentheses_removed, strings_as_names
from schema_guard.dialects.sqlite.normal_form import with_whole_numbers
from schema_guard.dialects.sqlite.reading_back import can_be_read
from schema_guard.dialects.sqlite.tokens import Kind, significant, unquoted
from schema_guard.dialects.terms import Allowed, Condition, ErrorWords, Verdict
from schema_guard.fit import Fit
from schema_guard.names import in_quotes
from schema_guard.schema import Column, Table, Type

__all__ = ["UNREADABLE", "SQLiteRules", "sqlite_type", "strict_type", "truth_meant"]

UNREADABLE = "(not readable in the stored CREATE TABLE)"
"""Stands for a condition that could not be read; compares with nothing."""

_ARGUMENTS = re.compile(r"\(([^()]*)\)\s*\Z")
_NUMERIC_AFFINITIES = frozenset({"INTEGER", "NUMERIC", "REAL"})
_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*", re.ASCII)
"""A text that a column of numeric affinity keeps as a number: SQLite's digits and spaces are those of ASCII."""


_CONSTANT = re.compile(r"""(?i)\(*(?:[-+]?\d+(?:\.\d+)?|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?!NULL\b)[a-z_]\w*)\)*""")
"""Defaults for which nothing has to be computed; a name is text there."""
_UUID = "CHAR(32)"
"""How SQLAlchemy declares Uuid where the database has no such type."""


def _literal(node: Node) -> str:
    return f"'{node[1]}'" if node[0] == "string" else str(node[1])


def affinity(declared: str) -> str:
    """The column affinity of a declared type (https://sqlite.org/datatype3.html, 3.1)."""
    upper = declared.upper()
    if "INT" in upper:
        return "INTEGER"
    if any(part in upper for part in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if not upper.strip() or "BLOB" in upper:
        return "BLOB"
    if any(part in upper for part in ("REAL", "FLOA", "DOUB")):
        return "REAL"
    return "NUMERIC"


@lru_cache(maxsize=1024)
def sqlite_type(text: str) -> Type:
    """The type in canonical words: `name` is the affinity, `text` the declared type."""
    match = _ARGUMENTS.search(text)
    arguments = tuple(part.strip() for part in match.group(1).split(",")) if match else ()
    return Type(text=text, name=affinity(text), arguments=arguments)


_TEXT, _WHOLE, _TRUTH, _DECIMAL, _FLOAT, _BYTES = "text", "whole numbers", "truth values", "decimals", "floats", "bytes"
_TRUTHS = {"true": "1", "false": "0", "t": "1", "f": "0"}
_STRICT = {
    _TEXT: "TEXT",
    _WHOLE: "INTEGER",
    _TRUTH: "INTEGER",
    _DECIMAL: "REAL",
    _FLOAT: "REAL",
    _BYTES: "BLOB",
}


def _head(declared: str) -> str:
    return declared.upper().split("(")[0].strip()


def _values(declared: str) -> str:
    """What SQLAlchemy binds for a column of that type (sqlalchemy.dialects.sqlite: dates and JSON are text)."""
    head = declared.upper().split("(")[0].strip()
    if head in ("DATE", "TIME", "DATETIME", "TIMESTAMP", "JSON", "UUID"):
        return _TEXT
    if head in ("BOOLEAN", "BOOL"):
        return _TRUTH
    match affinity(declared):
        case "INTEGER":
            return _WHOLE
        case "TEXT":
            return _TEXT
        case "REAL":
            return _FLOAT
        case "BLOB":
            return _BYTES
        case _:
            return _DECIMAL


def strict_type(declared: str) -> str:
    """The type of a STRICT table that holds what SQLAlchemy binds (https://sqlite.org/stricttables.html)."""
    return _STRICT[_values(declared)]


class SQLiteRules:
    """Comparison by affinity and tokens. Never undecided: SQLite has nothing to ask."""

    errors = ErrorWords(
        "no such table",
        "no such column",
        "NOT NULL constraint failed",
        "UNIQUE constraint failed",
        "CHECK constraint failed",
        "no such function",
        "misuse of aggregate function",
        "datatype mismatch",
    )

    def fit(self, expected: Column, actual: Column, table: Table) -> Fit | None:
        """How values that SQLAlchemy binds for the expected type fare in a column of the actual type."""
        if actual.autoincrement and not _is_rowid(expected):
            return Fit.INCOMPATIBLE
        if table.strict:
            return _fit_strict(_values(expected.type.text), actual.type)
        if expected.type.name == actual.type.name:
            return Fit.SAME
        if expected.labels and expected.reads is not None:
            return Fit.INCOMPATIBLE if _lost_labels(expected, actual.type) else Fit.WIDER
        return _fit_loose(expected.type.text, actual.type.name, converted=expected.reads is not None)

    def may_hold_other_values(self, expected: Column, actual: Column, table: Table) -> bool:  # noqa: ARG002
        """SQLite keeps any value in any column; where the declared type is the models', they are trusted.

        The length of an Enum's VARCHAR belongs to its labels: another one was declared for another list, or for none.
        """
        if expected.values and expected.type.text.upper() != actual.type.text.upper():
            return True
        return _head(expected.type.text) != _head(actual.type.text)

    def same_expression(self, expected: str, actual: str) -> Verdict:
        if UNREADABLE in (expected, actual):
            return Verdict.NOT_COMPARABLE
        wanted, there = expression(expected), expression(actual)
        if wanted == there:
            return Verdict.EQUAL
        # What stands in double quotes may be a column or a string, and a column may compare 1.0 as text: SQLite knows.
        unclear = ('"' in actual and strings_as_names(wanted) == strings_as_names(there)) or (
            with_whole_numbers(wanted) == with_whole_numbers(there)
        )
        return Verdict.UNDECIDED if unclear else Verdict.DIFFERENT

    def allowed_values(self, expression_: str) -> Allowed | None:
        """Only constants make a list; `x = 'a'` is a list of one."""
        node = expression(expression_)
        if node[0] not in ("IN", "=") or len(node) < 3:
            return None
        values = [item for item in node[2:] if isinstance(item, tuple) and item[0] in ("string", "number")]
        if len(values) != len(node) - 2:
            return None
        return Allowed(repr(node[1]), frozenset(_literal(item) for item in values))

    def knows(self, expression: str, type: Type) -> bool:  # noqa: ARG002 - asking costs next to nothing
        return False

    def conditions(self, expression: str, columns: Collection[str]) -> tuple[Condition, ...]:
        return conditions(expression, () if expression == UNREADABLE else columns)

    def same_default(self, expected: str, actual: str, type: Type) -> Verdict:
        """'true' and 'false' are text to SQLite: a live 1 or 0 is what such a default of the models means."""
        wanted, there = _default(expected, type), _default(actual, type)
        meant = _truth_meant(expected, type)
        return Verdict.EQUAL if wanted == there or there == ("number", meant) else Verdict.DIFFERENT

    def surely_gives(self, default: str, type: Type) -> bool:  # noqa: ARG002
        return _CONSTANT.fullmatch(default) is not None

    def default_collation(self, expected: str | None, actual: str | None) -> bool:
        return (expected or "BINARY").upper() == (actual or "BINARY").upper()

    def other_labels(self, actual: Column, labels: Sequence[str], array: bool) -> str:  # noqa: ARG002
        quoted, exactly = in_quotes(actual.name), " COLLATE BINARY" if actual.collation else ""
        return f"(typeof({quoted}) = 'blob' OR CAST({quoted} AS TEXT){exactly} NOT IN ({', '.join(labels)}))"

    def written_otherwise(self, expected: Column, actual: Column) -> str:
        """SQLAlchemy's Uuid writes 32 digits, and reads the 36 characters that other types of UUIDs write as well. Its
        Boolean writes 0 and 1, and reads any text as True."""
        if expected.reads is None:
            return ""
        column = in_quotes(expected.name)
        if _values(expected.type.text) == _TRUTH:
            return f"{column} NOT IN (0, 1)" if actual.other_form else ""
        if expected.type.text.upper() != _UUID or (actual.type.text.upper() == _UUID and not actual.other_form):
            return ""
        digits = f"lower(replace({column}, '-', ''))"
        return f"typeof({column}) = 'text' AND length({digits}) = 32 AND {column} COLLATE BINARY <> {digits}"

    def loses_values(self, expected: Column, actual: Column) -> bool:  # noqa: ARG002
        """Never: SQLite compares a value as the column stores it."""
        return False

    def unreadable(self, expected: Column, actual: Column, value: str) -> str:  # noqa: ARG002
        """Nothing: the values are read as the application reads them."""
        return ""

    def unlike_written(self, expected: Column, actual: Column, value: str) -> str:  # noqa: ARG002
        """Nothing either: `written_otherwise` says it."""
        return ""

    def comparable(self, one: Type, other: Type) -> bool:  # noqa: ARG002
        """Always: SQLite compares values of any types."""
        return True

    def type_mismatch_effect(self, expected: Column, actual: Column, fit: Fit) -> str:
        values = _values(expected.type.text)
        if fit is Fit.WIDER:
            return ""
        if fit is Fit.INCOMPATIBLE and actual.autoincrement:
            return "statements that write it fail (datatype mismatch): INTEGER PRIMARY KEY takes whole numbers alone"
        if fit is Fit.INCOMPATIBLE and values == _DECIMAL and actual.type.name == "TEXT":
            return "reading fails: SQLAlchemy makes no Decimal of the text that comes back"
        if fit is Fit.INCOMPATIBLE and (lost := _lost_labels(expected, actual.type)):
            return f"reading a row with the label {lost[0]} fails (LookupError): it comes back as a number"
        if fit is Fit.INCOMPATIBLE:
            return f"the STRICT table refuses {values} in a column of type {actual.type.text}"
        if actual.type.name == "TEXT":
            return "numbers come back as text, and sort as text"
        if values == _TEXT:
            return "text that looks like a number is stored, and comes back, as a number"
        return f"values are stored with {actual.type.name} affinity"

    def explicit_null_gets_value(self, table: Table, column: Column) -> bool:  # noqa: ARG002
        """Only INTEGER PRIMARY KEY, the rowid's alias (https://sqlite.org/lang_createtable.html#rowid)."""
        return column.autoincrement


def _is_rowid(expected: Column) -> bool:
    """Whether its values are all whole numbers: INTEGER PRIMARY KEY refuses others (lang_createtable.html#rowid)."""
    text = expected.type.text.replace(" ", "")
    return _values(text) in (_WHOLE, _TRUTH) or (_values(text) == _DECIMAL and text.endswith(",0)"))


def _lost_labels(expected: Column, actual: Type) -> list[str]:
    """The labels of an Enum that a column of this affinity keeps as a number, which is none of them
    (https://sqlite.org/datatype3.html#type_affinity)."""
    if expected.reads is None or actual.name not in _NUMERIC_AFFINITIES:
        return []
    alike = [label for label in sorted(texts(expected.labels)) if _NUMBER.fullmatch(label)]
    return [label for label in alike if not can_be_read(expected, float(label))]


def _fit_loose(expected: str, actual: str, *, converted: bool) -> Fit:
    """In an ordinary table; what is stored and read back was tried out for each pair.

    `converted`: what is read becomes another value; without (`Numeric(asdecimal=False)`) text comes back as it is.
    """
    values = _values(expected)
    match values, actual:
        case (_, "BLOB"):
            return Fit.WIDER  # no conversion at all
        case ("bytes", _):
            return Fit.WIDER  # no affinity converts a BLOB
        case ("text", "TEXT"):
            return Fit.WIDER
        case ("text", _):
            dates = expected.upper().split("(")[0].strip() in ("DATE", "TIME", "DATETIME", "TIMESTAMP")
            return Fit.WIDER if dates else Fit.OTHER  # SQLAlchemy's dates never look like a number
        case ("decimals", "TEXT") if converted:
            return Fit.INCOMPATIBLE
        case (_, "TEXT"):
            return Fit.OTHER
        case ("whole numbers", "REAL"):
            return Fit.OTHER
        case _:
            return Fit.WIDER


def _fit_strict(values: str, actual: Type) -> Fit:
    """A STRICT table converts what it can without loss, and refuses the rest."""
    declared = actual.text.upper()
    if declared == "ANY":
        return Fit.WIDER
    kinds = {"INT": "INTEGER", "INTEGER": "INTEGER", "REAL": "REAL", "TEXT": "TEXT", "BLOB": "BLOB"}
    column = kinds.get(declared, actual.name)
    if column == _STRICT[values]:
        return Fit.SAME
    if column == "REAL" and values == _TRUTH:
        return Fit.WIDER
    if column == "TEXT" and values in (_WHOLE, _TRUTH, _FLOAT):
        return Fit.OTHER
    if column == "REAL" and values == _WHOLE:
        return Fit.OTHER
    return Fit.INCOMPATIBLE


def truth_meant(column: Column) -> str | None:
    """1 or 0 where a default of the models is a word for it: to SQLite that is text, which is read as True."""
    return _truth_meant(column.default, column.type) if column.default is not None else None


def _truth_meant(default: str, type: Type) -> str | None:
    return _TRUTHS.get(str(_default(default, type)[-1]).lower()) if _values(type.text) == _TRUTH else None


def _default(text: str, type: Type) -> Node:
    """A default in a form in which equal ones are equal: after the conversion that the column's affinity makes."""
    bare = outer_parentheses_removed(text)
    found = significant(bare)
    if len(found) == 1 and found[0].kind in (Kind.STRING, Kind.QUOTED):  # DEFAULT "x" can only be a string
        literal = unquoted(found[0])
    else:
        node = expression(bare)
        number = _number(node)
        if number is None:
            return node
        return ("string", number) if type.name == "TEXT" else ("number", _plain(number))
    if type.name in _NUMERIC_AFFINITIES and _NUMBER.fullmatch(literal):
        return ("number", _plain(literal))
    return ("string", literal)


def _number(node: Node) -> str | None:
    if node[0] == "number":
        return str(node[1])
    if node[0] == "unary -" and isinstance(node[1], tuple) and node[1][0] == "number":
        return f"-{node[1][1]}"
    return None


def _plain(number: str) -> str:
    """1.0, +1 and 1 are one number in a column of numeric affinity."""
    try:
        value = float(number)
    except ValueError:
        return number
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
