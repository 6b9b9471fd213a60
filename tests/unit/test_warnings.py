"""Signs of the wrong database, or of models that were not imported, are told; a usual database tells nothing."""

from __future__ import annotations

from schema_guard.compare.warnings import warnings_of
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
