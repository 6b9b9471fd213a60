"""SQLite: words, rules and repairs. Pure; session.py is what talks to a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal

from schema_guard.dialects.base import Facts, Rules
from schema_guard.dialects.sqlite.canonical import SQLiteRules, sqlite_type
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.terms import Alike
from schema_guard.dialects.translation import SchemaMap
from schema_guard.schema import Column, Name, Schema, Type

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect as SQLAlchemyDialect

    from schema_guard.difference import Difference
    from schema_guard.plan import Policy, Refusal, Step, Survey

__all__ = ["SQLiteDialect"]


class SQLiteDialect:
    """Args:
    sqlalchemy: compiles types, DDL and queries; by default one for the sqlite3 module.
    schemas: which attached database stands for which schema of the models.
    """

    name = "sqlite"
    functions = ""
    driver = ""
    drivers = ()
    version = 0

    def __init__(self, sqlalchemy: SQLAlchemyDialect | None = None, schemas: SchemaMap | None = None) -> None:
        self._like = sqlalchemy
        self._schemas = schemas or {}
        self.rules: Rules = SQLiteRules()

    @cached_property
    def sqlalchemy(self) -> SQLAlchemyDialect:
        """Made when it is first needed: a frozen file is written already."""
        from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

        made = self._like or SQLiteDialect_pysqlite()
        if self._schemas:
            made.identifier_preparer.schema_for_object = self._schema_for_object  # type: ignore[assignment]
        return made

    def type(self, text: str) -> Type:
        """`name` is the affinity, `text` what is declared."""
        return sqlite_type(text)

    def identifier(self, name: str) -> str:
        """SQLite keeps names of any length."""
        return name

    def schema(self, declared: str | None) -> str | None:
        """The attached database that stands for the declared schema."""
        found = self._schemas.get(declared, declared)
        return None if found == "main" else found

    def _schema_for_object(self, item: object) -> str | None:
        return self.schema(getattr(item, "schema", None))

    def schema_of(self, name: str, kind: Literal["relation", "type"]) -> str | None:  # noqa: ARG002
        """Unqualified names stay unqualified."""
        return None

    def quote(self, name: Name | str) -> str:
        return quote(name)

    def uncastable(self, expected: Column, actual: Column) -> str:  # noqa: ARG002
        """Nothing: SQLite casts whatever there is."""
        return ""

    def repair(
        self,
        differences: Sequence[Difference],
        expected: Schema,
        actual: Schema,
        facts: Facts,
        survey: Survey,
        policy: Policy,
    ) -> list[Step | Refusal]:
        if not differences:
            return []
        from schema_guard.dialects.sqlite.repair import repair  # a check that finds nothing need not load it

        return repair(differences, expected, actual, facts, survey, policy)

    has_digests = True

    def digests(
        self,
        expected: Schema,
        *,
        comments: bool,  # noqa: ARG002 - SQLite has none
        columns: Alike | None = None,
    ) -> dict[str, object] | None:
        """Of models that are told by their parts; of a frozen file None: it is known as a whole, by a trial that is
        made when it is frozen."""
        if columns is None or expected.enums or expected.domains or expected.sequences or expected.fills:
            return None
        from schema_guard.dialects.sqlite.exact.definitions import definitions_of

        quote = cache(self.sqlalchemy.identifier_preparer.quote)
        tables = {str(table.name): definitions_of(table, columns, quote) for table in expected.tables}
        if len(tables) < len(expected.tables):  # two have one name
            return None
        return {"tables": tables, "samples": columns.samples, "looks": {}}
