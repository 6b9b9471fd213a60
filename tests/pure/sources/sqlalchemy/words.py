"""The smallest words that `expect` can be tested with, apart from the real dialects."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import create_engine
from sqlalchemy.engine import Dialect

from schema_guard.schema import Type


class PlainWords:
    """Leaves types and schemas as SQLAlchemy writes them."""

    def __init__(self, dialect: Dialect, schemas: dict[str, str] | None = None) -> None:
        self.sqlalchemy = dialect
        self.name = dialect.name
        self.functions = "pg_catalog." if self.name == "postgresql" else ""
        self.drivers = ()
        self.schemas = schemas or {}
        if schemas:
            preparer: Any = dialect.identifier_preparer
            preparer.schema_for_object = lambda item: item.schema or self.schemas.get(item.name)

    def type(self, text: str) -> Type:
        return Type(text, text.lower())

    def identifier(self, name: str) -> str:
        return name.encode()[:63].decode(errors="ignore") if self.name == "postgresql" else name

    def schema(self, declared: str | None) -> str | None:
        return declared

    def schema_of(self, name: str, kind: Literal["relation", "type"]) -> str | None:
        return self.schemas.get(name)


def postgresql_words(schemas: dict[str, str] | None = None) -> PlainWords:
    return PlainWords(create_engine("postgresql+psycopg://").dialect, schemas)


def sqlite_words() -> PlainWords:
    return PlainWords(create_engine("sqlite://").dialect)
