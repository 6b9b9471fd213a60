"""A default that is new in every row is set, whatever UNIQUE the models don't know; one that repeats is not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare


@pytest.mark.parametrize(
    ("column", "default", "is_set"),
    [
        ("token text UNIQUE", "gen_random_uuid()", True),
        ("token text UNIQUE", "now()", False),
        ("token text UNIQUE NOT NULL", "'same'", True),  # leaving it out fails now
        ("token text UNIQUE CHECK (length(token) < 9)", "gen_random_uuid()", False),
        ("token text", "'same'", True),
    ],
)
def test_the_default(postgres_database: Database, column: str, default: str, is_set: bool) -> None:
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY, {column})")
    metadata = sa.MetaData()
    token = sa.Column("token", sa.Text, server_default=sa.text(default), nullable="NOT NULL" not in column)
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), token)
    apply(postgres_database, metadata)
    with postgres_database.connect() as connection:
        found = connection.execute("SELECT count(*) FROM pg_attrdef WHERE adrelid = 't'::regclass").fetchone()
    assert found == (2 if is_set else 1,)
