"""Models by what decides whether a database is exactly as they say: enough for a check that finds nothing, and far less
work than to tell all that they expect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from schema_guard.dialects.terms import Alike
from schema_guard.names import Name
from schema_guard.schema import Schema, Table
from schema_guard.sources.placeholders import bare, freezing_words
from schema_guard.sources.source import Live, Through

if TYPE_CHECKING:
    from schema_guard.dialects.base import Dialect
    from schema_guard.sources.sqlalchemy.parts import Parts

__all__ = ["ByParts", "digests_by_parts"]

_SAMPLES = Name(None, "")


class ByParts(Through[Live]):
    """Of one check: the models are read once for the digests, and again for the tables that these do not know."""

    text_known = None

    def __init__(self, source: Live) -> None:
        super().__init__(source)
        self._parts: Parts | None = None

    def digests(self, dialect: Dialect, *, comments: bool) -> Mapping[str, Any] | None:
        self._parts, found = digests_by_parts(self._source, dialect, comments=comments)
        return found

    def rest(self, dialect: Dialect, known: Collection[str]) -> Schema:
        """See Digested; `digests` was asked before."""
        from schema_guard.sources.frozen.document import without_tables  # where all is known nothing is left to read

        assert self._parts is not None
        left = without_tables(self._parts.schema, known).tables
        tables = [self._parts.tables[table.name] for table in left]
        return bare(self._source.expect_of(tables, freezing_words(dialect.name, dialect.version)))


def digests_by_parts(
    source: Live, dialect: Dialect, *, comments: bool
) -> tuple[Parts | None, Mapping[str, Any] | None]:
    """What decides, and its digests; None where they tell nothing. `comments`: whether they are compared."""
    if not dialect.has_digests:
        return None, None
    parts = source.parts(freezing_words(dialect.name, dialect.version))
    if parts is None:
        return None, None
    columns = parts.columns
    samples = bare(replace(parts.schema, tables=(Table(_SAMPLES, columns=columns.samples),)))
    expected = replace(samples, tables=parts.schema.tables)
    told = Alike(samples.tables[0].columns, columns.tables)
    return parts, dialect.digests(expected, comments=comments, columns=told)
