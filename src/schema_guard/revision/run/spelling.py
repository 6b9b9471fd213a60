"""SQL that reads differently on each database, as SQLAlchemy constructs: what a frozen revision writes where one text
would not do for both."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import UserDefinedType

__all__ = ["Spelled", "SpelledType", "by_database", "type_by_database"]


class Spelled(TextClause):
    """An expression with a text for each database."""

    inherit_cache = False

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__("")
        self.texts = texts


class SpelledType(UserDefinedType[Any]):
    """A column's type with a text for each database."""

    cache_ok = False

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def __repr__(self) -> str:
        return f"type_by_database({', '.join(f'{name}={text!r}' for name, text in self.texts.items())})"


def by_database(*, postgresql: str | None = None, sqlite: str | None = None) -> Spelled:
    """An SQL expression that is written differently on each database, for example a CHECK or a server default.

    Args:
        postgresql: the expression's SQL there; None where it has none.
        sqlite: the same.
    """
    return Spelled(_given(postgresql, sqlite))


def type_by_database(*, postgresql: str | None = None, sqlite: str | None = None) -> SpelledType:
    """A type by its name in DDL, where SQLAlchemy has none of that name or the application's own code would be needed.

    Args:
        postgresql: the type's SQL there; None where it has none.
        sqlite: the same.
    """
    return SpelledType(_given(postgresql, sqlite))


def _given(postgresql: str | None, sqlite: str | None) -> dict[str, str]:
    texts = {"postgresql": postgresql, "sqlite": sqlite}
    return {name: text for name, text in texts.items() if text is not None}


@compiles(Spelled)
def _expression(element: Spelled, compiler: Any, **_: Any) -> str:
    return _text(element.texts, compiler)


@compiles(SpelledType)
def _type(element: SpelledType, compiler: Any, **_: Any) -> str:
    return _text(element.texts, compiler)


def _text(texts: dict[str, str], compiler: Any) -> str:
    name = compiler.dialect.name
    if name not in texts:
        raise CompileError(f"the revision does not say how this is written on {name}")
    return texts[name]
