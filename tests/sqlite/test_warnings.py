"""Signs of the wrong database, or of models that were not imported, are told; a usual database tells nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, create_engine, event
from sqlalchemy import Table as ModelTable

from schema_guard import Guard
from schema_guard.compare.warnings import not_run, warnings_of
from schema_guard.schema import Name, Schema, Table


def tables(*names: str) -> tuple[Table, ...]:
    return tuple(Table(Name("public", name)) for name in names)


def names(*given: str) -> tuple[Name, ...]:
    return tuple(Name("public", name) for name in given)


MODELS = Schema(tables=tables("users", "jobs"))


def test_a_usual_database_is_nothing_to_warn_of() -> None:
    actual = Schema(tables=tables("users"), unknown_tables=names("alembic_version", "legacy"))
    assert warnings_of(MODELS, actual) == ()


def test_an_empty_database_is_nothing_to_warn_of() -> None:
    assert warnings_of(MODELS, Schema(unknown_tables=names("alembic_version"))) == ()


def test_no_table_of_the_models_but_others() -> None:
    (warning,) = warnings_of(MODELS, Schema(unknown_tables=names("orders")))
    assert warning == (
        "no table of the models exists, the database holds 1 table that they don't know (public.orders): "
        "is it the right database and schema?"
    )


def test_models_that_know_a_part_of_the_database() -> None:
    actual = Schema(tables=MODELS.tables, unknown_tables=names(*(f"t{number}" for number in range(9))))
    (warning,) = warnings_of(MODELS, actual)
    assert warning.startswith("the models know 2 tables, the database holds 9 more (public.t0, ")
    assert warning.endswith("public.t5 and 3 more): is every module with models imported?")


def test_models_without_tables() -> None:
    assert warnings_of(Schema(), Schema()) == ("the models have no table, nothing is guarded",)


def test_listeners_of_every_table_ran_when_the_first_one_was_made() -> None:
    first, second = (replace(table, made_beside=("app.add_extension",)) for table in MODELS.tables)
    models = Schema(tables=(first, replace(second, made_beside=("app.add_extension", "app.add_trigger"))))
    assert not_run(models, [models.tables[0]]) == ()
    (warning,) = not_run(models, [models.tables[1]])
    assert "(app.add_trigger)" in warning
    (warning,) = not_run(models, models.tables)
    assert "(app.add_extension, app.add_trigger)" in warning


@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_listener_of_after_create_is_told_and_not_run(command: str, tmp_path: Path) -> None:
    models, called = MetaData(), []
    table = ModelTable("jobs", models, Column("id", Integer, primary_key=True))
    event.listen(table, "after_create", lambda *_, **__: called.append(1))
    report = getattr(Guard(models), command)(create_engine(f"sqlite:///{tmp_path}/jobs.db"))
    (warning,) = report.warnings
    assert "<lambda>" in warning
    assert called == []
