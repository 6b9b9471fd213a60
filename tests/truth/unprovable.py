"""Tables on which something else decides what a statement does: a trigger, a rule, a policy, a view, another server."""

from __future__ import annotations

from tests.scenarios.stage import Stage

__all__ = ["unprovable"]

QUERIES = {
    "postgresql": """
        SELECT nspname, relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
        WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
          AND (relkind IN ('v', 'm', 'f') OR relrowsecurity
            OR EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
            OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN'))""",
    "sqlite": """
        SELECT 'main', tbl_name FROM sqlite_master
        WHERE type IN ('trigger', 'view') OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')""",
}


def unprovable(stage: Stage) -> frozenset[str]:
    """Their names, with and without their schemas."""
    found = stage.query(QUERIES[stage.dialect])
    return frozenset(name for schema, table in found for name in (f"{schema}.{table}", str(table)))
