"""Which classes map which columns, and what a mapper does with them on its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from inspect import getclosurevars
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import Column, Table
from sqlalchemy.sql.expression import ColumnClause
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate

from schema_guard.errors import TargetError, one_line
from schema_guard.sources.sqlalchemy.joins import compared_by

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper
    from sqlalchemy.sql.elements import ClauseElement, ColumnElement

__all__ = ["Mapped", "holds_text", "mappers_by_table"]

_MUTABLE = "sqlalchemy.ext.mutable"


def _mappers() -> Iterator[Mapper[Any]]:
    """Every mapper of the process; a class whose mapping failed has none, or half of one, and is its own module's
    error."""
    if "sqlalchemy.orm" not in sys.modules:
        return  # nothing is mapped, and to import it takes as long as half of SQLAlchemy
    from sqlalchemy.orm.exc import UnmappedClassError
    from sqlalchemy.orm.mapper import _all_registries

    for registry in list(_all_registries()):
        for manager in list(registry._managers):
            with suppress(UnmappedClassError):
                if hasattr(manager.mapper, "tables"):
                    yield manager.mapper


def _configure(mapper: Mapper[Any]) -> None:
    """As the application's first query would: relationships are looked up then, and may lead nowhere.

    Raises:
        TargetError: the application fails on it as well.
    """
    try:
        mapper.registry.configure(cascade=True)
    except Exception as error:  # an expression of the application's may raise anything
        why = one_line(str(error)).rstrip(".")
        raise TargetError(
            f"the mapped classes do not fit together, here and in the application's first query: {why}. Where another "
            "module defines what is missing, import that too; else correct the class"
        ) from error


def mappers_by_table() -> dict[Table, list[Mapper[Any]]]:
    """By their own table, a class before those that inherit from it."""
    found: dict[Table, list[Mapper[Any]]] = {}
    for mapper in sorted(_mappers(), key=lambda mapper: (len(mapper.class_.__mro__), mapper.class_.__name__)):
        if isinstance(mapper.local_table, Table):
            found.setdefault(mapper.local_table, []).append(mapper)
    return found


class Mapped:
    """An index of the mappers of some tables: declarative, imperative or of any registry that maps them."""

    def __init__(self, tables: Iterable[Table]) -> None:
        wanted = set(tables)
        self._columns: dict[ColumnElement[Any], list[str]] = {}
        self._tables: dict[Table, list[str]] = {}
        self._written: set[ColumnElement[Any]] = set()
        self._mutables: dict[ColumnElement[Any], str] = {}
        self._versions: set[ColumnElement[Any]] = set()
        self._discriminators: dict[ColumnElement[Any], set[object]] = {}
        self._lowest: dict[ColumnElement[Any], set[object]] = {}
        self._computed: dict[ColumnElement[Any], list[ColumnElement[Any]]] = {}
        self._compared: dict[Any, dict[tuple[Column[Any], Column[Any]], str]] = {}
        for mapper in sorted(_mappers(), key=lambda mapper: mapper.class_.__name__):
            if any(table in wanted for table in mapper.tables):
                _configure(mapper)
                self._take(mapper)
        noted = (self._written, self._mutables, self._versions, self._discriminators, self._lowest, self._computed)
        self._used = frozenset(column for each in noted for column in each)

    def _take(self, mapper: Mapper[Any]) -> None:
        name = mapper.class_.__name__
        inherited = _columns(mapper.inherits) if mapper.inherits is not None else {}
        for column in _columns(mapper):
            if column not in inherited:
                self._columns.setdefault(column, []).append(name)
        self._mutables.update(_mutables(mapper))
        for table in mapper.tables:
            if isinstance(table, Table) and (mapper.inherits is None or table not in mapper.inherits.tables):
                self._tables.setdefault(table, []).append(name)
        if isinstance(mapper.polymorphic_on, Column):
            self._written.add(mapper.polymorphic_on)
            if None not in mapper.polymorphic_map:
                self._discriminators.setdefault(mapper.polymorphic_on, set()).update(mapper.polymorphic_map)
            if mapper.polymorphic_identity is not None and len(tuple(mapper.self_and_descendants)) == 1:
                self._lowest.setdefault(mapper.polymorphic_on, set()).add(mapper.polymorphic_identity)
        if isinstance(mapper.version_id_col, Column):
            self._versions.add(mapper.version_id_col)
            if mapper.version_id_generator is not False:
                self._written.add(mapper.version_id_col)
        for left, right, relationship in compared_by(mapper):
            self._compared.setdefault(left.table, {}).setdefault((left, right), relationship)
        for column, expression in _computed(mapper):
            self._computed.setdefault(column, []).append(expression)

    def computed_of(self, column: Column[Any]) -> Sequence[ColumnElement[Any]]:
        """What each SELECT of a class computes of it (`column_property`)."""
        return self._computed.get(column, ())

    def compared_in(self, table: Table) -> Mapping[tuple[Column[Any], Column[Any]], str]:
        """What relationships compare its columns with, each with its name."""
        return self._compared.get(table, {})

    def classes_of(self, column: Column[Any]) -> tuple[str, ...]:
        return tuple(self._columns.get(column, ()))

    def classes_of_table(self, table: Table) -> tuple[str, ...]:
        return tuple(self._tables.get(table, ()))

    def is_written_by_mapper(self, column: Column[Any]) -> bool:
        """Whether the mapper sets the value itself: a discriminator or a version counter."""
        return column in self._written

    def counts_versions(self, column: Column[Any]) -> bool:
        """Whether its value says which version of a row was read: what holds NULL is neither updated nor deleted."""
        return column in self._versions

    def names_the_class(self, column: Column[Any]) -> bool:
        """Whether its value says which class a row is of, and NULL is none: such a row cannot be loaded."""
        return column in self._discriminators

    def identities_of(self, column: Column[Any]) -> Set[object]:
        """Of which values a class is mapped by now: no other row can be loaded."""
        return self._discriminators.get(column, set())

    def lowest_identities_of(self, column: Column[Any]) -> tuple[str, ...]:
        """Those of classes from which none inherits: of others there may be no instance."""
        return _texts(self._lowest.get(column, set()))

    def mutable_of(self, column: Column[Any]) -> str:
        """SQLAlchemy's class that takes each loaded value as its own (`MutableDict`), and fails on any other."""
        return self._mutables.get(column, "")

    def uses(self, column: Column[Any]) -> bool:
        """Whether a mapper does more with it than to hand its values on."""
        return column in self._used

    def leaves_out(self, column: Column[Any]) -> bool:
        """Whether a class maps the table but not this column, so that its INSERTs never name it."""
        return column.table in self._tables and column not in self._columns


