"""One column of the models in a dialect's words, and how the application writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ARRAY, JSON, Computed, Integer, Sequence, SmallInteger, String, TypeDecorator
from sqlalchemy import Enum as EnumType
from sqlalchemy import Identity as ModelIdentity
from sqlalchemy.schema import ColumnDefault
from sqlalchemy.sql import ClauseElement, Select
from sqlalchemy.sql.functions import next_value
from sqlalchemy.types import NullType

from schema_guard.schema import NO_TYPE, Call, Column, Generated, Identity, Name, Type, TypeKind, Write
from schema_guard.sources.sqlalchemy.mapped import holds_text
from schema_guard.sources.sqlalchemy.reading import reader_of
from schema_guard.sources.sqlalchemy.type_facts import facts_of
from schema_guard.sources.sqlalchemy.types import is_domain, resolved
from schema_guard.sources.sqlalchemy.wrapping import wrapping_calls
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

if TYPE_CHECKING:
    from sqlalchemy import Column as ModelColumn

    from schema_guard.sources.sqlalchemy.mapped import Mapped

__all__ = ["always_failing", "column_of", "has_own_sequence", "is_ignored", "sequences_asked", "unwritten_column"]


def column_of(column: ModelColumn[Any], writer: Writer, mapped: Mapped) -> Column:
    """What the models expect of a column.

    Raises:
        UnwritableError: its type or one of its expressions cannot be written in this dialect.
    """
    dialect = writer.dialect
    facts = facts_of(column, writer)
    type_, inner = writer.words.type(facts.text), facts.inner
    identity = column.identity if dialect.supports_identity_columns else None
    gives_key = _server_gives_key(column, writer)
    serial = gives_key and identity is None and writer.keys_added_later
    default = None if serial else writer.default(column)
    nullable = _nullable(column, writer)
    return Column(
        name=writer.identifier(column.name),
        type=type_,
        nullable=nullable,
        default=default,
        generated=_generated(column.computed, writer),
        identity=None if identity is None else _identity(identity),
        autoincrement=gives_key,
        never_again=gives_key and bool(writer.options(column.table).get("autoincrement")) and not column.foreign_keys,
        collation=facts.collation,
        comment=(column.comment or None) if dialect.supports_comments else None,
        write=_write(column, nullable, writer, mapped, gives_key=gives_key),
        sequence=_sequence(column, writer),
        fetched=column.server_default is not None and default is None and column.computed is None and identity is None,
        fill=_fill(column, writer),
        calls=(
            *_calls(column, writer),
            *(wrapping_calls(column, writer) if facts.wraps else ()),
            *_computed(mapped.computed_of(column), writer),
        ),
        reads=facts.reads,
        read_by_own_code=facts.read_by_own_code,
        values=facts.values,
        labels=facts.labels,
        cast_when_several=_is_named(type_, inner) and _inserted_with_casts(column, writer, mapped),
        classes=_classes(column, inner, writer, mapped.identities_of(column)),
        identities=_identities(column, writer, mapped.lowest_identities_of(column)),
        ddl=writer.column(column),
        mapped_by=mapped.classes_of(column),
        names_the_class=mapped.names_the_class(column),
        counts_versions=mapped.counts_versions(column),
        unnamed=_is_unnamed(column, mapped),
        mutable=mapped.mutable_of(column),
        value_domain_not_null=_is_domain_not_null(inner),
        ignored=is_ignored(column),
        null_conflict=str(writer.options(column).get("on_conflict_not_null") or "").upper(),
    )


def _is_unnamed(column: ModelColumn[Any], mapped: Mapped) -> bool:
    """Whether no statement of a class names it: a default on the side of Python is written all the same."""
    given = column.primary_key or column.default is not None or column.onupdate is not None
    return mapped.leaves_out(column) and not given and not mapped.is_written_by_mapper(column)


def unwritten_column(column: ModelColumn[Any], writer: Writer, mapped: Mapped) -> Column:
    """What is known of a column whose definition cannot be written.

    Raises:
        UnwritableError: its name cannot be written either.
    """
    nullable = bool(column.nullable) and not column.primary_key
    return Column(
        name=writer.identifier(column.name),
        type=NO_TYPE,
        nullable=nullable,
        write=_write(column, nullable, writer, mapped, gives_key=column is column.table.autoincrement_column),
        mapped_by=mapped.classes_of(column),
        ignored=is_ignored(column),
        cast_when_several=_inserted_with_casts(column, writer, mapped),
    )


def _inserted_with_casts(column: ModelColumn[Any], writer: Writer, mapped: Mapped) -> bool:
    """Whether a flush of several new rows casts each value to its column's type: on PostgreSQL, where the server gives
    the keys (SQLAlchemy's compiler for "insertmanyvalues": RENDER_SELECT_COL_CASTS)."""
    if not writer.keys_added_later or not mapped.classes_of(column) or column.computed is not None:
        return False
    keys = column.table.primary_key.columns
    return any(_server_gives_key(key, writer) or has_own_sequence(key, writer) for key in keys)


def always_failing(column: ModelColumn[Any], writer: Writer) -> str:
    """What fails although the column is there, of one whose definition cannot be written; most statements write no
    type, so empty where they may work."""
    if isinstance(column.type, NullType) and column.foreign_keys:
        return "every flush of {} fails (NoReferencedTableError)"
    try:
        inner = resolved(column.type, writer.dialect)
        if isinstance(inner, ARRAY) and inner.bind_processor(writer.dialect) is None and not writer.keys_added_later:
            return "INSERT and UPDATE of {} with a list fail (the driver takes none)"
    except Exception as error:  # a type of the application's own, whose code fails in each statement too
        return f"every statement of {{}} with a value of its type fails ({type(error).__name__})"
    return ""


def is_ignored(item: Any) -> bool:
    """Whether the models say of a table or a column that it is not to be guarded."""
    return bool(item.info.get("schema_guard") == "ignore")


def _nullable(column: ModelColumn[Any], writer: Writer) -> bool:
    """Whether the column can hold NULL as it is declared, also by its domain.

    A primary key's column is NOT NULL by the standard; only SQLite lets it hold NULL unless it says so itself.
    """
    if not column.nullable or _is_domain_not_null(resolved(column.type, writer.dialect)):
        return False
    return not (column.primary_key and writer.keys_added_later)


def _is_named(type_: Type, inner: Any) -> bool:
    """Whether drivers send its values without a cast, so that one makes a difference: any but the system's own."""
    return type_.kind is not TypeKind.BASE or type_.schema is not None or isinstance(inner, EnumType)


def _is_domain_not_null(inner: Any) -> bool:
    return is_domain(inner) and bool(inner.not_null)


def _server_gives_key(column: ModelColumn[Any], writer: Writer) -> bool:
    """Whether SQLAlchemy's INSERT leaves the key to the server: SERIAL, identity or SQLite's rowid.

    On SQLite also where what the models declare is no rowid, such as BIGINT: SQLAlchemy leaves it out all the same.
    """
    if column.identity is not None and writer.dialect.supports_identity_columns:
        return True
    if column is not column.table.autoincrement_column:
        return False
    if not writer.keys_added_later:
        # SQLite: only the one column of a primary key can be the rowid; who asks for WITHOUT ROWID gives the key.
        return len(column.table.primary_key.columns) == 1 and not _without_rowid(column, writer)
    inner = resolved(column.type, writer.dialect)
    if isinstance(inner, SmallInteger) and not getattr(writer.dialect, "supports_smallserial", True):
        return False
    return column.default is None or has_optional_sequence(column)


def _identity(identity: ModelIdentity) -> Identity:
    return Identity(bool(identity.always), identity.maxvalue is not None or identity.minvalue is not None)


def _without_rowid(column: ModelColumn[Any], writer: Writer) -> bool:
    return writer.options(column.table).get("with_rowid") is False


def has_optional_sequence(column: ModelColumn[Any]) -> bool:
    return isinstance(column.default, Sequence) and bool(column.default.optional)


def has_own_sequence(column: ModelColumn[Any], writer: Writer) -> bool:
    """Whether the application asks a sequence for the value (an optional one is for systems without SERIAL)."""
    dialect = writer.dialect
    return (
        isinstance(column.default, Sequence)
        and dialect.supports_sequences
        and not (dialect.sequences_optional and bool(column.default.optional))
    )


def _sequence(column: ModelColumn[Any], writer: Writer) -> Name | None:
    """The sequence that the models name: the application asks it, or the column's server default does."""
    if has_own_sequence(column, writer):
        return writer.sequence_name(cast(Sequence, column.default))
    given = next(sequences_asked(column.default, column.server_default), None)
    return writer.sequence_name(given) if given is not None and writer.dialect.supports_sequences else None


def sequences_asked(*defaults: Any) -> Iterator[Sequence]:
    """Those whose next value is a default: `Sequence("x").next_value()`."""
    for default in defaults:
        asked = getattr(default, "arg", None)
        if isinstance(asked, next_value):
            yield asked.sequence


def _generated(computed: Computed | None, writer: Writer) -> Generated | None:
    if computed is None:
        return None
    # What "persisted=None" means depends on the server's version: ask what SQLAlchemy writes.
    stored = writer.element(computed).upper().endswith("STORED")
    return Generated(writer.expression(computed.sqltext), stored)


def _write(column: ModelColumn[Any], nullable: bool, writer: Writer, mapped: Mapped, *, gives_key: bool) -> Write:
    """What SQLAlchemy's INSERT does with a column for which the program set no value (Mapper, Core crud rules)."""
    if column.computed is not None:
        return Write.OMITTED
    if isinstance(column.default, Sequence):
        if has_own_sequence(column, writer):
            return Write.DEFAULT
    elif column.default is not None or mapped.is_written_by_mapper(column):
        return Write.DEFAULT
    if column.server_default is not None or gives_key:
        return Write.OMITTED
    if column.primary_key or not nullable:
        return Write.REQUIRED
    return Write.OMITTED if mapped.leaves_out(column) else Write.NULL


def _classes(column: ModelColumn[Any], inner: Any, writer: Writer, identities: Set[object]) -> tuple[str, ...]:
    """What a discriminator holds in rows of mapped classes; none where a type of the application's own reads it."""
    if isinstance(column.type, TypeDecorator) or not identities:
        return ()
    if isinstance(inner, EnumType):
        reads = reader_of(inner, writer.dialect)
        held = [label for label in inner.enums if (label if reads is None else reads(label)) in identities]
    elif isinstance(inner, Integer) and all(isinstance(each, int) for each in identities):
        held = [format(each, "d") for each in identities]
    elif isinstance(inner, String) and all(isinstance(each, str) for each in identities):
        held = [str.__str__(each) for each in identities]
    else:
        return ()
    return _literals(sorted(held), writer)


def _identities(column: ModelColumn[Any], writer: Writer, identities: Iterable[str]) -> tuple[str, ...]:
    """What a discriminator of text says of classes that are mapped; a type of the application's own may store it
    in another way."""
    if not isinstance(column.type, String):
        return ()
    return _literals(identities, writer)


def _literals(texts: Iterable[str], writer: Writer) -> tuple[str, ...]:
    written = (writer.literal(text, String()) for text in texts)
    return tuple(value for value in written if value is not None)


def _calls(column: ModelColumn[Any], writer: Writer) -> Iterator[Call]:
    """Of a table alone: a view takes no values. What cannot be written without its parameters is left out."""
    for statement, default in (("INSERT", column.default), ("UPDATE", column.onupdate)):
        called = getattr(default, "arg", None) if default is not None and default.is_clause_element else None
        if called is None or (isinstance(called, next_value) and writer.dialect.supports_sequences):
            continue
        with suppress(UnwritableError):
            write = writer.query if isinstance(called, Select) else writer.expression
            if "(" in (text := write(called)):
                yield _call(statement, text, called, write, writer)


def _computed(expressions: Iterable[ClauseElement], writer: Writer) -> Iterator[Call]:
    for expression in expressions:
        with suppress(UnwritableError):
            if "(" in (text := writer.expression(expression)) or holds_text(expression):
                yield _call("SELECT", text, expression, writer.expression, writer)


def _call(statement: str, text: str, called: Any, write: Callable[[Any], str], writer: Writer) -> Call:
    """As `text` has it, what `write` makes of it; and with the casts of the driver, or of each."""
    if writer.words.drivers:  # a file, for whichever it will be
        by_driver = ((driver, write(writer.with_casts(called, driver))) for driver in writer.words.drivers)
        return Call(statement, text, by_driver=tuple((driver, sent) for driver, sent in by_driver if sent != text))
    sent = write(writer.with_casts(called))
    return Call(statement, text, sent if sent != text else "")


def _fill(column: ModelColumn[Any], writer: Writer) -> str | None:
    default = column.default
    if not isinstance(default, ColumnDefault) or not default.is_scalar:
        return None
    value: object = getattr(default, "arg", None)
    if value is None:
        return None
    if isinstance(column.type, JSON):  # it has no literal form of its own in SQLAlchemy
        return writer.json(value)
    return writer.literal(value, column.type)
