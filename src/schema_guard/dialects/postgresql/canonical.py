"""The cheap half of comparing on PostgreSQL: proves what it can from the words alone, else leaves it to the server."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from schema_guard.column import texts
from schema_guard.dialects.postgresql.conditions import conditions
from schema_guard.dialects.postgresql.defaults import surely_gives
from schema_guard.dialects.postgresql.expressions import Node, constant, parse
from schema_guard.dialects.postgresql.fits import (
    EXACTLY,
    case_effect,
    fit_of,
    is_endless_text,
    is_of_application,
    length_effect,
    pads,
    rounds,
)
from schema_guard.dialects.postgresql.lossy import loses
from schema_guard.dialects.postgresql.referring import FLOATS, based, below_domain, comparable
from schema_guard.dialects.postgresql.text_types import PADDED, UNPADDED
from schema_guard.dialects.terms import Allowed, Condition, ErrorWords, Verdict
from schema_guard.fit import Fit
from schema_guard.name_length import LONGEST_NAME, name_bytes
from schema_guard.names import in_quotes
from schema_guard.schema import Column, Enum, Name, Table, Type, TypeKind

__all__ = ["PostgreSQLRules"]

_SERVER_DEFAULT_COLLATIONS = frozenset({None, "", "default"})
_CALLED = re.compile(r"([^\s(),:]+)\s*\(")
"""What stands before a parenthesis, a name as a rule."""
_EVERYWHERE = frozenset(
    {"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "current_timestamp", "localtimestamp"}
)
"""What defaults call mostly: it is not worth a question whether the server knows it."""
_NO_MATCH = "OPERATOR(pg_catalog.!~)"
_TAKE_MOMENTS = UNPADDED | {"timestamp without time zone", "timestamp with time zone", "date"}
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_CUTS = {"name": "63 bytes are", '"char"': "byte is"}
"""Types that cut what is longer."""
_ZONED = ("timestamp without time zone", "timestamp with time zone")
_ONLY_NARROWER = frozenset(
    {
        *(("numeric", "numeric"), ("double precision", "numeric"), ("real", "numeric")),
        *(("smallint", "numeric"), ("integer", "numeric"), ("bigint", "numeric")),
        *(("bit varying", "bit"), ("oid", "integer"), ("oid", "smallint")),
    }
)
"""Models' and live types that take each other's values as far as these fit, though the server would not convert the
column by itself."""
_EFFECTS = {
    Fit.WIDER: "",
    Fit.NARROWER: "values that don't fit are rejected",
    Fit.NARROWER_REWRITE: "values that don't fit are rejected",
    Fit.OTHER: "values come back changed",
    Fit.INCOMPATIBLE: "statements that write or compare it fail",
    Fit.UNKNOWN: "",
}


_AS_TEXT = {
    "json": "text comes back where JSON is expected, and the operators of json fail on it",
    "hstore": "the operators of hstore fail, and other text cannot be loaded",
    "bytea": "text comes back where bytes are expected",
}
"""What becomes of values that a column of text holds in place of such a type."""


class PostgreSQLRules:
    """Comparison in PostgreSQL's words.

    Args:
        casts_enums: the application's driver sends enum values with a cast to the enum type: asyncpg, which also
            takes no moment with a zone where the models have none.
        casts_listed: it sends values of a non-native Enum with a cast to VARCHAR.
        as_text: it sends each value as text, which pg8000 does: a text column takes bytes, and gives back text; what a
            column of floats gives back is no whole number.
    """

    errors = ErrorWords(
        "UndefinedTable",
        "UndefinedColumn",
        "NotNullViolation",
        "UniqueViolation",
        "CheckViolation",
        "UndefinedFunction",
        "GroupingError",
        "DatatypeMismatch",
        "AmbiguousFunction",
    )
    """As PostgreSQL names its conditions and psycopg its exceptions (manual, Appendix A)."""

    def __init__(self, casts_enums: bool = False, casts_listed: bool = False, as_text: bool = False) -> None:
        self._casts_enums = casts_enums
        self._as_text = as_text
        self._casts_listed = casts_listed
        self.domains: Mapping[Name, Type] = {}
        """The base type of each domain, as the session read it."""
        self.enums: Mapping[Name, Enum] = {}
        """The enums that the models expect: a VARCHAR that holds each label serves."""
        self.live_enums: Mapping[Name, Enum] = {}

    def fit(self, expected: Column, actual: Column, table: Table) -> Fit | None:  # noqa: ARG002
        """How the actual type relates to the expected one; None when the server has to be asked.

        A domain holds its base type's values: what only its constraints decide, they say when a row is written.
        """
        wanted, given = below_domain(expected.type, self.domains), below_domain(actual.type, self.domains)
        if {wanted.kind, given.kind} == {TypeKind.ENUM} and (wanted.name, wanted.schema) != (given.name, given.schema):
            return self._of_enums(expected, wanted, given)
        if self._takes_listed(expected, wanted, given):
            return Fit.OTHER
        if pads(given, expected.values) or (wanted.name not in PADDED and pads(given, expected.identities)):
            return Fit.INCOMPATIBLE
        if self._as_text and (wanted.name, wanted.dimensions) == ("bytea", 0) and is_endless_text(given):
            return Fit.INCOMPATIBLE if getattr(expected.reads, "type", "") == "PickleType" else Fit.OTHER
        if self._comes_back_with_point(wanted, given):
            return Fit.OTHER
        if (self._casts_enums or self._as_text) and wanted.name == "hstore" and is_endless_text(given):
            return Fit.OTHER  # they have no form of their own for it: SQLAlchemy writes and reads its text
        fit = fit_of(wanted, given, self._casts_enums, self._longest_label(wanted))
        if (wanted, given) == (expected.type, actual.type) or (expected.type.name, expected.type.schema) == (
            actual.type.name,
            actual.type.schema,
        ):
            return fit
        if fit in (Fit.SAME, Fit.WIDER):
            return Fit.WIDER if wanted == expected.type else Fit.OTHER
        return fit if fit in (None, Fit.OTHER) else Fit.INCOMPATIBLE

    def _of_enums(self, column: Column, wanted: Type, given: Type) -> Fit:
        """Another enum with all the labels serves where the statements don't name the type: an untyped value becomes
        whatever the column is. Arrays of enums are always sent with a cast, and asyncpg's dialect casts every value."""
        expected = self.enums.get(Name(wanted.schema, wanted.name))
        live = self.live_enums.get(Name(given.schema, given.name))
        named = self._casts_enums or wanted.dimensions or given.dimensions
        if named or expected is None or live is None or not set(expected.values) <= set(live.values):
            return Fit.INCOMPATIBLE
        return Fit.OTHER if column.cast_when_several else Fit.WIDER

    def _takes_listed(self, expected: Column, wanted: Type, given: Type) -> bool:
        """Whether a native enum takes all that a non-native Enum writes: untyped values, each of them a label."""
        live = self.live_enums.get(Name(given.schema, given.name)) if given.kind is TypeKind.ENUM else None
        if live is None or wanted.name not in UNPADDED or wanted.dimensions or given.dimensions:
            return False
        listed = texts(expected.values)
        return bool(listed) and not self._casts_listed and listed <= set(live.values)

    def _longest_label(self, type_: Type) -> int:
        enum = self.enums.get(Name(type_.schema, type_.name))
        return max((len(name_bytes(value)) for value in enum.values), default=0) if enum is not None else LONGEST_NAME

    def may_hold_other_values(self, expected: Column, actual: Column, table: Table) -> bool:  # noqa: ARG002
        return False

    def same_expression(self, expected: str, actual: str) -> Verdict:
        """EQUAL when both texts have the same normal form; everything else is for the server to decide.

        `actual` is deparsed text, which states the casts that the parser chose.
        """
        wanted = parse(expected)
        if wanted is not None and wanted in (parse(actual), parse(actual, deparsed=True)):
            return Verdict.EQUAL
        return Verdict.UNDECIDED

    def allowed_values(self, expression: str) -> Allowed | None:
        """`x = ANY (ARRAY[..])`, as the server writes IN, `x = 'a'`, and several of them joined by OR."""
        node = parse(expression, deparsed=True)
        parts = [_listed(part) for part in (node[1] if node[0] == "or" else (node,))] if node is not None else []
        known = [part for part in parts if part is not None]
        if not known or len(known) != len(parts) or len({part.operand for part in known}) != 1:
            return None
        return Allowed(known[0].operand, frozenset().union(*(part.values for part in known)))

    def knows(self, expression: str, type: Type) -> bool:
        return type.name in _TAKE_MOMENTS and all(name.lower() in _EVERYWHERE for name in _CALLED.findall(expression))

    def conditions(self, expression: str, columns: Collection[str]) -> tuple[Condition, ...]:
        return conditions(expression, columns)

    def same_default(self, expected: str, actual: str, type: Type) -> Verdict:
        """As expressions; two plain constants of a type whose text is its value also prove a difference."""
        wanted, given = _default(expected, type), _default(actual, type)
        if wanted is None or given is None:
            return Verdict.UNDECIDED
        if wanted == given:
            return Verdict.EQUAL
        if type.kind is TypeKind.BASE and not type.dimensions and _decides(wanted, given, type):
            return Verdict.DIFFERENT
        return Verdict.UNDECIDED

    def surely_gives(self, default: str, type: Type) -> bool:
        return surely_gives(default, type)

    def default_collation(self, expected: str | None, actual: str | None) -> bool:
        """Whether both names stand for the same collation; a schema counts only where both sides name one."""
        if expected in _SERVER_DEFAULT_COLLATIONS or actual in _SERVER_DEFAULT_COLLATIONS:
            return expected in _SERVER_DEFAULT_COLLATIONS and actual in _SERVER_DEFAULT_COLLATIONS
        wanted, given = _collation(expected or ""), _collation(actual or "")
        return wanted[-1] == given[-1] and (len(wanted) != len(given) or wanted == given)

    def other_labels(self, actual: Column, labels: Sequence[str], array: bool) -> str:
        quoted = in_quotes(actual.name)
        exactly = _exactly(actual)
        if array:
            items = f"pg_catalog.unnest(CAST({quoted} AS TEXT[])) AS item(label)"
            return f"EXISTS (SELECT 1 FROM {items} WHERE item.label{exactly} NOT IN ({', '.join(labels)}))"
        return f"CAST({quoted} AS TEXT){exactly} NOT IN ({', '.join(labels)})"

    def written_otherwise(self, expected: Column, actual: Column) -> str:
        """Of a UUID in a column of text, where some were seen; any other type has one form for each value."""
        column = in_quotes(expected.name)
        unlike = self.unlike_written(expected, actual, column) if actual.others else ""
        return f"{unlike} AND NOT {self.unreadable(expected, actual, column)}" if unlike else ""

    def type_mismatch_effect(self, expected: Column, actual: Column, fit: Fit) -> str:
        if TypeKind.ENUM in (expected.type.kind, actual.type.kind) and (effect := _enum_effect(expected, actual, fit)):
            return effect
        if fit is Fit.OTHER and expected.type.name in _AS_TEXT:
            return f"statements work, but {_AS_TEXT[expected.type.name]}"
        if (expected.type.name, actual.type.name) == ("jsonb", "json"):
            return "a query with an operator of jsonb (=, @>, ?) fails; INSERT, UPDATE and SELECT work"
        if fit is Fit.OTHER and actual.type.name in _CUTS:
            return f"statements work, but of longer text only the first {_CUTS[actual.type.name]} stored"
        if fit is Fit.OTHER and is_of_application(expected.type):
            rest = ", and values that don't fit are rejected" if actual.type.arguments else ""
            return f"not provable: operators and functions of {expected.type} fail on text{rest}"
        if expected.type.name == "numeric" and actual.type.name in _INTEGERS and rounds(expected.type):
            rest = ", and larger ones are rejected" if fit is Fit.NARROWER_REWRITE else ""
            return f"statements work, but decimals are rounded to whole numbers{rest}"
        if fit is Fit.INCOMPATIBLE and expected.type.name == "bytea" and self._as_text and is_endless_text(actual.type):
            return "loading it fails: text comes back where bytes are expected"
        if fit is Fit.INCOMPATIBLE and (expected.type.name, actual.type.name) in _ONLY_NARROWER:
            return _EFFECTS[Fit.NARROWER]
        if fit is Fit.INCOMPATIBLE and pads(actual.type, expected.values):
            return "a shorter label comes back padded with blanks, and loading it fails (LookupError)"
        if fit is Fit.INCOMPATIBLE and pads(actual.type, expected.identities):
            return "the identity of a class comes back padded with blanks, and loading its rows fails (AssertionError)"
        own = case_effect(expected.type, actual.type, fit) or length_effect(expected.type, actual.type, fit)
        return own or _EFFECTS.get(fit, "")

    def loses_values(self, expected: Column, actual: Column) -> bool:
        wanted, given = below_domain(expected.type, self.domains), below_domain(actual.type, self.domains)
        zoned = self._casts_enums and (wanted.name, given.name) == _ZONED
        return zoned or loses(wanted, given) or self._comes_back_with_point(wanted, given)

    def _comes_back_with_point(self, wanted: Type, given: Type) -> bool:
        """Whether a whole number is read as `1.0` and sent back so, which is the text of no whole number."""
        whole = wanted.name in _INTEGERS and given.name in FLOATS
        return self._as_text and whole and not wanted.dimensions and not given.dimensions

    def unreadable(self, expected: Column, actual: Column, value: str) -> str:
        """What `uuid.UUID` takes no text for."""
        if not self._is_uuid_text(expected, actual):
            return ""
        return f"{_digits_of(value + _exactly(actual))} {_NO_MATCH} '^[0-9a-fA-F]{{32}}$'"

    def unlike_written(self, expected: Column, actual: Column, value: str) -> str:
        if not self._is_uuid_text(expected, actual):
            return ""
        return f"{value}::pg_catalog.text{_exactly(actual)} {_NO_MATCH} '^[0-9a-f]{{32}}$'"

    def _is_uuid_text(self, expected: Column, actual: Column) -> bool:
        """Whether SQLAlchemy writes a UUID as text, in lower case and without hyphens."""
        given = below_domain(actual.type, self.domains)
        text = given.name in UNPADDED | PADDED and not given.dimensions and expected.type.name in PADDED
        return text and getattr(expected.reads, "type", "") == "Uuid"

    def comparable(self, one: Type, other: Type) -> bool:
        return comparable(based(one, self.domains), based(other, self.domains))

    def explicit_null_gets_value(self, table: Table, column: Column) -> bool:  # noqa: ARG002
        """Never: PostgreSQL stores the NULL or rejects it."""
        return False


