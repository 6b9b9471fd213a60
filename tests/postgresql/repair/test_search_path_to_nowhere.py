"""A search_path that leads to no schema: nothing is created elsewhere, and the statements that are told end it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from tests.postgres.database import Database

PATHS = ["nowhere", "'app, public'", 'nowhere, "else where"', "''", '"$user", pg_catalog', '"Od""d, one"', "public"]


@pytest.mark.every_postgres
@pytest.mark.parametrize("path", PATHS)
def test_the_statements_lead_somewhere(postgres_database: Database, path: str) -> None:
    """Run as they are printed by a superuser, each time that something is refused, until apply makes the table."""
    role = f"{postgres_database.name}_role"
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    guard, url = Guard(metadata), postgres_database.server.url(postgres_database.name, user=role)
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET search_path = {path}".encode())
    try:
        for _ in range(3):
            if (plan := guard.plan(url)).steps:
                break
            [refusal] = plan.refusals
            ran = postgres_database.server.psql(postgres_database.name, text="\n".join(refusal.advice))
            assert ran.returncode == 0, (refusal.reason, refusal.advice, ran.stderr)
        assert guard.apply(url).satisfied, (refusal.reason, refusal.advice)
    finally:
        with postgres_database.connect() as connection:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
