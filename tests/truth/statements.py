"""What an application does to its tables, one statement after the other, and whether each works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tests.truth.applications import Application

__all__ = ["failures"]

Work: TypeAlias = Callable[[Session], None]
INSERTS: dict[str, Callable[[sa.Table], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def failures(engine: sa.Engine, application: Application, *, upserts: bool) -> list[str]:
    """Every statement of the application that fails, in words: empty when the database serves it."""
    failed = []
    for name, cls in application.classes.items():
        for what, work in _Program(application, name, cls).work():
            if what == "upsert" and not upserts:
                continue
            try:
                with Session(engine) as session:
                    work(session)
                    session.commit()
            except Exception as error:
                failed.append(f"{name}: {what}: {type(error).__name__}: {str(error).splitlines()[0]}")
    return failed


@dataclass
class _Program:
    """The statements of one mapped class."""

    application: Application
    name: str
    cls: type[Any]
    made: int = 0

    @property
    def table(self) -> sa.Table:
        return self.application.metadata.tables[self.name]

    @property
    def plain(self) -> list[sa.Column[Any]]:
        return [column for column in self.table.columns if not column.primary_key]

    def values(self, columns: Iterable[sa.Column[Any]], position: int = 0) -> dict[str, Any]:
        """A value for each of the columns, and a key of its own where the program gives the key."""
        self.made += 1
        keys: dict[str, Any] = {"code": f"k{self.made}", "left": f"l{self.made}", "right": self.made}
        given = {column.key: keys[column.key] for column in self.table.primary_key if column.key in keys}
        return given | {column.key: self.sample(column, position) for column in columns}

    def sample(self, column: sa.Column[Any], position: int = 0) -> Any:
        values = self.application.kinds[self.name, column.key].values
        return values[position % len(values)]

    def work(self) -> Iterator[tuple[str, Work]]:
        required = [c for c in self.plain if not c.nullable and c.default is None and c.server_default is None]
        yield "select", self.select
        yield "insert with only the required values", partial(self.insert, required, 0)
        for position in range(3):
            yield f"insert every value ({position})", partial(self.insert, self.plain, position)
        for column in self.plain:
            if self.application.kinds[self.name, column.key].comparable:
                yield f"filter by {column.key}", partial(self.filter, column)
            if column.nullable:
                yield f"set {column.key} to NULL", partial(self.update, column, None)
            yield f"update {column.key}", partial(self.update, column, self.sample(column, 1))
        yield "upsert", self.upsert

    def select(self, session: Session) -> None:
        session.scalars(sa.select(self.cls)).all()

    def insert(self, columns: Iterable[sa.Column[Any]], position: int, session: Session) -> None:
        instance = self.cls()
        for attribute, value in self.values(columns, position).items():
            setattr(instance, attribute, value)
        session.add(instance)
        session.flush()
        session.expire_all()
        self.select(session)

    def filter(self, column: sa.Column[Any], session: Session) -> None:
        session.scalars(sa.select(self.cls).where(column == self.sample(column))).all()

    def update(self, column: sa.Column[Any], value: Any, session: Session) -> None:
        self.insert(self.plain, 0, session)
        session.execute(sa.update(self.table).values({column: value}))

    def upsert(self, session: Session) -> None:
        values = self.values(self.plain)
        if "id" in self.table.c:
            values["id"] = 900
        insert = INSERTS[session.get_bind().dialect.name](self.table).values(values)
        changes = {column.name: insert.excluded[column.name] for column in self.plain}
        for _ in range(2):
            keys = [column.name for column in self.table.primary_key]
            session.execute(insert.on_conflict_do_update(index_elements=keys, set_=changes))
