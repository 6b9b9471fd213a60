"""The names that a database has taken, as revisions write them, and whether a name means what was looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import Names
from schema_guard.chain.reading.pending import There
from schema_guard.chain.sandbox.fact import Fact, Kind
from schema_guard.chain.sandbox.replay import Project
from schema_guard.schema import Schema, Table

__all__ = ["elsewhere", "moves_names", "names_of", "normal"]

_NAMED = frozenset({Kind.VIEW, Kind.SEQUENCE, Kind.TYPE, Kind.SCHEMA, Kind.EXTENSION})
"""What besides tables has a name of its own."""


def elsewhere(project: Project) -> bool:
    """Whether env.py may send unqualified names to other schemas than those that were looked at."""
    return project.several or any(word in project.env_text for word in ("search_path", "schema_translate_map"))


def moves_names(file: str) -> bool:
    """Whether the revision says itself in which schema unqualified names are."""
    try:
        return "search_path" in Path(file).read_text("utf-8", "replace")
    except OSError:
        return True


def normal(action: Action, there: There) -> Action:
    """Without the schema that unqualified names go to; `public`, where that is another one, stays apart."""

    def plain(name: str) -> str:
        if there.default_schema not in (None, "public") and name.startswith("public."):
            return f'"public".{name.removeprefix("public.")}'
        return there.key(name)

    if action.kind in ("column", "constraint", "trigger", "policy", "rule", "value"):
        return replace(action, table=plain(action.table))
    return replace(action, name=plain(action.name), to=plain(action.to), table=plain(action.table))


def names_of(schema: Schema, beside: Collection[Fact], there: There) -> Names[str]:
    """The names that are taken in the database."""
    names = Names[str](there.system)
    for action in _taken(schema, beside, there):
        names.add(action, "the database")
    return names


def _taken(schema: Schema, beside: Collection[Fact], there: There) -> Iterator[Action]:
    """What has a name in the database, as actions that made it."""
    for table in schema.tables:
        yield _made(there, "table", table.name)
        for column in table.columns:
            yield _made(there, "column", column.name, table.name)
        yield from _parts(table, there)
    types = [*(enum.name for enum in schema.enums), *(domain.name for domain in schema.domains)]
    for name in types:
        yield _made(there, "type", name)
    for enum in schema.enums:
        for label in enum.values:
            yield _made(there, "value", label, enum.name)
    for sequence in schema.sequences:
        yield _made(there, "sequence", sequence.name)
    for fact in beside:
        if fact.kind in _NAMED:
            yield _made(there, fact.kind, fact.object)


def _parts(table: Table, there: There) -> Iterator[Action]:
    """The indexes and constraints of a table."""
    schema = f"{table.name.schema}." if table.name.schema else ""
    for index in table.indexes:
        if index.name:
            yield _made(there, "index", f"{schema}{index.name}", table.name, index.columns)
    plain = [*(check.name for check in table.checks), *(key.name for key in table.foreign_keys)]
    backed = [*(unique.name for unique in table.uniques), *(exclusion.name for exclusion in table.exclusions)]
    if table.primary_key is not None:
        backed.append(table.primary_key.name)
    for name in filter(None, plain):
        yield _made(there, "constraint", name, table.name)
    for name in filter(None, backed):
        yield _made(there, "constraint", name, table.name, index=True)


def _made(
    there: There,
    kind: str,
    name: object,
    table: object = "",
    mentions: Sequence[str] | None = None,
    *,
    index: bool = False,
) -> Action:
    columns = None if mentions is None else frozenset(mentions)
    return normal(Action(Verb.MAKE, kind, str(name), str(table), mentions=columns, relation=index), there)
