"""The verdict "breaks" is true exactly when some statement of the application fails."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from schema_guard import Guard, Impact, Upsert
from tests.truth.applications import applications, build, drifts
from tests.truth.statements import failures

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # main always passes; other seeds are tried by hand
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def assert_verdict_is_true(engine: sa.Engine, dialect: str, data: st.DataObject) -> None:
    tables = data.draw(applications(dialect), label="models")
    there = data.draw(drifts(tables, dialect), label="database")
    models, database = build(tables, dialect, mapped=True), build(there, dialect, mapped=False)
    database.metadata.create_all(engine)
    upserting = data.draw(st.booleans(), label="declares an upsert on each key")
    upserts = [Upsert(*table.primary_key) for table in models.metadata.tables.values()] if upserting else []
    report = Guard(models.metadata, upserts=upserts).check(engine)
    found = [f"{f.difference.object}: {f.difference.headline} ({f.difference.impact.word})" for f in report.findings]
    failed = failures(engine, models, upserts=upserting)
    note(f"guard: {found}\ntruth: {failed}")
    assert (report.worst is Impact.BREAKS) == bool(failed)


@EXAMPLES
@given(data=st.data())
def test_on_postgresql(postgres: str, data: st.DataObject) -> None:
    engine = sa.create_engine(postgres)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    try:
        assert_verdict_is_true(engine, "postgresql", data)
    finally:
        engine.dispose()


@EXAMPLES
@given(data=st.data())
def test_on_sqlite(sqlite_file: Path, data: st.DataObject) -> None:
    sqlite_file.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    try:
        assert_verdict_is_true(engine, "sqlite", data)
    finally:
        engine.dispose()
