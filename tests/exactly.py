"""What the quick look at a database says: whether it holds exactly what a frozen file expects."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from schema_guard import Guard
from schema_guard.by_definitions import add_looks
from schema_guard.config import normalise
from schema_guard.dialects import open_session
from schema_guard.dialects.postgresql.direct import direct_server
from schema_guard.dialects.postgresql.exact.look import exact_by
from schema_guard.dialects.sqlite.create_index import create_index
from schema_guard.dialects.sqlite.exact import look
from schema_guard.dialects.sqlite.exact.definitions import like
from schema_guard.dialects.sqlite.exact.text import definitions
from schema_guard.frozen_text import DIGESTS, document
from schema_guard.schema import Column
from schema_guard.sources.by_parts import ByParts
from schema_guard.sources.by_parts import digests_by_parts as definitions_by_parts
from schema_guard.sources.frozen import frozen, text_of
from schema_guard.sources.placeholders import bare, freezing_words
from schema_guard.sources.sqlalchemy.source import ModelsSource
from schema_guard.tried_on_sqlite import text_known

__all__ = [
    "digests_by_parts",
    "has_digests",
    "is_exact",
    "is_exact_file",
    "tables_known",
    "tables_told",
    "text_for",
    "text_with_sqlite",
    "whole",
]


def text_for(guard: Guard) -> bytes:
    """The guard's frozen file."""
    document = frozen(guard.source, guard.name, guard.policy, guard.accept, scope=guard.scope)
    return text_of(document).encode("utf-8", "surrogatepass")


def has_digests(text: bytes) -> bool:
    """Whether the file lets a satisfied database be known without comparing."""
    digests = document(text).get(DIGESTS)
    return digests is not None and None not in digests.value()["tables"].values()


def tables_known(text: bytes, database: Any) -> frozenset[str]:
    """The tables that are known to be as the file says, as it writes their names."""
    digests = document(text).get(DIGESTS)
    session = open_session(database)
    try:
        return frozenset() if digests is None else session.as_expected(digests.value())
    finally:
        session.close()


def digests_by_parts(guard: Guard) -> Mapping[str, Any] | None:
    """The digests that the guard's models give by parts: those of all that they expect."""
    source, words = guard.source, freezing_words("postgresql", 180000)
    assert isinstance(source, ModelsSource)
    found = ByParts(source).digests(words, comments=True)
    if not source.backfills:  # with these there is more to say, and no parts are asked for
        assert found == words.digests(bare(source.expect(words)), comments=True)
    return found


def tables_told(guard: Guard, database: Any) -> frozenset[str]:
    """The tables of SQLite that are known to have the definitions that the guard's models give by parts: these are the
    ones that all that they expect has."""
    source, words = guard.source, freezing_words("sqlite", 0)
    assert isinstance(source, ModelsSource)
    parts, digests = definitions_by_parts(source, words, comments=True)
    if parts is None or digests is None:
        return frozenset()
    expected = bare(source.expect(words))
    quote = words.sqlalchemy.identifier_preparer.quote
    for table in expected.tables:
        alike = [(name, parts.columns.samples[place]) for name, place, _ in parts.columns.tables[table.name]]
        columns = [replace(each, name=name, ddl=like(quote(name), each.ddl)) for name, each in alike]
        assert [_decides(each) for each in columns] == [_decides(each) for each in table.columns]
    add_looks(digests, guard.policy)
    with closing(open_session(database)) as session:
        known = session.as_expected(digests)
    for table in (each for each in expected.tables if each.name.name in known):
        texts = digests["tables"][table.name.name].texts
        assert texts.table == definitions(table.ddl)
        assert texts.indexes == {(each.name, create_index(each, table.name)) for each in table.indexes}
    return known


def _decides(column: Column) -> Column:
    """Without what only words and repairs take from it."""
    return replace(column, mapped_by=(), fill=None)


def whole(guard: Guard) -> Guard:
    """The same, which always compares all."""
    return guard.withholding(lambda session, actual, differences: ())  # noqa: ARG005


def is_exact(text: bytes, url: str) -> bool:
    """Whether the PostgreSQL database is known to hold all that the file expects."""
    digests = document(text).get(DIGESTS)
    server = direct_server(normalise(url).address, {})
    assert server is not None
    return digests is not None and exact_by(server, digests.value()) is not None


def text_with_sqlite(guard: Guard) -> bytes:
    """The guard's frozen file, with what it says of SQLite."""
    document = frozen(guard.source, guard.name, guard.policy, guard.accept, scope=guard.scope)
    text = text_of(replace(document, text_known=text_known(guard, document)))
    return text.encode("utf-8", "surrogatepass")


def is_exact_file(guard: Guard, file: Path) -> bool:
    """Whether the SQLite file is known to hold all that the guard's frozen file expects."""
    known = text_known(guard)
    return known is not None and look.is_exact(str(file), known)
