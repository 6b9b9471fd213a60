"""What every source of expectations has to provide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from schema_guard.declared import Places
    from schema_guard.dialects.base import Dialect
    from schema_guard.names import Name
    from schema_guard.schema import Schema
    from schema_guard.sources.sqlalchemy.models import Models
    from schema_guard.sources.sqlalchemy.state import State

__all__ = ["Changing", "Source"]


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


@runtime_checkable
class Changing(Protocol):
    """A source that can say something else later in the same process."""

    def state(self) -> State:
        """What it is made of now."""
        ...
