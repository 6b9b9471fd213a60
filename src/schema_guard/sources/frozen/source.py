"""Expectations from a frozen file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from schema_guard.errors import ConfigurationError
from schema_guard.names import Name
from schema_guard.schema import Schema
from schema_guard.sources.frozen.declared import declared
from schema_guard.sources.frozen.document import Document
from schema_guard.sources.frozen.drivers import as_sent
from schema_guard.sources.placeholders import names_to_locate, settled

if TYPE_CHECKING:
    from schema_guard.declared import Places
    from schema_guard.dialects.base import Dialect
    from schema_guard.schema import Schema

__all__ = ["FrozenSource"]


@dataclass(frozen=True, slots=True)
class FrozenSource:
    """What a release expected when it was frozen; neither the application nor its models are imported."""

    document: Document
    path: str

    @property
    def tables(self) -> tuple[Name, ...]:
        return tuple(table.name for table in self.document.schema("postgresql", 0).tables)

    @property
    def models(self) -> NoReturn:
        raise ConfigurationError(f"{self.path} holds what the models expect, not the models: give module:attribute")

    def names(self, dialect: Dialect) -> tuple[list[str], list[str]]:
        return names_to_locate(self.document.schema(dialect.name, dialect.version), dialect)

    @property
    def text_known(self) -> Mapping[str, Any] | None:
        return self.document.text_known

    def digests(self, dialect: Dialect, *, comments: bool) -> Mapping[str, Any] | None:  # noqa: ARG002
        """Those of the file, which has them for its own policy."""
        return self.document.digests

    def rest(self, dialect: Dialect, known: Collection[str]) -> Schema:
        return self.document.rest(dialect.version, known)

    def places(self) -> Places:
        return partial(declared, self.path)

    def expect(self, dialect: Dialect) -> Schema:
        return as_sent(settled(self.document.schema(dialect.name, dialect.version), dialect), dialect.driver)
