"""A missing index is built beside one on the same columns that does not serve: the step's probe sees the difference."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, needed, plan, prepare


def models(table: str, *, unique: bool) -> sa.MetaData:
    metadata = sa.MetaData()
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    sa.Table(table, metadata, *columns, sa.Index(f"ix_{table}", "name", unique=unique))
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("beside", "unique"),
    [
        ("ALTER TABLE {t} ADD CONSTRAINT u UNIQUE (name) DEFERRABLE", True),
        ("CREATE INDEX other ON {t} (name)", True),
        ("CREATE INDEX other ON {t} (name text_pattern_ops)", False),
        ('CREATE INDEX other ON {t} (name COLLATE "POSIX")', False),
        ("CREATE INDEX other ON {t} (name) WHERE id > 1", False),
        ("CREATE INDEX other ON {t} USING hash (name)", False),
    ],
)
@pytest.mark.parametrize("table", ["orders", "Orders"])
def test_beside_one_that_does_not_serve(postgres_database: Database, beside: str, unique: bool, table: str) -> None:
    prepare(postgres_database, f'CREATE TABLE "{table}" (id serial PRIMARY KEY, name text)')
    prepare(postgres_database, beside.format(t=f'"{table}"'))
    metadata = models(table, unique=unique)
    (step,) = plan(postgres_database, metadata).steps
    assert needed(postgres_database, step)
    assert apply(postgres_database, metadata).satisfied
    assert not needed(postgres_database, step)
    assert not [finding for finding in apply(postgres_database, metadata).findings if "ix_" in finding.difference.key]


@pytest.mark.every_postgres
@pytest.mark.parametrize("served", ["name DESC", "name", "name NULLS LAST"])
def test_beside_one_that_serves(postgres_database: Database, served: str) -> None:
    """Read backwards, too: the probe says it is done already, as the comparison does."""
    prepare(postgres_database, "CREATE TABLE orders (id serial PRIMARY KEY, name text)")
    (step,) = plan(postgres_database, models("orders", unique=False)).steps
    prepare(postgres_database, f"CREATE INDEX other ON orders ({served})")
    assert not needed(postgres_database, step)
    assert not plan(postgres_database, models("orders", unique=False)).steps