def _exactly(column: Column) -> str:
    """What has to stand behind its text where that is compared."""
    own = column.collation or column.type.kind is TypeKind.DOMAIN  # a domain may have one as well
    return EXACTLY if own else ""


def _digits_of(value: str) -> str:
    """What `uuid.UUID` reads of a text."""
    return f"pg_catalog.regexp_replace({value}, '^(urn:)?(uuid:)?[{{]?|-|[}}]$', '', 'g')"


def _enum_effect(expected: Column, actual: Column, fit: Fit) -> str:
    if fit is Fit.OTHER and actual.type.kind is TypeKind.ENUM and expected.type.kind is TypeKind.BASE:
        return "values sort in the order of the enum, and LIKE, coalesce and functions of text may fail on them"
    if fit is Fit.OTHER and expected.type.kind is TypeKind.ENUM and actual.type.kind is TypeKind.BASE:
        return "statements work, but what is not a value of the enum can be stored, and loading it fails (LookupError)"
    if fit is Fit.INCOMPATIBLE and expected.type.kind is actual.type.kind:
        return f"statements that name {expected.type} fail, and a label that the other type lacks cannot be written"
    return ""


def _listed(node: Node) -> Allowed | None:
    """The values that one part of the condition takes; IS NULL takes none that a CHECK would not."""
    if node[0] == "is" and node[2:] == ("null", False):
        return Allowed(repr(_bare(node[1])), frozenset())
    if node[:2] not in (("any", "="), ("operator", "=")):
        return None
    listed = node[3][1] if node[3][0] == "array" else (node[3],) if node[0] == "operator" else ()
    bare = [_bare(item) for item in listed]
    if not bare or any(item[0] not in ("string", "number") for item in bare):
        return None
    return Allowed(
        repr(_bare(node[2])), frozenset(f"'{item[1]}'" if item[0] == "string" else str(item[1]) for item in bare)
    )


def _bare(node: Node) -> Node:
    """Without casts of VARCHAR to text and back, which the parser puts there."""
    while node[0] == "cast" and node[2] in UNPADDED:
        node = node[1]
    return node


def _default(text: str, type_: Type) -> Node | None:
    """The default's normal form, a constant freed of a cast to the column's own type."""
    node = parse(text)
    if node is None:
        return None
    plain = constant(node, type_)
    return plain if plain is not None else node


def _decides(wanted: Node, given: Node, type_: Type) -> bool:
    """Whether two different constants of that type are different values."""
    kinds = {wanted[0], given[0]}
    if type_.name in UNPADDED:
        return kinds == {"string"}
    if type_.name in _INTEGERS:
        return kinds == {"number"} and all(re.fullmatch(r"-?\d+", str(node[1])) for node in (wanted, given))
    return type_.name == "boolean" and kinds == {"boolean"}


def _collation(name: str) -> list[str]:
    """Schema and name, or the name alone; a locale's own point (`en_US.UTF-8`) parts nothing."""
    schema, point, rest = name.partition(".")
    parts = [schema, rest] if point and not re.match(r"(?i)utf|latin|iso", rest) else [name]
    return [part.strip('"') for part in parts]
