"""A frozen file gives what the models themselves expect, in the words of whatever database it meets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schema_guard import Guard
from schema_guard.dialects.base import Dialect
from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect
from schema_guard.dialects.postgresql.exact.shape import relation
from schema_guard.dialects.postgresql.located import Located
from schema_guard.dialects.sqlite.dialect import SQLiteDialect
from schema_guard.names import DefaultSchema
from schema_guard.schema import TypeKind
from schema_guard.sources.frozen import FrozenSource, frozen, read, text_of
from schema_guard.sources.frozen.document import in_order
from tests.scenarios.document import Document, documents


def postgresql_here(version: int = 180000) -> PostgreSQLDialect:
    """Unqualified names lie in "public", but for some that are found in another schema of the path."""
    words = PostgreSQLDialect(version=version)
    others = {"books": 'Other "one"', "mood": "types"}
    words.located = Located(
        DefaultSchema("public"),
        others,
        others,
        {("types", "mood"): TypeKind.ENUM, ("public", "citext"): TypeKind.OTHER},
    )
    return words


def tenant() -> PostgreSQLDialect:
    words = PostgreSQLDialect(version=170000, schemas={None: "tenant 1", "app": "acme"})
    words.located = Located(DefaultSchema("public"))
    return words


SYSTEMS: dict[str, dict[str, Callable[[], Dialect]]] = {
    "postgresql": {
        "names in public": postgresql_here,
        "PostgreSQL 14": lambda: postgresql_here(140000),
        "a tenant": tenant,
        "no schema to be found": lambda: PostgreSQLDialect(version=180000),
    },
    "sqlite": {"a file": SQLiteDialect, "attached": lambda: SQLiteDialect(schemas={"app": "main", "audit": "other"})},
}
CASES = [(document, system) for document in documents() for system in SYSTEMS if document.runs_on(system, (99,))]


def guard_of(models: Mapping[str, Any]) -> Guard:
    if "guard" in models:
        guard = models["guard"]
        assert isinstance(guard, Guard)
        return guard
    return Guard(models["models"], backfills=models.get("backfills", ()), policy=models.get("policy"))


def prove_the_rest(file: Path) -> None:
    """What is read without some tables is what is expected without them."""
    for version in (170000, 180000):
        whole = read(file).schema("postgresql", version)
        names = [relation(table.name) for table in whole.tables]
        for known in ({name} for name in (*names, "none")):
            left = tuple(table for table in whole.tables if relation(table.name) not in known)
            assert read(file).rest(version, known) == replace(whole, tables=left)


@pytest.mark.parametrize(("document", "system"), CASES, ids=[f"{each.name}-{system}" for each, system in CASES])
def test_of_every_scenario(document: Document, system: str, tmp_path: Path) -> None:
    models = document.models(system)  # kept: SQLAlchemy holds mapped classes by weak references
    guard = guard_of(models)
    file = tmp_path / "expected.json"
    written = text_of(frozen(guard.source, guard.name, guard.policy, guard.accept))
    file.write_text(written, encoding="utf-8")
    source = FrozenSource(read(file), str(file))
    for place, make in SYSTEMS[system].items():
        words = make()
        assert source.names(words) == guard.source.names(words), place
        assert in_order(source.expect(words)) == in_order(guard.source.expect(words)), place
    if system == "postgresql":
        prove_the_rest(file)
    again = Guard.frozen(file)
    assert (again.policy, again.name, again.accept) == (guard.policy, guard.name, guard.accept)
    same = frozen(again.source, again.name, again.policy, again.accept)
    assert text_of(same) == written, "frozen from the file itself it is the same file"
