"""What every source of expectations has to provide, and what stands in front of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from sqlalchemy import Table

    from schema_guard.declared import Places
    from schema_guard.dialects.base import Dialect
    from schema_guard.names import Name
    from schema_guard.schema import Schema
    from schema_guard.sources.sqlalchemy.models import Models
    from schema_guard.sources.sqlalchemy.parts import Parts
    from schema_guard.sources.sqlalchemy.state import State

__all__ = ["Changing", "Digested", "Live", "Source", "Through"]


class Source(Protocol):
    """Tells what an application expects of a database."""

    @property
    def tables(self) -> tuple[Name, ...]:
        """The tables as the application declares them; `schema` is None where it declares none."""
        ...

    @property
    def models(self) -> Models:
        """The models themselves. Raises ConfigurationError: this source has none."""
        ...

    def names(self, dialect: Dialect) -> tuple[list[str], list[str]]:
        """The names of relations that are left to the connection's search_path, and of types that are not; sorted."""
        ...

    def places(self) -> Places:
        """What tells where a table, or a column of it, is declared."""
        ...

    def expect(self, dialect: Dialect) -> Schema:
        """All that is expected, in one database's words: `dialect` knows where unqualified names are found."""
        ...


class Digested(Source, Protocol):
    """A source by which a database is known that has exactly what is expected."""

    @property
    def text_known(self) -> Mapping[str, Any] | None:
        """What tells a whole database of SQLite (schema_guard.by_text); None where nothing was tried."""
        ...

    def digests(self, dialect: Dialect, *, comments: bool) -> Mapping[str, Any] | None:
        """Those of the tables; None where they tell nothing. `comments`: whether they are compared."""
        ...

    def rest(self, dialect: Dialect, known: Collection[str]) -> Schema:
        """What is expected, with placeholders for schemas, without the tables that are known, by the names that the
        digests have."""
        ...


@runtime_checkable
class Changing(Protocol):
    """Models: they can say something else later in the same process, and can be asked for a part of it."""

    def state(self) -> State:
        """What it is made of now."""
        ...

    def parts(self, dialect: Dialect) -> Parts | None:
        """What decides whether a database is exactly as expected. None where more does, or something cannot be written.
        `dialect` has placeholders for schemas."""
        ...

    def expect_of(self, tables: Collection[Table], dialect: Dialect) -> Schema:
        """What is expected of these tables alone, with the types and sequences of all."""
        ...


class Live(Source, Changing, Protocol):
    """Models that are asked."""


S = TypeVar("S", bound=Source)


class Through(Generic[S]):
    """A source that says what another one says; who inherits from it says some of that in another way."""

    def __init__(self, source: S) -> None:
        self._source = source

    @property
    def tables(self) -> tuple[Name, ...]:
        return self._source.tables

    @property
    def models(self) -> Models:
        return self._source.models

    def names(self, dialect: Dialect) -> tuple[list[str], list[str]]:
        return self._source.names(dialect)

    def places(self) -> Places:
        return self._source.places()

    def expect(self, dialect: Dialect) -> Schema:
        return self._source.expect(dialect)