def _columns(mapper: Mapper[Any]) -> dict[ColumnElement[Any], None]:
    """All that its attributes are of; one of them may be of several columns, as in a join."""
    return dict.fromkeys(column for prop in mapper.column_attrs for column in prop.columns)


def _mutables(mapper: Mapper[Any]) -> Iterator[tuple[ColumnElement[Any], str]]:
    """The columns that `Mutable.as_mutable` watches, and by which class. How it does so is no public interface: where
    SQLAlchemy changes it, none is found. A class of the application's own may take other values as well."""
    known = sys.modules.get(_MUTABLE)
    if known is None:  # nobody has imported it
        return
    own = [getattr(known, name).coerce.__func__ for name in ("MutableDict", "MutableList", "MutableSet")]
    for listener in mapper.class_manager.dispatch.load:
        if getattr(listener, "__module__", "") != _MUTABLE:
            continue
        held: Mapping[str, Any] = getclosurevars(listener).nonlocals
        mutable: Any = held.get("cls")
        attribute = mapper.column_attrs.get(str(held.get("key")))
        if held.get("coerce") and attribute is not None and getattr(mutable.coerce, "__func__", None) in own:
            for column in attribute.columns:
                yield column, mutable.__name__


def _computed(mapper: Mapper[Any]) -> Iterator[tuple[Column[Any], ColumnElement[Any]]]:
    """Expressions over columns of one table of the class's own, each with the first of them. What a subquery reads is
    left out, and what is loaded only when it is asked for."""
    from sqlalchemy.orm import ColumnProperty

    for prop in mapper._props.values():
        if not isinstance(prop, ColumnProperty) or prop.deferred or prop.parent is not mapper:
            continue
        expression = prop.columns[0]
        if isinstance(expression, Column):
            continue
        parts = [expression, *iterate(expression)]
        columns = [part._deannotate() for part in parts if isinstance(part, Column)]
        tables = {column.table for column in columns}
        if any(isinstance(part, SelectBase) for part in parts):
            continue
        own = mapper.local_table
        if holds_text(expression):
            # its text may name any column: those of one table are known
            if isinstance(own, Table) and {*mapper.tables} == {own} and tables <= {own}:
                yield next(iter(own.columns)), expression
        elif len(tables) == 1 and tables.issubset(mapper.tables):
            yield columns[0], expression


def holds_text(expression: ClauseElement) -> bool:
    """Whether some of it is SQL that the application writes itself (`literal_column`)."""
    return any(isinstance(part, ColumnClause) and part.is_literal for part in (expression, *iterate(expression)))


def _texts(identities: set[object]) -> tuple[str, ...]:
    return tuple(sorted(map(str, identities))) if all(type(each) is str for each in identities) else ()
