"""What the mapping says beyond the table: columns that no class maps, and values that a class takes as its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.environment.test_budget import DRIVERS, engine
from tests.postgres.database import Database


def page(*columns: sa.Column[Any], **mapping: Any) -> tuple[sa.MetaData, type[Any]]:
    mapper = registry()
    cls: type[Any] = type("Page", (), {})
    table = sa.Table("pages", mapper.metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    mapper.map_imperatively(cls, table, **mapping)
    return mapper.metadata, cls


def statements_work(database: sa.Engine, cls: type[Any]) -> bool:
    try:
        with Session(database) as session:
            session.add_all([cls(), cls()])
            session.flush()
            session.expire_all()
            for found in session.scalars(sa.select(cls)):
                session.delete(found)
            session.commit()
    except (sa.exc.SQLAlchemyError, ValueError):
        return False
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    url = f"sqlite:///{tmp_path / 'app.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database").url
    made = sa.create_engine(url, poolclass=sa.NullPool)
    yield made
    made.dispose()


NOTE = sa.Column("note", sa.String(20))
LATE = sa.Column("note", sa.Integer, onupdate=1)
UNNAMED = {
    "missing": "ALTER TABLE pages DROP COLUMN note",
    "of another type": "ALTER TABLE pages DROP COLUMN note; ALTER TABLE pages ADD COLUMN note bytea",
}


@pytest.mark.parametrize("drift", UNNAMED)
def test_a_column_that_no_class_maps(database: sa.Engine, drift: str) -> None:
    """Statements of the table itself may name it; those of the class do not, and work."""
    models, cls = page(NOTE.copy(), exclude_properties=["note"])
    models.create_all(database)
    with database.begin() as connection:
        for statement in UNNAMED[drift].split("; "):
            connection.exec_driver_sql(statement)
    assert statements_work(database, cls)
    (finding,) = Guard(models).check(database).findings
    assert finding.difference.impact is Impact.WEAKENS
    if (drift, database.dialect.name) != ("of another type", "sqlite"):  # there no type breaks anything
        assert finding.difference.effect.startswith("not provable: no class maps it")
    assert Guard(models).apply(database).satisfied or drift != "missing"
    assert statements_work(database, cls)


def test_a_column_that_the_table_itself_writes(database: sa.Engine) -> None:
    """No class maps it, and each UPDATE names it for its onupdate."""
    models, _ = page(LATE.copy(), exclude_properties=["note"])
    models.create_all(database)
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE pages DROP COLUMN note")
    assert Guard(models).check(database).worst is Impact.BREAKS


def test_an_attribute_of_two_columns_maps_both(database: sa.Engine) -> None:
    mapper = registry()
    cls: type[Any] = type("Both", (), {})
    one = sa.Table("one", mapper.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))
    two = sa.Table("two", mapper.metadata, sa.Column("one_id", sa.ForeignKey("one.id"), primary_key=True))
    mapper.map_imperatively(cls, one.join(two), properties={"id": [one.c.id, two.c.one_id]})
    mapper.metadata.create_all(database)
    assert statements_work(database, cls)
    with database.begin() as connection:
        connection.exec_driver_sql("DROP TABLE two")
        connection.exec_driver_sql("CREATE TABLE two (other integer)")
    assert not statements_work(database, cls)
    report = Guard(mapper.metadata).check(database)
    assert report.worst is Impact.BREAKS
    assert "Both" in report.findings[0].difference.effect


class Lenient(MutableDict[Any, Any]):
    """Takes text, too."""

    @classmethod
    def coerce(cls, key: str, value: Any) -> Any:
        return cls() if isinstance(value, str) else super().coerce(key, value)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("mutable", [MutableDict, Lenient, None])
def test_a_mutable_takes_no_text(postgres_database: Database, driver: str, mutable: type[Any] | None) -> None:
    """JSON in a column of text comes back as text, which MutableDict refuses as the row is loaded."""
    type_ = sa.JSON() if mutable is None else mutable.as_mutable(sa.JSON())
    models, cls = page(sa.Column("data", type_, default={"a": 1}))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE pages (id serial PRIMARY KEY, data text)")
        connection.execute("INSERT INTO pages (data) VALUES ('{}')")
    with Session(sa.create_engine(postgres_database.url, poolclass=sa.NullPool)) as session:
        try:
            fails = len(session.scalars(sa.select(cls)).all()) != 1
        except ValueError:
            fails = True
    assert fails is (mutable is MutableDict)
    (finding,) = Guard(models).check(engine(postgres_database.url, driver)).findings
    assert finding.difference.impact is (Impact.BREAKS if fails else Impact.WEAKENS)
