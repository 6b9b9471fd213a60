"""What a database holds besides its tables: views, functions, triggers, sequences, policies, grants.

Each fact is one phrase, in the server's own words, so that a scratch database and the real one can be compared as text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schema_guard.chain.reading.sql_tokens import statements_of
from schema_guard.chain.version_table import literal
from schema_guard.dialects.base import Session

__all__ = ["FOLLOWS", "KINDS", "facts_beside"]

KINDS = (
    "view ",
    "function ",
    "trigger ",
    "rule ",
    "policy ",
    "sequence ",
    "type ",
    "extension ",
    "schema ",
    "relation ",
)
"""How facts begin that say that something is there; a revision that makes it again would collide with it."""
FOLLOWS = ("grant ", "row security ")
"""How facts begin that can be made again."""

_SYSTEM = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
_OWN = (
    "NOT EXISTS (SELECT FROM pg_catalog.pg_depend x "
    "WHERE x.objid = {oid} AND x.classid = '{of}'::regclass AND x.deptype = 'e')"
)
_POSTGRESQL = f"""
SELECT 'schema ' || n.nspname, '' FROM pg_catalog.pg_namespace n WHERE {_SYSTEM}
UNION ALL SELECT 'extension ' || e.extname, '' FROM pg_catalog.pg_extension e
UNION ALL SELECT 'view ' || n.nspname || '.' || c.relname, pg_catalog.pg_get_viewdef(c.oid)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm') AND {_SYSTEM} AND {_OWN.format(oid="c.oid", of="pg_class")}
UNION ALL SELECT 'relation ' || n.nspname || '.' || c.relname, (SELECT pg_catalog.string_agg(
    a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE (c.relkind = 'f' OR (c.relkind IN ('r', 'p') AND NOT n.nspname = ANY (ARRAY[%(schemas)s]::text[])))
    AND {_SYSTEM} AND c.relname <> ALL (ARRAY[%(without)s]::text[]) AND {_OWN.format(oid="c.oid", of="pg_class")}
UNION ALL SELECT 'sequence ' || n.nspname || '.' || c.relname, 'increment ' || s.seqincrement
  FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE {_SYSTEM} AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.objid = c.oid AND x.deptype IN ('a', 'i')
    AND x.refobjsubid > 0)
UNION ALL SELECT 'type ' || n.nspname || '.' || t.typname, pg_catalog.format_type(NULLIF(t.typbasetype, 0), t.typtypmod)
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
  WHERE {_SYSTEM} AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND {_OWN.format(oid="t.oid", of="pg_type")}
UNION ALL SELECT 'function ' || n.nspname || '.' || p.proname || '('
    || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
    CASE WHEN p.prokind = 'a' THEN '' ELSE pg_catalog.pg_get_functiondef(p.oid) END
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE {_SYSTEM} AND {_OWN.format(oid="p.oid", of="pg_proc")}
UNION ALL SELECT 'trigger ' || t.tgname || ' on ' || n.nspname || '.' || c.relname,
    pg_catalog.pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND {_SYSTEM}
UNION ALL SELECT 'rule ' || r.rulename || ' on ' || n.nspname || '.' || c.relname, pg_catalog.pg_get_ruledef(r.oid)
  FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND {_SYSTEM}
UNION ALL SELECT 'policy ' || p.policyname || ' on ' || p.schemaname || '.' || p.tablename,
    pg_catalog.concat_ws(' ', p.permissive, p.cmd, p.roles::text, p.qual, p.with_check)
  FROM pg_catalog.pg_policies p
UNION ALL SELECT 'row security on ' || n.nspname || '.' || c.relname || CASE WHEN c.relforcerowsecurity THEN ', forced'
    ELSE '' END, ''
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relrowsecurity AND {_SYSTEM}
UNION ALL SELECT 'grant ' || g.privilege_type || ' on ' || o.what || ' to '
    || COALESCE((SELECT rolname FROM pg_catalog.pg_roles WHERE oid = g.grantee), 'public'), ''
  FROM (SELECT n.nspname || '.' || c.relname AS what, c.relowner AS owner,
      COALESCE(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END,
        c.relowner)) AS acl
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_SYSTEM} AND c.relname <> ALL (ARRAY[%(without)s]::text[])
    UNION ALL SELECT 'schema ' || n.nspname, n.nspowner, COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
      FROM pg_catalog.pg_namespace n WHERE {_SYSTEM}
    UNION ALL SELECT 'function ' || n.nspname || '.' || p.proname, p.proowner,
      COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE {_SYSTEM} AND {_OWN.format(oid="p.oid", of="pg_proc")}
  ) o, pg_catalog.aclexplode(o.acl) g WHERE g.grantee <> o.owner
"""
_SQLITE = (
    "SELECT type || ' ' || name || CASE type WHEN 'trigger' THEN ' on ' || tbl_name ELSE '' END, sql "
    "FROM sqlite_master WHERE type IN ('view', 'trigger') OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')"
)


def facts_beside(session: Session, schemas: Sequence[str], without: Collection[str]) -> frozenset[str]:
    """Read them. Raises ReadError, LockTimeoutError.

    Args:
        session: the database.
        schemas: those whose tables are looked at otherwise (PostgreSQL).
        without: tables to leave out, such as alembic_version.
    """
    sqlite = session.dialect.name == "sqlite"
    named = {"schemas": ", ".join(map(literal, schemas)), "without": ", ".join(map(literal, without))}
    found: set[str] = set()
    for fact, definition in session.texts(_SQLITE if sqlite else _POSTGRESQL % named):
        found.add(fact)
        if definition:
            found.add(f"definition of {fact}: {_plain(definition) if sqlite else definition}")
    return frozenset(found)


def _plain(definition: str) -> str:
    """SQLite keeps a statement as it was written: without its spaces and comments."""
    return " ".join(word.upper or word.text for words in statements_of(definition) for word in words)
