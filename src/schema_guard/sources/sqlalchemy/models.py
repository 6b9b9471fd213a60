"""From whatever holds an application's models to what they expect of a database."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import CreateSequence, MetaData, Table
from sqlalchemy.schema import Sequence as ModelSequence

from schema_guard.errors import TargetError
from schema_guard.schema import Name, Problem, Schema
from schema_guard.schema import Sequence as ExpectedSequence
from schema_guard.sources.sqlalchemy.backfills import Backfill
from schema_guard.sources.sqlalchemy.columns import sequences_asked
from schema_guard.sources.sqlalchemy.filling import fill_of
from schema_guard.sources.sqlalchemy.mapped import Mapped
from schema_guard.sources.sqlalchemy.tables import is_expected, table_of
from schema_guard.sources.sqlalchemy.types import NamedTypes, is_domain, is_native_enum, qualified_type_name, spread
from schema_guard.sources.sqlalchemy.upserts import Upsert, with_upserts
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer, folded, sendable

if TYPE_CHECKING:
    from schema_guard.dialects.base import Words

__all__ = ["Models", "expect", "models_of", "names_to_locate", "one_by_name", "sequences_of"]


@dataclass(frozen=True, slots=True)
class Models:
    """Where the models are registered. Tables are read when they are needed, so later definitions count too."""

    metadatas: tuple[MetaData, ...] = ()
    alone: tuple[Table, ...] = ()
    """Tables that were named one by one, without the others of their MetaData."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table that is to be guarded, once, but for `unnameable` ones."""
        return tuple(table for table in self._registered if not _unnameable(table))

    @property
    def unnameable(self) -> dict[str, str]:
        """Tables that no statement can name, each with the reason."""
        return {table.fullname: reason for table in self._registered if (reason := _unnameable(table))}

    @property
    def _registered(self) -> tuple[Table, ...]:
        found = [table for metadata in self.metadatas for table in metadata.tables.values()]
        found += [table for table in self.alone if table.metadata not in self.metadatas]
        return tuple(dict.fromkeys(table for table in found if is_expected(table)))

    @property
    def own_sequences(self) -> tuple[ModelSequence, ...]:
        """The sequences of the MetaData themselves."""
        return tuple(item for metadata in self.metadatas for item in metadata._sequences.values())

    @property
    def sequences(self) -> tuple[ModelSequence, ...]:
        """The sequences of the MetaData themselves and those that columns ask for their values."""
        found = list(self.own_sequences)
        for column in (column for table in self.tables for column in table.columns):
            given = (column.default, column.server_default, column.onupdate)
            if given.count(None) == len(given):
                continue
            if isinstance(column.default, ModelSequence):
                found.append(column.default)
            found += sequences_asked(*given)
        return tuple(dict.fromkeys(found))


def models_of(models: Any) -> Models:
    """Find the models in a MetaData, a declarative base or registry, a Flask-SQLAlchemy `db`, a model class, or a list.

    Of a Flask-SQLAlchemy `db` with binds these are the models of the default bind: the others live in other databases,
    and `db.metadatas["name"]` names them. A single Table stands for itself alone.

    Raises:
        TargetError: when it is none of these.
    """
    if isinstance(models, Models):
        return models
    if isinstance(models, MetaData):
        return Models((models,))
    if isinstance(models, Table):
        return Models(alone=(models,))
    if isinstance(models, (list, tuple, set, frozenset)):
        if not models:
            raise TargetError("no models were given: the list is empty")
        return _merged([models_of(item) for item in models])
    metadata = _metadata_of(models)
    if metadata is not None:
        return Models((metadata,))
    raise TargetError(
        f"{_what(models)} holds no models: a MetaData, a declarative base, a registry, a Flask-SQLAlchemy db, "
        "a SQLModel class or a list of these was expected"
    )


def _unnameable(table: Table) -> str:
    try:
        sendable(table.fullname)
    except UnwritableError as refusal:
        return str(refusal)
    return ""


def _metadata_of(models: Any) -> MetaData | None:
    metadata = getattr(models, "metadata", None)
    if isinstance(metadata, MetaData):
        return metadata
    extensions = getattr(models, "extensions", None)  # a Flask application
    if isinstance(extensions, dict) and "sqlalchemy" in extensions:
        return _metadata_of(extensions["sqlalchemy"])
    table = getattr(models, "__table__", None)
    return table.metadata if isinstance(table, Table) else None


def _what(models: Any) -> str:
    if isinstance(models, type):
        return f"the class {models.__module__}.{models.__qualname__}"
    return f"an object of type {type(models).__module__}.{type(models).__qualname__}"


def _merged(parts: Sequence[Models]) -> Models:
    return Models(
        tuple(dict.fromkeys(metadata for part in parts for metadata in part.metadatas)),
        tuple(dict.fromkeys(table for part in parts for table in part.alone)),
    )


