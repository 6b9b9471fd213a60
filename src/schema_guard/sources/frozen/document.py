"""The frozen file: one sorted JSON document with a version and a hash (docs/freeze.md)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from schema_guard.acceptance import Acceptance, acceptances_of
from schema_guard.errors import ConfigurationError
from schema_guard.frozen_text import (
    DIGESTS,
    FORMAT,
    MARK,
    TEXT_KNOWN,
    Span,
    digest,
    document,
    is_whole,
    items,
    laid_out,
    members,
    with_hash,
)
from schema_guard.plan import Policy
from schema_guard.remembered import digest_of
from schema_guard.schema import Name, Schema, Table
from schema_guard.scope import Scope
from schema_guard.selector import selectors_of
from schema_guard.sources.frozen.data import from_data, to_data
from schema_guard.sources.placeholders import bare, freezing_words

if TYPE_CHECKING:
    from schema_guard.sources.source import Source

__all__ = ["FORMAT", "Document", "frozen", "in_order", "is_frozen_file", "parse", "read", "text_of"]

_Noun = TypeVar("_Noun", Schema, Table)

_IN_SYSTEM = 3
"""The level of what an object in `expected` holds."""

VARIANTS = (("postgresql", "postgresql", 170000), ("postgresql 18", "postgresql", 180000), ("sqlite", "sqlite", 0))
"""(key, system, version): PostgreSQL 18 has virtual generated columns, and is left out where it makes no difference."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a release expects, for each database system, and the guard's own settings."""

    expected: Mapping[str, Schema]
    """By the keys of VARIANTS."""
    name: str = ""
    policy: Policy = field(default_factory=Policy)
    accept: tuple[Acceptance, ...] = ()
    scope: Scope = field(default_factory=Scope)
    heads: tuple[str, ...] = ()
    """The revisions at which the release's Alembic chain ended; empty where it has none, or nobody knows."""
    digest: str = field(default="", compare=False)
    """Of the file that it was read from."""
    digests: Mapping[str, Any] | None = field(default=None, compare=False)
    """What that file says of tables of PostgreSQL that are exactly as expected."""
    text_known: Mapping[str, Any] | None = field(default=None, compare=False)
    """What it says of a database of SQLite that is (schema_guard.by_text)."""

    def schema(self, system: str, version: int) -> Schema:
        """The expectation for a database system of that version (server_version_num; 0: none is known)."""
        newer = self.expected.get(f"{system} 18") if version >= 180000 else None
        return self.expected[system] if newer is None else newer

    def rest(self, version: int, known: Collection[str]) -> Schema:
        """What is expected of PostgreSQL without the tables that are known, by the names that the digests have."""
        key = "postgresql 18" if version >= 180000 and "postgresql 18" in self.expected else "postgresql"
        if isinstance(self.expected, _Schemas):
            return self.expected.without(key, known)
        return without_tables(self.expected[key], known)


class _Schemas(Mapping[str, Schema]):
    """The expectations of a file, each made when it is first asked for.

    Args:
        spans: as the file has them.
        path: how messages call the file.
    """

    def __init__(self, spans: Mapping[str, Span], path: str) -> None:
        self._spans: dict[str, Span] = dict(spans)
        self._path = path
        self._made: dict[str, Schema] = {}

    def read(self) -> None:
        """Make all of them. Raises as asking for one does."""
        for key in self:
            self[key]

    def __getitem__(self, key: str) -> Schema:
        """Raises ConfigurationError: it is of another form."""
        if key not in self._made:
            try:
                self._made[key] = _schema(self._spans[key])
            except (ValueError, TypeError) as error:
                raise _unreadable(self._path, error) from None
            self._forget()
        return self._made[key]

    def without(self, key: str, known: Collection[str]) -> Schema:
        """One of them without some of its tables, which are not made. Raises as asking for one does."""
        if key in self._made:
            return without_tables(self._made[key], known)
        try:
            return without_tables(_schema(self._spans[key], known), known)
        except (ValueError, TypeError) as error:
            raise _unreadable(self._path, error) from None

    def _forget(self) -> None:
        """Keep only the text of those that are not made: all of a large file takes as much memory as what is made."""
        rest = {other: span for other, span in self._spans.items() if other not in self._made}
        self._spans = {other: Span(b"", 0, 0) for other in self._spans}
        self._spans.update((other, Span(span.bytes, 0, span.end - span.start)) for other, span in rest.items())

    def __iter__(self) -> Iterator[str]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)


