"""How one type relates to another, as the application with its driver meets it: the table behind `Rules.fit`.

SQLAlchemy with psycopg sends values with a cast to the mapped type (`$1::VARCHAR`, `$1::INTEGER`): a comparison or an
assignment for which PostgreSQL has no implicit or assignment cast fails (manual, 10.2 and 10.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema_guard.dialects.postgresql.referring import FLOATS
from schema_guard.dialects.postgresql.text_types import PADDED, TEXTS, UNPADDED
from schema_guard.fit import Fit
from schema_guard.name_length import LONGEST_NAME
from schema_guard.schema import Type, TypeKind

__all__ = [
    "EXACTLY",
    "case_effect",
    "fit_of",
    "fits_when_longer",
    "has_cast",
    "is_endless_text",
    "is_of_application",
    "pads",
    "rounds",
]

_INTEGERS = ("smallint", "integer", "bigint")
EXACTLY = ' COLLATE pg_catalog."C"'
"""For a comparison of texts: a nondeterministic collation takes 'NEW' for 'new', and no regular expression."""
_MOMENTS = frozenset({"timestamp without time zone", "timestamp with time zone", "date"})
_CLOCKS = frozenset({"time without time zone", "time with time zone"})
_OF_EXTENSIONS = frozenset({"citext", "hstore"})
_WITHOUT_SQLALCHEMY = frozenset(
    {
        "point",
        "line",
        "lseg",
        "box",
        "path",
        "polygon",
        "circle",
        "xml",
        "pg_lsn",
        "pg_snapshot",
        "txid_snapshot",
        "xid8",
    }
)
"""Types of the server for which SQLAlchemy has none: only a type of the application's own is of them."""
_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_DIGITS_OF_FLOATS = {"real": 38, "double precision": 308}
"""How many digits before the point a value may have."""
_EXACT_IN = {"real": ("smallint",), "double precision": ("smallint", "integer", "real")}
_UNLIMITED = float("inf")
_SENT_AS_TEXT = {
    "macaddr": 17,
    "macaddr8": 23,
    "inet": 43,
    "cidr": 43,
    "money": 27,
    "tsvector": _UNLIMITED,
}
"""Types whose values are strings in Python, which SQLAlchemy sends without a cast to the type: text takes them as well.
With the characters of the longest value, as the server writes it."""


def fit_of(expected: Type, actual: Type, casts_enums: bool = False, longest_label: int = LONGEST_NAME) -> Fit | None:
    """The relation of the actual type to the expected one; None when only the server knows.

    Args:
        expected: what the models say.
        actual: what the catalog says.
        casts_enums: the driver sends enum values with a cast to the enum (asyncpg does, psycopg does not).
        longest_label: bytes of the expected enum's longest label, 63 where it is not known.
    """
    if bool(expected.dimensions) != bool(actual.dimensions):
        return Fit.INCOMPATIBLE
    if _same(expected, actual):
        return Fit.SAME
    if not _known(expected) or not _known(actual):
        return _of_user_types(expected, actual, casts_enums, longest_label)
    if expected.dimensions:
        return _of_arrays(expected, actual)
    if is_of_application(expected) and actual.name in TEXTS:
        return Fit.OTHER
    return _of_built_ins(expected, actual)


_NUMBERS = frozenset({*_INTEGERS, *FLOATS, "numeric"})
_CAST_AMONG = (
    _NUMBERS,
    _MOMENTS,
    frozenset({"integer", "boolean"}),
    frozenset({"time without time zone", "interval"}),
    frozenset({"time without time zone", "time with time zone"}),
    frozenset({"json", "jsonb"}),
    frozenset({"inet", "cidr"}),
    frozenset({"macaddr", "macaddr8"}),
    frozenset({"bit", "bit varying"}),
    frozenset({"integer", "bigint", "bit"}),
    frozenset({"numeric", "money"}),
)
_CAST_TO = {
    "integer": frozenset({"money"}),
    "bigint": frozenset({"money"}),
    "jsonb": _NUMBERS | {"boolean"},
    "timestamp without time zone": frozenset({"time without time zone"}),
    "timestamp with time zone": _CLOCKS,
}
_CAST_BY_TEXT_ALONE = (
    frozenset({"boolean", "uuid", "json", "jsonb", "interval", "money", "inet", "cidr", "macaddr", "macaddr8"})
    | {"bit", "bit varying"}
    | _NUMBERS
    | _MOMENTS
    | _CLOCKS
)
"""Whose casts, beside those from and to text, are all named above (pg_cast of PostgreSQL 12 to 18)."""


