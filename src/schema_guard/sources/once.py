"""Expectations that are made once: what the models say is the same for every tenant, and when they are asked again."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from schema_guard.remembered import digest_of
from schema_guard.schema import Schema
from schema_guard.sources.by_parts import digests_by_parts
from schema_guard.sources.frozen.data import to_data
from schema_guard.sources.frozen.document import without_tables
from schema_guard.sources.frozen.drivers import as_sent
from schema_guard.sources.placeholders import bare, can_settle, freezing_words, names_to_locate, settled
from schema_guard.sources.source import Changing, Source, Through

if TYPE_CHECKING:
    from schema_guard.dialects.base import Dialect
    from schema_guard.sources.sqlalchemy.state import State

__all__ = ["Kept", "Once"]

_WORD = re.compile(r"\w+")


class Once(Through[Source]):
    """What another source expects, with placeholders for schemas, as a frozen file has it."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.backfills = getattr(source, "backfills", ())
        self.upserts = getattr(source, "upserts", ())
        self._made: dict[tuple[str, int], tuple[Schema, set[int]]] = {}
        """With the parts that `settled` noted of it: of this one alone, should two threads make it at the same time."""
        self._texts: dict[tuple[str, int], tuple[str, frozenset[str]]] = {}
        """All that is said, and its words."""
        self._told: dict[tuple[str, int], str] = {}
        self._names: dict[tuple[str, int, str | None], tuple[list[str], list[str]]] = {}
        self.text_known: Mapping[str, Any] | None = None
        """By what a check knows a database of SQLite again; whoever finds nothing in one notes it."""
        self.text_asked = False
        """Whether that was asked for: where more decides, it is not asked again."""
        self._digests: dict[tuple[str, int, bool], Mapping[str, Any] | None] = {}

    def names(self, dialect: Dialect) -> tuple[list[str], list[str]]:
        key = (dialect.name, dialect.version, dialect.schema(None))
        if key not in self._names:
            self._names[key] = names_to_locate(self._schema(dialect), dialect)
        return self._names[key]

    def mentions(self, dialect: Dialect, name: str) -> bool:
        """Whether something of what is expected is called so."""
        key = (dialect.name, dialect.version)
        if key not in self._texts:
            text = repr(self._schema(dialect))
            self._texts[key] = text, frozenset(_WORD.findall(text))
        text, words = self._texts[key]
        if _WORD.fullmatch(name) is not None:
            return name in words
        return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None

    def told(self, dialect: Dialect) -> str:
        """What tells all that is expected from all else; empty where the application's own code decides as well: of a
        label that its Enum does not list."""
        key = (dialect.name, dialect.version)
        if key not in self._told:
            schema = self._schema(dialect)
            columns = [column for table in schema.tables for column in table.columns if column.labels]
            by_code = any(column.reads is not None and to_data(column.reads) is None for column in columns)
            self._told[key] = "" if by_code else digest_of(json.dumps(to_data(schema), sort_keys=True))
        return self._told[key]

    def digests(self, dialect: Dialect, *, comments: bool) -> Mapping[str, Any] | None:
        key = (dialect.name, dialect.version, comments)
        if key not in self._digests:
            if isinstance(self._source, Changing):
                _, self._digests[key] = digests_by_parts(self._source, dialect, comments=comments)
            else:
                self._digests[key] = dialect.digests(self._schema(dialect), comments=comments)
        return self._digests[key]

    def rest(self, dialect: Dialect, known: Collection[str]) -> Schema:
        return without_tables(self._schema(dialect), known)

    def expect(self, dialect: Dialect) -> Schema:
        if not can_settle(dialect):
            return self._source.expect(dialect)
        schema, same = self._kept(dialect)
        return as_sent(settled(schema, dialect, same), dialect.driver)

    def _schema(self, dialect: Dialect) -> Schema:
        return self._kept(dialect)[0]

    def _kept(self, dialect: Dialect) -> tuple[Schema, set[int]]:
        key = (dialect.name, dialect.version)
        if key not in self._made:
            self._made[key] = bare(self._source.expect(freezing_words(*key))), set()
        return self._made[key]


class Kept:
    """What a source said when it was asked, as long as it says the same."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked = False
        self._known: tuple[State | None, Once] | None = None

    def once(self) -> Once:
        """What it says, for which it is asked once; again when the models have changed."""
        state = self._source.state() if isinstance(self._source, Changing) else None
        if self._known is None or (state is not None and not state.same(self._known[0])):
            self._known = state, Once(self._source)
        return self._known[1]

    def first(self) -> bool:
        """Whether nobody has called this before."""
        first, self._asked = not self._asked, True
        return first
