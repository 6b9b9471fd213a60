"""An env.py that chooses the schema itself, for one tenant or for each: nothing is made in the schema of nobody."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import inspect

from tests.chain.stage import ENV, PROPOSALS, USERS, VISITOR, Stage
from tests.chain.test_shapes import LEDGER, note

ONLINE = """    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        configure(connection=connection)
"""
EACH = ENV.replace(
    ONLINE,
    """    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        for schema in ("tenant_a", "tenant_b"):
            connection.exec_driver_sql(f"SET search_path TO {schema}")
            connection.commit()
            connection.dialect.default_schema_name = schema
            configure(connection=connection, version_table_schema=schema)
""",
)
ONE = ENV.replace(
    ONLINE,
    """    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        if schema := context.get_x_argument(as_dictionary=True).get("tenant"):
            connection.exec_driver_sql(f"SET search_path TO {schema}")
            connection.commit()
            connection.dialect.default_schema_name = schema
        configure(connection=connection)
""",
)


def tenants(stage: Stage, env: str) -> Stage:
    assert env != ENV
    stage.plain(env=env)
    stage.revision("r1", None, f"{USERS}\n{LEDGER}")
    stage.revision("r2", "r1", f"{PROPOSALS}\n{VISITOR}\n{note('r2')}")
    stage.sql("CREATE SCHEMA tenant_a", "CREATE SCHEMA tenant_b")
    return stage


def notes(stage: Stage, schema: str) -> list[str]:
    return [row[0] for row in stage.sql(f"SELECT revision FROM {schema}.ledger")]


@pytest.mark.parametrize("reads", [True, False])
def test_a_schema_for_each_tenant(on_postgres: Stage, reads: bool) -> None:
    """A deploy makes nothing in `public`, and says what to do: also where env.py writes, so that it cannot be read
    before its first run."""
    makes = EACH.replace("SET search", "CREATE SCHEMA IF NOT EXISTS {schema}; SET search")
    stage = tenants(on_postgres, EACH if reads else makes)
    for _ in range(2):
        deploy = stage.deploy()
        assert deploy.code == 1, deploy.out
        assert "tenant_a, tenant_b" in deploy.out
        assert inspect(stage.engine).get_table_names() == []
    stage.run_module("alembic", ["upgrade", "head"])
    assert (notes(stage, "tenant_a"), notes(stage, "tenant_b")) == (["r2"], ["r2"])
    fix = stage.doctor().faults["version-table-elsewhere"]["fix"]["text"]
    stage.sql("DROP INDEX tenant_b.ix_proposals_visitor")
    printed = re.findall(r"then (schema-guard apply shop:Base --each-schema '?tenant_\*'?)", fix)
    stage.shell(printed[0])
    assert inspect(stage.engine).get_table_names() == []
    assert [index["name"] for index in inspect(stage.engine).get_indexes("proposals", "tenant_b")]


@pytest.mark.parametrize("at", ["base", "r1", "head"])
def test_one_tenant_by_an_argument(on_postgres: Stage, at: str) -> None:
    """The URL's search_path says it to both; then all is as with one schema."""
    stage = tenants(on_postgres, ONE)
    if at != "base":
        stage.run_module("alembic", ["-x", "tenant=tenant_a", "upgrade", at])
    deploy = stage.deploy("-x", "tenant=tenant_a")
    assert (deploy.code, inspect(stage.engine).get_table_names()) == (1, []), deploy.out
    option = re.findall(r"\?(options=\S+?)\)", deploy.out)[0]
    told = stage.deploy("-x", "tenant=tenant_a", "--url", f"{stage.url}?{option}")
    assert told.code == 0, told.out
    assert (inspect(stage.engine).get_table_names(), notes(stage, "tenant_a")) == ([], ["r2"])
    assert stage.sql("SELECT version_num FROM tenant_a.alembic_version") == [("r2",)]
