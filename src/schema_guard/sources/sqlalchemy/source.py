"""Expectations from SQLAlchemy models, declared backfills and upserts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schema_guard.schema import Name, Schema
from schema_guard.sources.sqlalchemy.backfills import Backfill
from schema_guard.sources.sqlalchemy.declared import CodePlaces
from schema_guard.sources.sqlalchemy.models import Models, expect, models_of, names_to_locate
from schema_guard.sources.sqlalchemy.parts import Parts, parts_of
from schema_guard.sources.sqlalchemy.state import State, state_of
from schema_guard.sources.sqlalchemy.upserts import Upsert, upsert_of

if TYPE_CHECKING:
    from sqlalchemy import Table

    from schema_guard.dialects.base import Dialect

__all__ = ["ModelsSource", "source_of"]


@dataclass(frozen=True, slots=True)
class ModelsSource:
    """Read anew whenever it is asked: definitions that come later count too."""

    models: Models
    backfills: tuple[Backfill, ...] = ()
    upserts: tuple[Upsert, ...] = ()

    @property
    def tables(self) -> tuple[Name, ...]:
        named = tuple(
            Name(str(table.schema) if table.schema else None, str(table.name)) for table in self.models.tables
        )
        return (*named, *(Name(None, name) for name in self.models.unnameable))

    def state(self) -> State:
        """What tells when the models say something else."""
        return state_of(self.models)

    def names(self, dialect: Dialect) -> tuple[list[str], list[str]]:
        return names_to_locate(self.models, dialect)

    def places(self) -> CodePlaces:
        return CodePlaces(self.models.tables)

    def expect(self, dialect: Dialect) -> Schema:
        return expect(self.models, self.backfills, dialect, self.upserts)

    def expect_of(self, tables: Collection[Table], dialect: Dialect) -> Schema:
        return expect(self.models, self.backfills, dialect, self.upserts, tables)

    def parts(self, dialect: Dialect) -> Parts | None:
        return None if self.backfills else parts_of(self.models, dialect, self.upserts)


def source_of(models: Any, backfills: Sequence[Backfill], upserts: Sequence[Any]) -> ModelsSource:
    """Of what `Guard` is given. Raises as that does."""
    return ModelsSource(models_of(models), tuple(backfills), tuple(upsert_of(upsert) for upsert in upserts))
