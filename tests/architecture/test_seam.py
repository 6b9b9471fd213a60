"""Which files would have to know a third database system: those of its rooms, and these."""

from __future__ import annotations

import ast

from tests.architecture.imports import SOURCE

SYSTEMS = ("postgresql", "sqlite")
ROOMS = ("dialects/", "chain/systems/")
"""Each system has files of its own here, found by one registry."""
OTHERS = {
    "address.py": "which databases are files",
    "by_definitions.py": "columns that are tried in a database in memory",
    "by_text.py": "the CREATE statements of a database that is exactly as expected",
    "chain/faults/environment.py": "the faults of each system's environment",
    "chain/reading/safe_calls.py": "modules of SQLAlchemy that a revision imports",
    "chain/reading/written_types.py": "SQLAlchemy's module of a dialect, and the types of its server",
    "chain/sandbox/failure.py": "an error without the values of rows",
    "cli/at_once.py": "what is remembered in the database itself",
    "cli/demo.py": "the second room of the tour",
    "cli/exact.py": "tables that are exactly as expected",
    "cli/exact_models.py": "the same with models",
    "cli/recalled.py": "what is remembered in the database itself",
    "database_url.py": "the drivers of a URL",
    "guard.py": "the usual schema",
    "history/table.py": "the table of the history, and how it is written",
    "integrations/alembic.py": "the conditions of partial indexes",
    "integrations/explaining.py": "an error of the application",
    "integrations/failed.py": "an error of the application",
    "many/member.py": "which file a URL of SQLite leads to",
    "many/new_schema.py": "a tenant's schema that has to be made",
    "many/tenants.py": "many schemas in one query",
    "pytest.py": "template databases",
    "render/script.py": "scripts for psql and sqlite3",
    "render/sql.py": "scripts for psql",
    "revision/run/offline.py": "a revision as SQL",
    "revision/run/online.py": "a revision within Alembic's transaction",
    "revision/run/spelling.py": "texts that differ between the systems",
    "revision/write/file.py": "what only an extension has",
    "revision/write/objects.py": "exclusion constraints, operator classes",
    "revision/write/text.py": "enum types, texts that differ",
    "revision/write/types.py": "types of SQLAlchemy's dialects",
    "sources/frozen/document.py": "a part of the file for each system",
    "sources/frozen/source.py": "the names of tables",
    "sources/placeholders.py": "the words of a system without a server",
    "sources/sqlalchemy/filling.py": "parts of a table by its rows' addresses",
    "sources/sqlalchemy/indexes.py": "a condition that is always true",
    "sources/sqlalchemy/writer.py": "names that the server changes",
    "tried_on_sqlite.py": "the CREATE statements of a frozen file, run on an empty file",
}
"""What else decides by the system, and for what."""


def deciding() -> set[str]:
    """The files outside of the rooms with a system's name as a value, or an import from its room."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        name = str(path.relative_to(SOURCE))
        if not name.startswith(ROOMS) and any(map(_decides, ast.walk(ast.parse(path.read_bytes())))):
            found.add(name)
    return found


def _decides(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return value in SYSTEMS
        case ast.ImportFrom(module=str(module)):
            return any(part in SYSTEMS for part in module.split(".")) and module.startswith("schema_guard")
        case _:
            return False


def test_a_third_system_would_touch_no_other_file() -> None:
    assert deciding() == set(OTHERS)