def has_cast(actual: Type, expected: Type) -> bool:
    """Whether `value::expected` is possible at all, whatever the value; True where only the server knows."""
    here, there = actual.name, expected.name
    if not (_known(actual) and _known(expected)) or not {here, there} <= _CAST_BY_TEXT_ALONE:
        return True
    if bool(actual.dimensions) != bool(expected.dimensions):
        return False
    return here == there or any({here, there} <= among for among in _CAST_AMONG) or there in _CAST_TO.get(here, ())


def rounds(numeric: Type) -> bool:
    """Whether its values may have digits behind the point, which a whole number does not keep."""
    return _numeric(numeric)[1] > 0


def is_of_application(type_: Type) -> bool:
    """A type for which SQLAlchemy has none: how values are sent, and what is called, nobody knows."""
    if type_.schema is None and type_.kind is TypeKind.BASE:
        return type_.name in _WITHOUT_SQLALCHEMY
    return (
        type_.schema is not None and type_.kind in (TypeKind.BASE, TypeKind.OTHER) and type_.name not in _OF_EXTENSIONS
    )


def is_endless_text(type_: Type) -> bool:
    """Text that neither pads nor cuts what is written."""
    return type_.name in (UNPADDED | {"name"}) and not type_.dimensions and _length(type_) == _UNLIMITED


def case_effect(expected: Type, actual: Type, fit: Fit) -> str:
    """What it does to statements that one is citext, the other text that tells upper and lower case apart; or empty."""
    names = {expected.name, actual.name}
    if "citext" not in names or len(names) == 1 or not names <= UNPADDED | {"name", "citext"}:
        return ""
    rest = ", and longer values are rejected" if fit is Fit.INCOMPATIBLE else ""
    if actual.name == "citext":
        return f"CITEXT takes upper and lower case as equal, which {expected} does not{rest}"
    return f"{actual} tells upper and lower case apart, which CITEXT does not{rest}"


def fits_when_longer(expected: Type, actual: Type) -> bool:
    """Whether only the length of a VARCHAR, or of a blank-padded column, refuses values of the other type."""
    if actual.name not in ("character varying", *PADDED) or not actual.arguments or actual.dimensions:
        return False
    if expected.kind is TypeKind.ENUM:  # a driver may send its type along
        return False
    endless = replace(actual, text="character varying", name="character varying", arguments=(), words="VARCHAR")
    return fit_of(expected, endless) in (Fit.OTHER, Fit.WIDER)


def length_effect(expected: Type, actual: Type, fit: Fit) -> str:
    """What a column that is too short does to statements; empty where it is anything else."""
    if fit is not Fit.INCOMPATIBLE or not fits_when_longer(expected, actual):
        return ""
    padded = ", and shorter ones come back padded with blanks" if actual.name in PADDED else ""
    return f"longer values are rejected{padded}"


def pads(actual: Type, listed: Sequence[str]) -> bool:
    """Whether a blank-padded column gives back others of these literals than it was given: labels of an Enum, say."""
    lengths = [len(literal[1:-1].replace("''", "'")) for literal in listed if literal.startswith("'")]
    if actual.name not in PADDED or not actual.arguments or actual.dimensions:
        return False
    return any(length < int(actual.arguments[0]) for length in lengths)


