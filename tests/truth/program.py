"""The statements of an application: every one that its models make it issue, whatever the database holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, undefer

from schema_guard.sources.sqlalchemy.upserts import Upsert
from tests.truth.entities import Entity, Exactly, Pick, Rows, World, closed, target_of

__all__ = ["Statement", "statements"]

Work: TypeAlias = Callable[[Session], None]
INSERTS: dict[str, Callable[[sa.Table], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
VARIANTS = 12
"""The most values of one column that are tried: those of a list, or what stretches the type."""


@dataclass(frozen=True, eq=False)
class Statement:
    name: str
    tables: frozenset[sa.Table]
    """Those that it reads or writes, with the tables that their rows refer to."""
    work: Work
    reads: bool = False
    """A SELECT: no trigger has a part in it."""
    optional: bool = False
    """An application may do it, but need not: that it fails breaks nothing for sure."""
    undeclared: bool = False
    """The guard was not told of it: that it fails is no reason for "breaks" either."""
    listed: bool = False
    """It writes a value that a list of the models allows."""
    parts: tuple[Statement, ...] = ()
    """What it does at once; each can be tried by itself."""


def statements(world: World, upserts: Iterable[Upsert] = ()) -> Iterator[Statement]:
    """Those of all entities; the rows that they need are made by themselves."""
    declared: dict[sa.Table, list[tuple[str, ...]]] = {}
    for upsert in upserts:
        declared.setdefault(upsert.table, []).append(upsert.columns)
    for entity in world.entities:
        program = _Program(world, entity)
        yield from program.reading()
        yield from program.inserting()
        yield from program.changing()
        yield from program.upserting(declared.get(entity.table, []))


@dataclass
class _Program:
    """The statements of one entity."""

    world: World
    entity: Entity

    def statement(self, what: str, work: Work, **options: Any) -> Statement:
        tables = frozenset(_with_referred(self.entity.tables))
        return Statement(f"{self.entity.name}: {what}", tables, work, **options)

    def together(self, what: str, work: Work, parts: Iterable[Statement]) -> Iterator[Statement]:
        """One statement for all the parts, where there are several."""
        parts = tuple(parts)
        if len(parts) > 1:
            yield self.statement(what, work, parts=parts, reads=all(part.reads for part in parts))
        else:
            yield from parts

    def reading(self) -> Iterator[Statement]:
        yield self.statement("select", self.select, reads=True)
        if self.entity.mapper is not None:
            yield self.statement("load an object from each row", self.load_each, reads=True)
        columns = [c for c in self.entity.keys if _comparable(c, self.world.dialect) and self.world.values(c, 1)]
        parts = (
            self.statement(f"filter by {column.key}", partial(self.filter, [column]), reads=True) for column in columns
        )
        yield from self.together("filter by each column", partial(self.filter, columns), parts)

    def inserting(self) -> Iterator[Statement]:
        entity = self.entity
        yield self.statement("insert with only the required values", partial(self.insert, entity.only_required()))
        yield self.statement("insert", partial(self.insert, entity.everything()))
        for column in entity.columns:
            if not entity.least_works and not entity.required(column) and not entity.server_gives(column):
                wish = {**entity.only_required(), column: entity.picks.get(column, 0)}
                yield self.statement(f"insert with {column.key} and what is required", partial(self.insert, wish))
        stretched: list[Statement] = []
        listed: list[Statement] = []
        given: list[Statement] = []
        for column in entity.columns:
            group = given if entity.server_gives(column) else listed if self.is_listed(column) else stretched
            group += list(self.each_value(column))
        yield from self.together("insert what the types allow", self.insert_stretched, stretched)
        yield from listed + given
        key = [column for column in entity.primary_key if column in entity.columns]
        for column in key if len(entity.primary_key) > 1 else []:
            if not column.foreign_keys:
                yield self.statement(f"insert two that differ in {column.key} only", partial(self.insert_two, column))

    def is_listed(self, column: sa.Column[Any]) -> bool:
        return column in self.world.lists or isinstance(column.type, sa.Enum)

    def each_value(self, column: sa.Column[Any]) -> Iterator[Statement]:
        """A row with each value but the first."""
        for position in range(1, min(VARIANTS, len(self.world.values(column, 1)))):
            wish = {**self.entity.everything(), column: position}
            yield self.statement(
                f"insert {column.key} ({position})",
                partial(self.insert, wish),
                optional=self.entity.server_gives(column),
                listed=self.is_listed(column),
            )

    def changing(self) -> Iterator[Statement]:
        yield self.statement("update the rows that are there", self.update_all, optional=True)
        columns = [column for column in self.entity.columns if not column.primary_key]
        parts = (self.statement(f"update {column.key}", partial(self.update, [column])) for column in columns)
        yield from self.together("update each column", partial(self.update, columns), parts)
        columns = [column for column in columns if column.nullable]
        parts = (
            self.statement(f"set {column.key} to NULL", partial(self.update, [column], null=True)) for column in columns
        )
        yield from self.together("set each column to NULL", partial(self.update, columns, null=True), parts)
        yield self.statement("delete", self.delete)

    def upserting(self, declared: list[tuple[str, ...]]) -> Iterator[Statement]:
        for columns in declared:
            yield self.statement(f"upsert on {', '.join(columns)}", partial(self.upsert, columns))
        key = tuple(column.name for column in self.entity.table.primary_key)
        if key and key not in declared:
            yield self.statement("upsert on the key", partial(self.upsert, key), optional=True, undeclared=True)

    def rows(self, session: Session) -> Rows:
        return Rows(session, self.world)

    def select(self, session: Session) -> None:
        query = sa.select(self.entity.selectable)
        if self.entity.mapper is not None:
            session.scalars(query.options(undefer("*"))).unique().all()
        else:
            session.execute(query).all()

    def load_each(self, session: Session) -> None:
        """Rows that share a key are one object, and none is made of a row without one."""
        found = session.scalars(sa.select(self.entity.selectable)).all()
        assert None not in found, "a row without a key"
        assert len({id(each) for each in found}) == len(found), "rows that share a key"

    def filter(self, columns: list[sa.Column[Any]], session: Session) -> None:
        condition = sa.or_(*(column == self.world.values(column, 1)[0] for column in columns))
        session.execute(sa.select(self.entity.selectable).where(condition)).unique().all()

    def insert(self, wish: dict[sa.Column[Any], Pick], session: Session) -> Any:
        made = self.rows(session).make(self.entity, wish)
        if self.entity.mapper is not None:
            session.expire_all()
            session.refresh(made)
        elif self.entity.primary_key:
            session.execute(sa.select(self.entity.table).where(self._is(self.rows(session), made))).one()
        return made

    def insert_stretched(self, session: Session) -> None:
        """In each row, every column has another value that stretches its type."""
        entity = self.entity
        columns = [c for c in entity.columns if not entity.server_gives(c) and not self.is_listed(c)]
        lengths = {column: min(VARIANTS, len(self.world.values(column, 1))) for column in columns}
        for position in range(1, max(lengths.values())):
            stretched = {column: position for column, length in lengths.items() if position < length}
            self.insert({**entity.everything(), **stretched}, session)

    def insert_two(self, column: sa.Column[Any], session: Session) -> None:
        rows = self.rows(session)
        first = rows.make(self.entity, self.entity.everything())
        same = {
            other: Exactly(rows.value(self.entity, first, other))
            for other in self.entity.primary_key
            if other is not column
        }
        rows.make(self.entity, {**self.entity.everything(), **same})

    def update_all(self, session: Session) -> None:
        """Each gets what it holds: a constraint that was added since is asked."""
        for table in self.entity.tables:
            changes = {c.name: c for c in self.entity.columns if c.table is table and not c.primary_key}
            if changes:
                session.execute(sa.update(table).values({table.c[c.key]: c for c in changes.values()}))

    def update(self, columns: list[sa.Column[Any]], session: Session, *, null: bool = False) -> None:
        """One row, in which one column after the other is changed."""
        rows, entity = self.rows(session), self.entity
        made = rows.make(entity, entity.everything())
        for column in columns:
            value = None if null else self.other_value(column, rows)
            if entity.mapper is not None:
                setattr(made, entity.keys[column], sa.null() if null else value)
                session.flush()
            else:
                session.execute(sa.update(entity.table).where(self._is(rows, made)).values({column.key: value}))
                made = {**made, column: value}

    def other_value(self, column: sa.Column[Any], rows: Rows) -> Any:
        entity = self.entity
        pick = entity.picks.get(column, 0)
        if column.foreign_keys:
            return rows.value(entity, rows.make(entity, {**entity.everything(), column: pick}), column)
        assert isinstance(pick, int)
        rows.number += 1
        return rows.sample(column, pick, rows.number)

    def delete(self, session: Session) -> None:
        rows, entity = self.rows(session), self.entity
        made = rows.make(entity, entity.everything())
        if entity.mapper is not None:
            session.delete(made)
            session.flush()
        else:
            session.execute(sa.delete(entity.table).where(self._is(rows, made)))

    def upsert(self, columns: tuple[str, ...], session: Session) -> None:
        rows, entity = self.rows(session), self.entity
        table = entity.table
        made = rows.make(entity, entity.everything())
        given = [c for c in table.columns if c in entity.keys and not closed(c)]
        values = {c: rows.value(entity, made, c) for c in given if entity.mapper is not None or c in made}
        insert = INSERTS[session.get_bind().dialect.name](table).values(
            {c.name: value for c, value in values.items() if value is not None}
        )
        key = [c for c in table.primary_key if entity.mapper is not None or c in made]
        same = [column == rows.value(entity, made, column) for column in key]
        if same:  # or another unique column would refuse the row before the key is asked
            session.execute(sa.delete(table).where(*same))
        changes = {c.name: insert.excluded[c.name] for c in given if c.name not in columns and not c.primary_key}
        session.execute(
            insert.on_conflict_do_update(index_elements=list(columns), set_=changes)
            if changes
            else insert.on_conflict_do_nothing(index_elements=list(columns))
        )

    def _is(self, rows: Rows, made: Any) -> sa.ColumnElement[bool]:
        compared = (c for c in self.entity.columns if c in made and _comparable(c, self.world.dialect))
        key = self.entity.primary_key or tuple(compared)
        return sa.and_(*(column == rows.value(self.entity, made, column) for column in key))


def _comparable(column: sa.Column[Any], dialect: sa.Dialect) -> bool:
    """Has an equality operator: on PostgreSQL JSONB has one, JSON has none."""
    type_ = column.type
    inner = type_.impl_instance if isinstance(type_, sa.TypeDecorator) else type_
    inner = inner.item_type if isinstance(inner, sa.ARRAY) else inner
    stored = inner.dialect_impl(dialect)
    return dialect.name != "postgresql" or not isinstance(stored, sa.JSON) or isinstance(stored, postgresql.JSONB)


def _with_referred(tables: Iterable[sa.Table]) -> set[sa.Table]:
    """The tables and all that their rows refer to, however far."""
    found: set[sa.Table] = set()
    pending = list(tables)
    while pending:
        table = pending.pop()
        if table in found:
            continue
        found.add(table)
        for key in table.foreign_key_constraints:
            target = target_of(key)
            if target is not None:
                pending.append(target)
    return found
