"""Definitions of which no server refuses anything: most of what is missing, and so nothing has to be tried."""

from __future__ import annotations

from schema_guard.plan import Noun
from schema_guard.schema import Column, Index, PrimaryKey, Table, Type, TypeKind, Unique

__all__ = ["WITHOUT_ORDER", "is_plain"]

WITHOUT_ORDER = frozenset({"box", "circle", "json", "line", "lseg", "path", "point", "polygon", "xml"})
"""Built-in types without an operator class for btree."""

_LONGEST = 10485760
_MOST_DIGITS = 1000


def is_plain(noun: Noun, table: Table) -> bool:
    """Whether the definition is one that every server takes, when its table has the columns."""
    match noun:
        case Column():
            computed = noun.default is not None or noun.generated is not None or noun.identity is not None
            return not computed and _takes_its_arguments(noun.type)
        case Index():
            special = noun.where or noun.include or noun.options or noun.nulls_not_distinct or noun.method != "btree"
            named = any(element.operator_class or element.collation for element in noun.elements)
            columns = noun.columns
            if special or named or columns is None or " TABLESPACE " in noun.definition:
                return False
            return _ordered(columns, table)
        case Unique():
            return not (noun.nulls_not_distinct or noun.include) and _ordered(noun.columns, table, noun.ddl)
        case PrimaryKey():
            return _ordered(noun.columns, table, noun.ddl)
        case Table():
            return True
        case _:
            return False


def _ordered(names: tuple[str, ...], table: Table, ddl: str = "") -> bool:
    columns = [table.column(name) for name in names]
    ordered = all(
        column is not None
        and column.type.kind is TypeKind.BASE
        and column.type.schema is None
        and column.type.name not in WITHOUT_ORDER
        for column in columns
    )
    return ordered and "USING INDEX" not in ddl


def _takes_its_arguments(type_: Type) -> bool:
    if type_.kind is not TypeKind.BASE or type_.schema is not None:
        return False
    if not type_.arguments:
        return "(" not in type_.text  # FLOAT(60) is none of the arguments that are told apart
    numbers = [int(argument) if argument.lstrip("-").isdigit() else -1 for argument in type_.arguments]
    if type_.name in ("character varying", "character"):
        return 1 <= numbers[0] <= _LONGEST
    if type_.name == "numeric":
        return 1 <= numbers[0] <= _MOST_DIGITS and 0 <= (numbers[1] if len(numbers) > 1 else 0) <= numbers[0]
    return False
