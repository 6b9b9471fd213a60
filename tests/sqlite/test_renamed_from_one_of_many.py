"""A table that is missing beside many that look like it, such as one for each month: a sentence names the first few."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.compare.likeness import likeness


def table(name: str, metadata: sa.MetaData, *columns: str) -> sa.Table:
    return sa.Table(
        name, metadata, sa.Column("id", sa.Integer, primary_key=True), *(sa.Column(each, sa.Text) for each in columns)
    )


def test_each_has_its_statement_and_a_sentence_names_three(tmp_path: Path) -> None:
    models, live = sa.MetaData(), sa.MetaData()
    table("events", models, "visitor", "path", "agent")
    months = [f"events_{year}_{month:02d}" for year in (2020, 2021) for month in range(1, 13)]
    for month in months:
        table(month, live, "visitor", "path", "agent")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with engine.begin() as connection:
        live.create_all(connection)
        for each in live.sorted_tables:
            connection.execute(each.insert().values(visitor="a", path="/"))
    report = Guard(models).check(engine)
    (found,) = (each for each in report.findings if each.difference.code == "rename-suspected")
    named = "events_2020_01, events_2020_02, events_2020_03 or one of 21 more"
    assert found.difference.headline == f"table missing (4 columns); perhaps renamed from {named}"
    assert report.plan is not None
    (refusal,) = report.plan.refusals
    assert refusal.reason.startswith(f"if {named} was renamed, run one of these statements")
    assert list(refusal.advice) == [f"ALTER TABLE {month} RENAME TO events;" for month in months]
    with engine.begin() as connection:
        connection.exec_driver_sql(refusal.advice[4])
    assert Guard(models).check(engine).satisfied


def test_names_are_compared_only_of_tables_with_the_same_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database may hold thousands of other tables, and each of the models' may be empty: all pairs take minutes."""
    compared = []

    def counted(one: str, other: str) -> float:
        compared.append((one, other))
        return likeness(one, other)

    monkeypatch.setattr("schema_guard.compare.rename.likeness", counted)
    models, live = sa.MetaData(), sa.MetaData()
    for number in range(40):
        table(f"thing_{number}", models, f"own_{number}", "name")
        table(f"other_{number}", live, f"one_{number}", f"two_{number}", "name")
    table("persons", live, "own_7")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    models.create_all(engine)
    live.create_all(engine)
    assert Guard(models).check(engine).satisfied
    assert compared == [("persons", "thing_7")]