def _of_arrays(expected: Type, actual: Type) -> Fit:
    """Arrays compare only with arrays of the very same element type, and a changed one is written anew."""
    if expected.name != actual.name:
        return Fit.INCOMPATIBLE
    fit = _of_built_ins(expected, actual)
    return Fit.NARROWER_REWRITE if fit is Fit.NARROWER else fit


def _same(expected: Type, actual: Type) -> bool:
    return (expected.name, expected.schema, expected.arguments) == (actual.name, actual.schema, actual.arguments)


def _known(type_: Type) -> bool:
    return type_.schema is None and type_.kind is TypeKind.BASE


def _of_user_types(expected: Type, actual: Type, casts_enums: bool, longest_label: int) -> Fit | None:
    if (expected.name, expected.schema) == (actual.name, actual.schema):
        return None if actual.arguments else Fit.WIDER  # what other modifiers mean, its extension knows
    if TypeKind.DOMAIN in (expected.kind, actual.kind):
        return None
    if {expected.name, actual.name} <= TEXTS | {"citext"} and TypeKind.ENUM not in (expected.kind, actual.kind):
        return Fit.OTHER if _length(actual) >= _length(expected) else Fit.INCOMPATIBLE
    if expected.kind is TypeKind.ENUM and actual.name in TEXTS and not expected.dimensions and not casts_enums:
        return Fit.OTHER if _length(actual) >= longest_label else Fit.INCOMPATIBLE
    if TypeKind.UNKNOWN in (expected.kind, actual.kind):
        return None
    if is_of_application(expected) and actual.name in TEXTS | {"citext"} and not expected.dimensions:
        return Fit.OTHER
    return Fit.INCOMPATIBLE


def _of_built_ins(expected: Type, actual: Type) -> Fit:
    pair = {expected.name, actual.name}
    if pair <= TEXTS:
        return _of_texts(expected, actual)
    if pair <= {*_INTEGERS, *FLOATS, "numeric"}:
        return _of_numbers(expected, actual)
    if pair <= _MOMENTS or pair <= _CLOCKS:
        return _of_moments(expected, actual)
    if expected.name == actual.name:
        return _of_modifiers(expected, actual)
    if expected.name == "json" and is_endless_text(actual):
        return Fit.OTHER  # it is written as text, and nothing compares json
    if pair == {"json", "jsonb"}:
        return Fit.WIDER if actual.name == "jsonb" else Fit.INCOMPATIBLE  # jsonb = json: there is no such operator
    if _takes_strings(expected, actual):
        return Fit.OTHER
    if pair == {"inet", "cidr"}:
        return Fit.OTHER if actual.name == "inet" else Fit.INCOMPATIBLE
    if pair == {"interval", "time without time zone"}:
        return Fit.OTHER
    if (expected.name, actual.name) in (("smallint", "oid"), ("integer", "oid")):
        return Fit.OTHER  # a negative number comes back as another one
    if (expected.name, actual.name) == ("oid", "bigint"):
        return Fit.WIDER
    return Fit.INCOMPATIBLE


def _takes_strings(expected: Type, actual: Type) -> bool:
    """Each value is stored, though it may come back otherwise: cut, as eight bytes, or as it was written."""
    names = (expected.name, actual.name)
    if names == ("macaddr", "macaddr8") or (expected.name in TEXTS and actual.name == '"char"'):
        return True
    if names == ("bit", "bit varying"):
        return _length(actual) >= (_length(expected) if expected.arguments else 1)
    longest = _SENT_AS_TEXT.get(expected.name)
    return longest is not None and actual.name in TEXTS and _length(actual) >= longest


