"""A domain may be made of another one, whose NOT NULL holds for its columns too."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from schema_guard import Impact
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare


@pytest.mark.newest_postgres
def test_not_null_of_a_domain_below(postgres_database: Database) -> None:
    prepare(
        postgres_database,
        "CREATE DOMAIN word AS varchar(9) NOT NULL; CREATE DOMAIN short_word AS word;"
        "CREATE TABLE t (id serial PRIMARY KEY, may_be_null short_word, holds_a_value short_word)",
    )
    models = MetaData()
    columns = (Column("may_be_null", String(9)), Column("holds_a_value", String(9), nullable=False))
    Table("t", models, Column("id", Integer, primary_key=True), *columns)
    report = apply(postgres_database, models)
    found = [finding for finding in report.findings if finding.difference.code == "nullability-differs"]
    assert [(finding.difference.object, finding.difference.impact) for finding in found] == [
        ("t.may_be_null", Impact.BREAKS)
    ]
    assert report.plan is not None
    (refusal,) = report.plan.refusals
    assert refusal.reason == "the NOT NULL is that of the domain public.word, which other columns may use"
    prepare(postgres_database, "".join(refusal.advice))
    assert apply(postgres_database, models).worst is not Impact.BREAKS