def names_to_locate(models: Models, words: Words) -> tuple[list[str], list[str]]:
    """The names that have to be looked up in the database before what the models expect can be written.

    Returns:
        Names of relations that the models leave to the connection's search_path (tables, sequences and what foreign
        keys refer to), and of types to which they give a schema (others are found in the search_path by themselves),
        each sorted and without repetition.
    """
    relations: set[str] = set()
    types: set[str] = set()
    for table in models.tables:
        if not words.schema(table.schema):
            relations.add(folded(table.name, words))
        relations.update(_unqualified_targets(table, words))
        for column in table.columns:
            types.update(_type_names(column.type, words))
    relations.update(folded(item.name, words) for item in models.sequences if not words.schema(item.schema))
    return sorted(relations), sorted(types)


def _unqualified_targets(table: Table, words: Words) -> Iterable[str]:
    for key in table.foreign_keys:
        target = key.constraint.referred_table if _is_resolved(key) else None  # type: ignore[union-attr]
        if target is not None and not words.schema(target.schema):
            yield folded(target.name, words)


def _is_resolved(key: Any) -> bool:
    try:
        return key.column is not None
    except Exception:  # not registered, or no such column: expect says so
        return False


def _type_names(type_: Any, words: Words) -> Iterable[str]:
    dialect = words.sqlalchemy
    try:
        inside = list(spread(type_, dialect))
    except Exception:  # an extension's own code; expect reports it with the column
        return
    for item in inside:
        if is_native_enum(item, dialect) or is_domain(item):
            name, schema = getattr(item, "name", None), getattr(item, "schema", None)
            if name and words.schema(schema):
                yield str(name)
        elif (custom := qualified_type_name(item, dialect)) is not None:
            yield custom


def expect(
    models: Models,
    backfills: Sequence[Backfill],
    words: Words,
    upserts: Sequence[Upsert] = (),
    of: Collection[Table] | None = None,
) -> Schema:
    """What the models, the declared backfills and upserts expect of a database.

    Never raises for what a model says: whatever SQLAlchemy cannot write becomes a `Problem`, and the rest goes on.

    Args:
        of: of which tables; None is of all. Types and sequences are always those of all.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy's hints on other servers' behaviour; a plan shows what is written
        return _expect(models, backfills, upserts, Writer(words), of)


def _expect(
    models: Models,
    backfills: Sequence[Backfill],
    upserts: Sequence[Upsert],
    writer: Writer,
    of: Collection[Table] | None,
) -> Schema:
    mapped = Mapped(models.tables)
    types = NamedTypes(writer)
    tables = []
    problems: list[Problem] = []
    for table in one_by_name(models.tables, writer, problems):
        types.collect(table)
        if of is not None and table not in of:
            continue
        expected, refused = table_of(table, writer, mapped)
        tables.append(expected)
        problems.extend(refused)
    problems.extend(types.problems.values())
    for name, reason in models.unnameable.items():
        problems.append(Problem(name, f"the table cannot be written: its name {reason}", breaks=True))
    fills = []
    for backfill in backfills:
        try:
            fills.append(fill_of(backfill, writer))
        except UnwritableError as refusal:
            problems.append(Problem(str(backfill), f"the backfill cannot be written: {refusal}"))
    sequences = sequences_of(models, writer, problems)
    names = [item.name for group in (tables, types.enums.values(), types.domains.values(), sequences) for item in group]
    return Schema(
        tables=tuple(with_upserts([types.settle(table) for table in tables], upserts, writer)),
        enums=tuple(types.enums.values()),
        domains=tuple(types.domains.values()),
        sequences=tuple(sequences),
        fills=tuple(fills),
        schemas=tuple(sorted({name.schema for name in names if name.schema is not None})),
        problems=tuple(problems),
    )


def one_by_name(tables: Iterable[Table], writer: Writer, problems: list[Problem]) -> Iterator[Table]:
    """Of the tables whose names the server cuts to one only the first; all names of tables come before those of
    indexes."""
    found = []
    for table in tables:
        name = writer.table_name(table)
        try:
            what = f"the table {table.fullname}"
            writer.claim(("relation", name.schema), name.name, str(table.name), what, ("table", name.name))
            found.append(table)
        except UnwritableError as refusal:
            problems.append(Problem(table.fullname, f"the table cannot be written: {refusal}", breaks=True))
    yield from found


def sequences_of(models: Models, writer: Writer, problems: list[Problem]) -> list[ExpectedSequence]:
    """The sequences of the models; what cannot be written is added to the problems."""
    if not writer.dialect.supports_sequences:
        return []
    found: dict[Name, ExpectedSequence] = {}
    for sequence in models.sequences:
        if writer.dialect.sequences_optional and sequence.optional:
            continue
        name = writer.sequence_name(sequence)
        try:
            what = f"the sequence {sequence.name}"
            writer.claim(("relation", name.schema), name.name, str(sequence.name), what, ("sequence", name.name))
        except UnwritableError as refusal:
            problems.append(Problem(str(sequence.name), f"a sequence: {refusal}"))
            continue
        bounded = any(item is not None for item in (sequence.data_type, sequence.maxvalue, sequence.minvalue))
        down = (sequence.increment or 1) < 0
        found.setdefault(name, ExpectedSequence(name, writer.element(CreateSequence(sequence)), bounded, down))
    return list(found.values())