def without_tables(schema: Schema, known: Collection[str]) -> Schema:
    """What is expected without some tables, by the names that digests have."""
    from schema_guard.dialects.postgresql.exact.shape import relation  # a check of SQLite has no use for it

    left = tuple(table for table in schema.tables if relation(table.name) not in known)
    return replace(schema, tables=left) if len(left) < len(schema.tables) else schema


def _schema(span: Span, known: Collection[str] = ()) -> Schema:
    """One system's expectation, table by table: the JSON of all of them at once takes more than what is made of it.

    Args:
        span: of the file.
        known: names of tables that need not be made.

    Raises ValueError, TypeError: it is of another form.
    """
    parts = members(span, _IN_SYSTEM)
    if parts is None or "tables" not in parts:
        return _made(Schema, span.value())
    tables = items(parts.pop("tables"), _IN_SYSTEM + 1, known)
    schema = _made(Schema, {name: part.value() for name, part in parts.items()})
    try:
        return replace(schema, tables=tuple(_made(Table, table) for table in tables))
    except (ValueError, TypeError) as error:
        raise ValueError(f"schema.tables: {error}") from None


def _made(kind: type[_Noun], data: Any) -> _Noun:
    found: _Noun = from_data(kind, data)
    return found


def _unreadable(path: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be read as format {FORMAT}: {error}")


def frozen(
    source: Source,
    name: str = "",
    policy: Policy | None = None,
    accept: Sequence[Acceptance] = (),
    heads: Sequence[str] = (),
    scope: Scope | None = None,
) -> Document:
    """What the source expects now. What SQLAlchemy cannot write for one of the systems is kept as a finding."""
    expected: dict[str, Schema] = {}
    for key, system, version in VARIANTS:
        schema = in_order(bare(source.expect(freezing_words(system, version))))
        if expected.get(system) != schema:
            expected[key] = schema
    ends = tuple(sorted(heads))
    return Document(expected, name, policy or Policy(), tuple(accept), scope or Scope(), ends)


def _accept_data(acceptance: Acceptance) -> dict[str, str]:
    """Where it was accepted is this file now, on each machine."""
    return {name: str(value) for name, value in acceptance.as_item().items()}


def text_of(document: Document) -> str:
    """The file's text, ended by a newline."""
    data: dict[str, Any] = {
        MARK: FORMAT,
        "name": document.name,
        "policy": _policy_data(document.policy),
        "accept": [_accept_data(each) for each in document.accept],
        **_scope_data(document.scope),
        "heads": list(document.heads),
        **_digests(document),
        **({TEXT_KNOWN: document.text_known} if document.text_known else {}),
        "expected": {key: to_data(schema) for key, schema in document.expected.items()},
    }
    return with_hash(f"{laid_out(data)}\n")


def _digests(document: Document) -> dict[str, Any]:
    """By which a satisfied check needs nothing of `expected`; nothing where more is asked than whether all is there."""
    if document.accept or document.scope.narrows:
        return {}
    from schema_guard.dialects.postgresql.exact.expected import digests_of  # who only reads a file has no use for it

    schema = document.expected["postgresql"]
    newer = document.expected.get("postgresql 18", schema)
    if replace(newer, tables=()) != replace(schema, tables=()):
        return {}
    unlike = {table.name for table in schema.tables if newer.table(table.name) != table}
    found = digests_of(schema, comments=document.policy.comments, unlike=unlike)
    return {} if found is None else {DIGESTS: found}


def is_frozen_file(place: str) -> bool:
    """Whether a TARGET names a frozen file: by its ending."""
    return place.endswith(".json")


def read(path: Path, *, edited: bool = False) -> Document:
    """Read a frozen file.

    Args:
        path: of the file.
        edited: take it although its hash does not fit.

    Raises:
        ConfigurationError: it is no such file, of another format, damaged, or edited by hand.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    return parse(text, str(path), edited=edited)


def parse(text: bytes, path: str, *, edited: bool = False) -> Document:
    """The document of a frozen file's content. Raises as `read` does, and calls the file `path`."""
    found = _as_written(text)
    if found is None:
        found = _laid_out_again(text, path, edited=edited)
    try:
        return replace(_document(found, path, edited=edited), digest=digest_of(sha256(text).hexdigest(), edited))
    except (ValueError, TypeError) as error:
        raise _unreadable(path, error) from None


def _as_written(text: bytes) -> dict[str, Span] | None:
    """The members of a document that is as `freeze` wrote it, by its hash: only what is needed of it is read."""
    if not is_whole(text):
        return None
    found = document(text)
    mark = found.get(MARK)
    return found if mark is not None and mark.bytes == str(FORMAT).encode() else None


def _laid_out_again(text: bytes, path: str, *, edited: bool) -> dict[str, Span]:
    """The members of a document that an editor saved in its own way, or that was edited; it is read as a whole.

    Raises ConfigurationError, as `read` does.
    """
    try:
        data = json.loads(text)  # of any UTF, with a byte order mark or not: editors write such
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not a JSON document: {error}") from None
    if not isinstance(data, dict) or MARK not in data:
        raise ConfigurationError(f"{path} is not a frozen file: write one with schema-guard freeze TARGET -o FILE")
    if data[MARK] != FORMAT:
        raise ConfigurationError(
            f"{path} has the format {data[MARK]!r}, this version of schema-guard reads {FORMAT}: "
            "write it again by the version that reads it: schema-guard freeze TARGET -o FILE"
        )
    told = data.pop("hash", None)
    again = _text(data)
    if told != digest(again) and not edited:
        raise ConfigurationError(
            f"{path} is damaged, or was edited by hand: its hash does not fit. It holds SQL that is run: write it "
            "again with schema-guard freeze TARGET -o FILE, or set SCHEMA_GUARD_ALLOW_EDITED=1 to take it as it is"
        )
    return document(again)


def _text(data: Mapping[str, Any]) -> bytes:
    """What the hash is of."""
    return f"{laid_out(data)}\n".encode("utf-8", "surrogatepass")


def _document(spans: dict[str, Span], path: str, *, edited: bool) -> Document:
    if lacking := {"name", "policy", "accept", "heads", "expected"} - spans.keys():
        raise ValueError(f"it has no {', '.join(sorted(lacking))}")
    expected = _Schemas(_systems(spans.pop("expected")), path)
    if edited:  # what freeze wrote is read when it is needed: one of its three is
        expected.read()
    lacking = {"postgresql", "sqlite"} - set(expected)
    if lacking:
        raise ValueError(f"it has nothing for {', '.join(sorted(lacking))}")
    data = {name: span.value() for name, span in spans.items()}
    return Document(
        expected,
        from_data(str, data["name"]),
        from_data(Policy, data["policy"]),
        acceptances_of(data["accept"], path),
        Scope(
            selectors_of(data.get("include", []), "frozen"),
            selectors_of(data.get("exclude", []), "frozen"),
            others=from_data(tuple[Name, ...], data.get("others", [])),
        ),
        from_data(tuple[str, ...], data["heads"]),
        digests=None if edited else data.get(DIGESTS),
        text_known=None if edited else data.get(TEXT_KNOWN),
    )


def _systems(span: Span) -> Mapping[str, Span]:
    found = members(span, _IN_SYSTEM - 1)
    if found is not None:
        return found
    parts = span.value()
    if not isinstance(parts, dict):
        raise ValueError(f"expected: {parts!r} is not an object")
    texts = {key: json.dumps(part).encode() for key, part in parts.items()}
    return {key: Span(text, 0, len(text)) for key, text in texts.items()}


def _scope_data(scope: Scope) -> dict[str, Any]:
    """Nothing where all is guarded, and the application has no other database."""
    found = {"include": scope.include, "exclude": scope.exclude}
    selectors = {name: [str(each) for each in patterns] for name, patterns in found.items() if patterns}
    others = sorted(scope.others, key=lambda name: (name.schema or "", name.name))
    return {**selectors, **({"others": [to_data(name) for name in others]} if others else {})}


def _policy_data(policy: Policy) -> dict[str, Any]:
    return {item.name: getattr(policy, item.name) for item in fields(policy)}


def in_order(schema: Schema) -> Schema:
    """SQLAlchemy keeps constraints and indexes in sets; a file that people compare keeps one order."""

    def of(table: Table) -> Table:
        return replace(
            table,
            uniques=_by_name(table.uniques),
            checks=_by_name(table.checks),
            foreign_keys=_by_name(table.foreign_keys),
            indexes=_by_name(table.indexes),
            exclusions=_by_name(table.exclusions),
            inline_foreign_keys=_by_name(table.inline_foreign_keys),
        )

    return replace(
        schema,
        tables=_by_name(tuple(of(table) for table in schema.tables)),
        enums=_by_name(schema.enums),
        domains=_by_name(schema.domains),
        sequences=_by_name(schema.sequences),
        problems=tuple(sorted(schema.problems, key=lambda problem: (problem.object, problem.message))),
    )


def _by_name(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: (str(item.name or ""), repr(item))))
