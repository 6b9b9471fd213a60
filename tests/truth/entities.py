"""What the application maps, and how a row of it is made: parents first, each value one that the models allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.exc import UnmappedColumnError
from sqlalchemy.orm.mapper import _all_registries

from tests.truth.values import allowed_by_checks, samples

__all__ = [
    "LEFT_OUT",
    "Entity",
    "Exactly",
    "ImpossibleError",
    "Pick",
    "Rows",
    "World",
    "closed",
    "in_order",
    "target_of",
    "world_of",
]


class ImpossibleError(Exception):
    """No row can be made from what the models say: a key that only itself could give, a type without known values."""


@dataclass(frozen=True)
class Exactly:
    """This very value."""

    value: Any


class _LeftOut:
    """The program sets no value."""


LEFT_OUT = _LeftOut()
Pick: TypeAlias = int | Exactly | _LeftOut
"""Which of a column's values; an index counts around."""
Wish: TypeAlias = Mapping["sa.Column[Any]", Pick]


@dataclass(eq=False)
class Entity:
    """A mapped class, or a table that no class maps."""

    name: str
    table: sa.Table
    mapper: Mapper[Any] | None
    columns: tuple[sa.Column[Any], ...]
    """What the program may set: no generated column, none that the mapper or the server alone writes."""
    keys: dict[sa.Column[Any], str]
    """How each of its columns is called in an instance, or a row."""
    picks: dict[sa.Column[Any], Pick] = field(default_factory=dict)
    """Which values make a row with all columns; 0 unless a CHECK wants others."""
    least: dict[sa.Column[Any], Pick] = field(default_factory=dict)
    """The row that others refer to."""
    least_works: bool = True
    """Whether the required values alone make a row: a CHECK may want more."""

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return tuple(t for t in self.mapper.tables if isinstance(t, sa.Table)) if self.mapper else (self.table,)

    @property
    def selectable(self) -> Any:
        return self.mapper.class_ if self.mapper is not None else self.table

    @property
    def primary_key(self) -> tuple[sa.Column[Any], ...]:
        """Of a joined class that of the first table."""
        key = self.table.primary_key if self.mapper is None else self.mapper.primary_key
        return tuple(column for column in key if isinstance(column, sa.Column))

    def required(self, column: sa.Column[Any]) -> bool:
        """Whether an INSERT without it cannot work."""
        by_server = column.server_default is not None or self.server_gives(column)
        return not column.nullable and column.default is None and not by_server

    def server_gives(self, column: sa.Column[Any]) -> bool:
        """A key that the program leaves to the server as a rule."""
        return column.identity is not None or column is column.table.autoincrement_column

    def everything(self) -> dict[sa.Column[Any], Pick]:
        """Every column given, but a key that the server gives."""
        return {column: LEFT_OUT if self.server_gives(column) else self.picks.get(column, 0) for column in self.columns}

    def only_required(self) -> dict[sa.Column[Any], Pick]:
        return {column: self.picks.get(column, 0) if self.required(column) else LEFT_OUT for column in self.columns}


@dataclass
class World:
    """All entities of some models, and the values that their columns may have."""

    dialect: Dialect
    entities: list[Entity] = field(default_factory=list)
    lists: dict[sa.Column[Any], list[Any]] = field(default_factory=dict)
    """What a CHECK of the models lists for a column."""
    hints: dict[sa.Column[Any], list[Any]] = field(default_factory=dict)
    """Other constants of CHECKs."""

    def of_table(self, table: sa.Table) -> Entity | None:
        found = [entity for entity in self.entities if entity.table is table]
        return min(found, key=lambda entity: len(entity.tables), default=None)

    def values(self, column: sa.Column[Any], number: int) -> list[Any]:
        """First those that a list allows, or the type's; then what CHECKs name."""
        listed = self.lists.get(column)
        if listed:
            return [*listed[number % len(listed) :], *listed[: number % len(listed)]]
        return samples(column.type, number, self.dialect)

    def tried(self, column: sa.Column[Any], number: int) -> list[Any]:
        """All that may be worth a try."""
        return [*self.values(column, number), *self.hints.get(column, ())]


def world_of(tables: Iterable[sa.Table], dialect: Dialect) -> World:
    """The entities of these tables, those that others refer to first."""
    world = World(dialect)
    tables = list(tables)
    order = {table: at for at, table in enumerate(in_order(tables))}
    mappers = _mappers(set(tables))
    for table in tables:
        lists, hints = allowed_by_checks(table, dialect)
        world.lists |= {table.columns[name]: values for name, values in lists.items()}
        world.hints |= {table.columns[name]: values for name, values in hints.items()}
    mapped = {mapper.local_table for mapper in mappers}
    world.entities += [_of_mapper(mapper) for mapper in mappers]
    world.entities += [_of_table(table) for table in tables if table not in mapped]
    world.entities.sort(key=lambda entity: (order.get(entity.table, 0), len(entity.tables), entity.name))
    return world


def _mappers(tables: set[sa.Table]) -> list[Mapper[Any]]:
    found = []
    for registry in list(_all_registries()):
        for mapper in list(registry.mappers):
            if isinstance(mapper.local_table, sa.Table) and mapper.local_table in tables:
                registry.configure()
                found.append(mapper)
    return found


