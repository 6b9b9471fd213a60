"""UUIDs that something else wrote: SQLAlchemy's Uuid loads them, and does not find them again."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry
from sqlalchemy.orm.exc import StaleDataError

from schema_guard import Guard, Impact

VALUE = uuid.UUID("6f1c2f5e-9b0d-4c3a-8a55-0d9a1b2c3d4e")


class Thing:
    name: str


MAPPER = registry()
THINGS = sa.Table(
    "things",
    MAPPER.metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("other", sa.Uuid),
    sa.Column("name", sa.String),
)
MAPPER.map_imperatively(Thing, THINGS)


def rename(engine: sa.Engine) -> None:
    with Session(engine) as session:
        session.scalars(sa.select(Thing)).one().name = "another"
        session.commit()


@pytest.mark.parametrize("stored", [str(VALUE), str(VALUE).upper(), VALUE.hex.upper()])
@pytest.mark.parametrize("declared", ["CHAR(36)", "VARCHAR(36)", "TEXT"])
def test_a_key_in_another_form_breaks_until_it_is_written_as_the_advice_says(
    sqlite_file: Path, stored: str, declared: str
) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE things (id {declared} NOT NULL PRIMARY KEY, other CHAR(32), name TEXT)"
        )
        connection.exec_driver_sql("INSERT INTO things (id) VALUES (?)", (stored,))
    guard = Guard(MAPPER.metadata)
    with pytest.raises(StaleDataError):
        rename(engine)
    report = guard.check(engine)
    (broken,) = [finding for finding in report.findings if finding.difference.impact is Impact.BREAKS]
    assert broken.difference.headline == "rows hold values in another form than CHAR(32) of the models"
    (refused,) = [refusal for refusal in guard.plan(engine).refusals if refusal.difference == broken.difference]
    with engine.begin() as connection:
        for statement in refused.advice:
            connection.exec_driver_sql(statement)
    rename(engine)
    assert not guard.check(engine).remains(Impact.BREAKS)


def test_another_column_weakens_and_the_form_of_the_models_is_none(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE things (id CHAR(36) NOT NULL PRIMARY KEY, other CHAR(36), name VARCHAR)"
        )
        connection.exec_driver_sql("INSERT INTO things (id, other) VALUES (?, ?)", (VALUE.hex, str(VALUE)))
    with engine.connect() as connection:
        assert connection.execute(sa.select(THINGS).where(THINGS.c.other == VALUE)).all() == []
    findings = [finding.difference for finding in Guard(MAPPER.metadata).check(engine).findings]
    assert [(found.object, found.impact) for found in findings] == [("things.other", Impact.WEAKENS)]
