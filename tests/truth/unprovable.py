"""Tables on which something else decides what a statement does: a trigger, a rule, a policy, a view, another server."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["unprovable"]

POSTGRESQL = """
    SELECT nspname, relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
      AND (relkind IN ('v', 'm', 'f') OR relrowsecurity
        OR EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
        OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN'))"""
SQLITE = """
    SELECT NULL, tbl_name FROM sqlite_master
    WHERE type IN ('trigger', 'view') OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')"""


def unprovable(engine: sa.Engine) -> frozenset[str]:
    """Their names, with and without their schemas."""
    query = POSTGRESQL if engine.dialect.name == "postgresql" else SQLITE
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query.replace("%", "%%") if engine.dialect.name == "postgresql" else query)
        return frozenset(name for schema, table in found for name in (f"{schema}.{table}", table))