def _of_mapper(mapper: Mapper[Any]) -> Entity:
    keys: dict[sa.Column[Any], str] = {}
    writable: list[sa.Column[Any]] = []
    taken: set[str] = set()
    for table in mapper.tables:
        for column in table.columns if isinstance(table, sa.Table) else ():
            try:
                key = mapper.get_property_by_column(column).key
            except UnmappedColumnError:
                continue
            keys[column] = key
            by_mapper = column is mapper.polymorphic_on or column is mapper.version_id_col
            if key in taken or by_mapper or closed(column):
                continue
            taken.add(key)
            writable.append(column)
    local = mapper.local_table
    assert isinstance(local, sa.Table)
    return Entity(mapper.class_.__name__, local, mapper, tuple(writable), keys)


def _of_table(table: sa.Table) -> Entity:
    columns = tuple(column for column in table.columns if not closed(column))
    return Entity(table.fullname, table, None, columns, {column: column.key for column in table.columns})


def closed(column: sa.Column[Any]) -> bool:
    """Only the server writes it."""
    return column.computed is not None or (column.identity is not None and bool(column.identity.always))


@dataclass
class Rows:
    """Makes rows within one transaction; each has a number of its own, from which its values follow."""

    session: Session
    world: World
    path: tuple[sa.Table, ...] = ()

    @property
    def number(self) -> int:
        """Of the last row that this session made."""
        return int(self.session.info.get("number", 0))

    @number.setter
    def number(self, number: int) -> None:
        self.session.info["number"] = number

    def make(self, entity: Entity, wish: Wish) -> Any:
        """Insert one row, after those that it refers to; an instance, or the values of the row by column."""
        self.number += 1
        number = self.number
        before, self.path = self.path, (*self.path, *entity.tables)
        try:
            values = self._values(entity, wish, number)
        finally:
            self.path = before
        return self._insert(entity, values)

    def value(self, entity: Entity, made: Any, column: sa.Column[Any]) -> Any:
        if entity.mapper is not None:
            return getattr(made, entity.keys[column])
        if column not in made:
            raise ImpossibleError(f"{column} is given by the server, and nothing tells it")
        return made[column]

    def _values(self, entity: Entity, wish: Wish, number: int) -> dict[sa.Column[Any], Any]:
        values = {column: pick.value for column, pick in wish.items() if isinstance(pick, Exactly)}
        for key in self._foreign_keys(entity):
            self._refer(entity, key, wish, values, number)
        for column in entity.columns:
            pick = wish.get(column, LEFT_OUT)
            if column in values or isinstance(pick, _LeftOut):
                continue
            assert isinstance(pick, int)
            values[column] = self.sample(column, pick, number)
        return values

    def sample(self, column: sa.Column[Any], pick: int, number: int) -> Any:
        choice = self.world.tried(column, number)
        if not choice:
            raise ImpossibleError(f"no value of type {column.type!r} is known")
        return choice[pick % len(choice)]

    def _foreign_keys(self, entity: Entity) -> list[sa.ForeignKeyConstraint]:
        """The wider ones last: their columns may be settled by the others. A parent's own key is the mapper's."""
        found = [
            key
            for table in entity.tables
            for key in table.foreign_key_constraints
            if not all(element.parent.primary_key for element in key.elements)
            or not any(target_of(key) is other for other in entity.tables if other is not table)
        ]
        return sorted(found, key=lambda key: len(key.elements))

    def _refer(
        self,
        entity: Entity,
        key: sa.ForeignKeyConstraint,
        wish: Wish,
        values: dict[sa.Column[Any], Any],
        number: int,
    ) -> None:
        pairs = [(element.parent, element) for element in key.elements]
        if any(isinstance(wish.get(column, LEFT_OUT), _LeftOut) and column not in values for column, _ in pairs):
            return
        if all(column in values for column, _ in pairs):
            return
        target = target_of(key)
        parent = None if target is None else self.world.of_table(target)
        if parent is None:
            return  # to a table that the models don't know
        if self.path.count(parent.table) > 1:
            if all(column.nullable for column, _ in pairs):
                values.update({column: None for column, _ in pairs})
                return
            raise ImpossibleError(f"{parent.name} refers to itself")
        wanted: dict[sa.Column[Any], Pick] = {}
        for column, element in pairs:
            pick = wish.get(column, LEFT_OUT)
            if column in values:
                wanted[element.column] = Exactly(values[column])
            elif isinstance(pick, int) and (pick > 0 or (element.column.nullable and not column.nullable)):
                wanted[element.column] = pick
        made = self.make(parent, {**parent.least, **wanted})
        for column, element in pairs:
            values[column] = self.value(parent, made, element.column)

    def _insert(self, entity: Entity, values: Mapping[sa.Column[Any], Any]) -> Any:
        if entity.mapper is not None:
            instance = entity.mapper.class_manager.new_instance()
            if entity.mapper._set_polymorphic_identity is not None:  # as the class's __init__ does
                entity.mapper._set_polymorphic_identity(sa.inspect(instance))
            for column, value in values.items():
                if column in entity.keys:
                    setattr(instance, entity.keys[column], value)
            self.session.add(instance)
            self.session.flush()
            return instance
        done = self.session.execute(sa.insert(entity.table).values({c.key: value for c, value in values.items()}))
        keys = getattr(done, "inserted_primary_key", None) or ()
        made = dict(zip(entity.table.primary_key, keys, strict=False))
        return {**made, **values}


def in_order(tables: Iterable[sa.Table]) -> list[sa.Table]:
    """Those that others refer to first."""
    return sa.schema.sort_tables(list(tables), skip_fn=lambda key: target_of(getattr(key, "constraint", key)) is None)


def target_of(key: sa.ForeignKeyConstraint) -> sa.Table | None:
    """The table that it refers to; None where the models don't know it."""
    try:
        return key.referred_table
    except sa.exc.InvalidRequestError:
        return None
