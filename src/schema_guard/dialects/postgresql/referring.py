"""Between which types a foreign key can lead, as the server decides it: pure."""

from __future__ import annotations

from collections.abc import Mapping

from schema_guard.dialects.postgresql.text_types import TEXTS, UNPADDED
from schema_guard.schema import Name, Type, TypeKind

__all__ = ["FLOATS", "based", "below_domain", "can_refer", "comparable"]

FLOATS = ("real", "double precision")
_INTEGERS = ("smallint", "integer", "bigint")
_RANGES = ("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange")
_MOMENTS = ("date", "timestamp without time zone", "timestamp with time zone")
_TARGETS = {
    **dict.fromkeys(_INTEGERS, (*_INTEGERS, "numeric", *FLOATS, "oid")),
    **dict.fromkeys(FLOATS, FLOATS),
    "numeric": ("numeric", *FLOATS),
    **dict.fromkeys(TEXTS, tuple(TEXTS)),
    "name": ("name", *UNPADDED),
    **dict.fromkeys(_MOMENTS, _MOMENTS),
    "time without time zone": ("time without time zone", "time with time zone", "interval"),
    "time with time zone": ("time with time zone",),
    **dict.fromkeys(("inet", "cidr"), ("inet", "cidr")),
    **dict.fromkeys(("macaddr", "macaddr8"), ("macaddr", "macaddr8")),
    **dict.fromkeys(("bit", "bit varying"), ("bit", "bit varying")),
    **{name: (name,) for name in ("interval", "uuid", "bytea", "boolean", "jsonb", "money", "tsvector", *_RANGES)},
}
"""An index on the target has an operator for both types, or the referring one is cast implicitly (manual, 38.16.3)."""

_CITEXT = "citext"
_NOWHERE = Type("", "a domain over an enum", kind=TypeKind.ENUM)
"""What no operator compares with anything, not even with itself: an operator that is for every enum takes no domain."""


def below_domain(type_: Type, domains: Mapping[Name, Type]) -> Type:
    """The type below a domain, through all that stand on each other, as far as it is known; any other type itself.

    Args:
        type_: of a column.
        domains: what each domain stands on.
    """
    while type_.kind is TypeKind.DOMAIN and not type_.dimensions:
        below = domains.get(Name(type_.schema, type_.name))
        if below is None:
            break
        type_ = below
    return type_


def based(type_: Type, domains: Mapping[Name, Type]) -> Type:
    """What stands for a domain where values are compared; takes what `below_domain` takes."""
    base = below_domain(type_, domains)
    return _NOWHERE if base is not type_ and base.kind is TypeKind.ENUM and not base.dimensions else base


def comparable(one: Type, other: Type) -> bool:
    """Whether a query can compare columns of these types; True where only the server knows."""
    return can_refer(one, other) or can_refer(other, one)


def can_refer(referring: Type, target: Type) -> bool:
    """Whether a column of the one type can refer to a column of the other; True where only the server knows."""
    if _NOWHERE in (referring, target):
        return False
    kinds, alike = {referring.kind, target.kind}, bool(referring.dimensions) == bool(target.dimensions)
    if alike and (referring.name, referring.schema) == (target.name, target.schema):
        return True
    if alike and referring.dimensions:  # the operators of arrays want elements of one type (anyarray)
        return TypeKind.UNKNOWN in kinds
    if kinds - {TypeKind.BASE, TypeKind.ENUM}:
        return True
    if not alike:
        return False
    if TypeKind.ENUM in kinds:  # an enum is compared with itself only
        return False
    if _CITEXT in (referring.name, target.name):  # of its operators only the one of text serves, if the key is text
        return referring.name == _CITEXT and target.name in UNPADDED
    if referring.schema is not None or target.schema is not None or target.name not in _TARGETS:
        return True
    return target.name in _TARGETS.get(referring.name, (target.name,))