def _of_texts(expected: Type, actual: Type) -> Fit:
    """Length counts; a blank-padded column gives other strings back, and made one it would pad what it holds."""
    longer = _length(actual) >= _length(expected)
    if actual.name in PADDED:
        if expected.name not in PADDED:
            return Fit.OTHER if longer else Fit.INCOMPATIBLE
        return Fit.OTHER if longer else Fit.NARROWER_REWRITE
    if longer:
        return Fit.WIDER
    if actual.name == "name":
        return Fit.OTHER  # longer text is cut, as names are
    return Fit.INCOMPATIBLE if expected.name in PADDED else Fit.NARROWER


def _length(type_: Type) -> float:
    if type_.name == "name":
        return LONGEST_NAME
    return float(type_.arguments[0]) if type_.arguments else _UNLIMITED


def _of_numbers(expected: Type, actual: Type) -> Fit:
    if expected.name in _INTEGERS and actual.name in _INTEGERS:
        wider = _INTEGERS.index(actual.name) >= _INTEGERS.index(expected.name)
        return Fit.WIDER if wider else Fit.NARROWER_REWRITE
    if expected.name in FLOATS and actual.name in FLOATS:
        return Fit.WIDER if actual.name == "double precision" else Fit.NARROWER_REWRITE
    if expected.name == actual.name == "numeric":
        return _of_numerics(expected, actual)
    if actual.name == "numeric" and expected.name in _INTEGERS:
        digits, scale = _numeric(actual)
        return Fit.WIDER if digits - scale >= _DIGITS[expected.name] else Fit.INCOMPATIBLE
    if expected.name == "numeric" and actual.name in _INTEGERS:
        digits, scale = _numeric(expected)
        return Fit.OTHER if digits - scale < _DIGITS[actual.name] else Fit.NARROWER_REWRITE
    if actual.name in _EXACT_IN and expected.name in _EXACT_IN[actual.name]:
        return Fit.WIDER
    if expected.name in FLOATS and _digits_before_point(actual) <= _DIGITS_OF_FLOATS[expected.name]:
        exact = actual.name in _EXACT_IN[expected.name]
        return Fit.NARROWER_REWRITE if exact else Fit.INCOMPATIBLE
    return Fit.OTHER


def _digits_before_point(type_: Type) -> float:
    if type_.name in _DIGITS:
        return _DIGITS[type_.name]
    digits, scale = _numeric(type_)
    return digits - scale


def _of_numerics(expected: Type, actual: Type) -> Fit:
    """More digits before the point hold every value; fewer behind it round. Only a grown precision needs no rewrite."""
    wanted_digits, wanted_scale = _numeric(expected)
    digits, scale = _numeric(actual)
    if digits - scale >= wanted_digits - wanted_scale:
        return Fit.WIDER if scale >= wanted_scale else Fit.OTHER
    if scale > wanted_scale:
        return Fit.INCOMPATIBLE  # made the expected type, it would round what it holds
    return Fit.NARROWER if not expected.arguments or scale == wanted_scale else Fit.NARROWER_REWRITE


def _numeric(type_: Type) -> tuple[float, float]:
    """Precision and scale; a numeric without either holds 131072 digits before and 16383 after the point."""
    if not type_.arguments:
        return 147455, 16383
    return float(type_.arguments[0]), float(type_.arguments[1])


def _of_moments(expected: Type, actual: Type) -> Fit:
    """Values are cast to and fro: a zone or the time of day gets lost, and precision is rounded."""
    if expected.name != actual.name:
        return Fit.OTHER
    return _of_modifiers(expected, actual)


def _of_modifiers(expected: Type, actual: Type) -> Fit:
    """The same type with other modifiers: bit lengths, fractions of seconds, fields of an interval."""
    if expected.name == "bit":
        return Fit.INCOMPATIBLE
    if expected.name == "bit varying":
        return Fit.WIDER if _length(actual) >= _length(expected) else Fit.NARROWER
    if not actual.arguments:
        return Fit.WIDER
    if not expected.arguments or actual.arguments < expected.arguments:
        return Fit.OTHER
    return Fit.WIDER if len(actual.arguments) == 1 and actual.arguments[0].isdigit() else Fit.OTHER
