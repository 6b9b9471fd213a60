"""Lets SQLAlchemy compile, as plain SQL text: nothing doubled for a driver's placeholders, every literal in place."""

from __future__ import annotations

import copy
import json
import re
import string
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, String, cast, literal, make_url
from sqlalchemy.exc import SQLAlchemyError, UnsupportedCompilationError
from sqlalchemy.sql.compiler import DDLCompiler, SQLCompiler
from sqlalchemy.sql.ddl import CreateColumn, CreateIndex, CreateTable
from sqlalchemy.sql.visitors import replacement_traverse

from schema_guard.name_length import LONGEST_NAME
from schema_guard.schema import Name

if TYPE_CHECKING:
    from sqlalchemy import Column, Constraint, ForeignKeyConstraint, Index, Table
    from sqlalchemy import Sequence as ModelSequence
    from sqlalchemy.engine import Dialect as SQLAlchemyDialect
    from sqlalchemy.sql.elements import ClauseElement
    from sqlalchemy.types import TypeEngine

    from schema_guard.dialects.base import Words

__all__ = ["UnwritableError", "Writer", "folded", "is_plain", "sendable"]

_CREATE_INDEX = re.compile(r"\s*CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?", re.IGNORECASE)
_CANNOT_RENDER = re.compile(r"Compiler <.*?> can't render element of (?=type )")
_SMALL = {ord(letter): letter.lower() for letter in string.ascii_uppercase}
"""Others only in encodings of one byte (downcase_identifier)."""
_COLLATE = re.compile(r" COLLATE .*$", re.DOTALL)
_NEVER_SENT = re.compile("[\x00\ud800-\udfff]")
"""NUL ends a text in both client libraries; a lone surrogate is no character in any encoding."""


class UnwritableError(Exception):
    """SQLAlchemy, or the code that extends it, cannot write an object; the message says why in one line."""


class Writer:
    """Writes one dialect's SQL for schema objects.

    Args:
        words: the dialect's words; its SQLAlchemy dialect is copied, never changed.
    """

    def __init__(self, words: Words) -> None:
        self.words = words
        self.dialect = _plain(words.sqlalchemy)
        self.ddl = self.dialect.ddl_compiler(self.dialect, None)  # type: ignore[arg-type]
        self.ddl.get_column_specification = _once(self.ddl.get_column_specification)  # type: ignore[method-assign]
        self.types: dict[object, Any] = {}
        """What was found of types by now: type_facts.py."""
        self._taken: dict[tuple[object, ...], tuple[str, str, object]] = {}

    @property
    def keys_added_later(self) -> bool:
        """Whether foreign keys can be added to a table that exists; where they can't they stand in CREATE TABLE."""
        return self.dialect.supports_alter

    @property
    def keys_are_relations(self) -> bool:
        """Whether the name of a primary key, a UNIQUE or an EXCLUDE is one among those of tables and indexes."""
        return self.words.name == "postgresql"

    def table_name(self, table: Table) -> Name:
        return self._name(table.schema, table.name, "relation")

    def sequence_name(self, sequence: ModelSequence) -> Name:
        return self._name(sequence.schema, sequence.name, "relation")

    def type_name(self, schema: str | None, name: str) -> Name:
        return self._name(schema, name, "type")

    def _name(self, schema: str | None, name: str, kind: Any) -> Name:
        held = self.identifier(name)
        schema = self.words.schema(schema)
        return Name(folded(schema, self.words) if schema else self.words.schema_of(held, kind), held)

    def identifier(self, name: str) -> str:
        return self.words.identifier(folded(name, self.words))

    def claim(self, space: tuple[object, ...], held: str | None, full: object, what: str, owner: object = None) -> None:
        """Note a name that the server holds for this one; two objects with one name are a fault of the models.

        Args:
            space: within what the name has to be the only one.
            held: the name as the server cuts it.
            full: the name as the models have it.
            what: the object, as a sentence names it.
            owner: tells objects of the same name apart; None where they may be one object.

        Raises:
            UnwritableError: another name of the models is cut to the same, or another object has the same.
        """
        if not held or not isinstance(full, str):
            return
        there = held if self.words.name == "postgresql" else held.lower()
        other, holder, of = self._taken.setdefault((*space, there), (str(full), what, owner))
        if other != full and other.lower() != full.lower():
            raise UnwritableError(f"cut to {held}, its name is that of {holder}: shorten it")
        if owner is not None and of is not None and owner != of:
            raise UnwritableError(f"its name is that of {holder}, too: rename one of the two")

    def constraint_name(self, item: Constraint | Index) -> str | None:
        """The name as the catalog will hold it: naming convention applied, cut as SQLAlchemy cuts; None when unnamed.

        Raises:
            UnwritableError: SQLAlchemy refuses the name (the convention lacks something).
        """
        name: Any = item.name
        if name is None:
            return None
        if isinstance(name, str) and is_plain(name):
            return str(name)
        with _Refusals(self.dialect.name):
            name = self.dialect.identifier_preparer.format_constraint(item, _alembic_quote=False)
        return None if name is None else self.identifier(name)

    def element(self, element: Any) -> str:
        """The DDL of a constraint, a CREATE element or a computed clause; empty where it stands elsewhere."""
        with _Refusals(self.dialect.name):
            text = self.ddl.process(element)
        return sendable((text or "").strip())

    def expression(self, expression: ClauseElement) -> str:
        """An expression over one table, columns without their table's name, values as literals."""
        with _Refusals(self.dialect.name):
            text = self.ddl.sql_compiler.process(expression, include_table=False, literal_binds=True).strip()
        return f"{text}\n" if "--" in text.rpartition("\n")[2] else text  # a comment ends with its line

    def with_casts(self, expression: ClauseElement, driver: str = "") -> ClauseElement:
        """The expression with the casts that the application's driver gives its parameters: for psycopg's `$1::VARCHAR`
        PostgreSQL finds other functions than for a literal.

        Args:
            driver: another one.
        """
        dialect = self.of_driver(driver)

        def replaced(element: Any, **_: Any) -> Any:
            if not isinstance(element, BindParameter) or not element.type.dialect_impl(dialect).render_bind_cast:
                return None
            return cast(literal(element.value, element.type), element.type)

        with _Refusals(self.dialect.name):
            found: Any = replacement_traverse(expression, {}, replaced)
        return found  # type: ignore[no-any-return]

    def of_driver(self, driver: str) -> SQLAlchemyDialect:
        """The dialect of another driver; its own where none is named."""
        return _dialect_of(self.words.name, driver) if driver else self.dialect

    def condition(self, condition: Any) -> str:
        """A domain's CHECK, which is text or an expression."""
        return condition if isinstance(condition, str) else self.expression(condition)

    def query(self, statement: ClauseElement) -> str:
        """A SELECT or UPDATE, values as literals."""
        with _Refusals(self.dialect.name):
            return str(statement.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True})).strip()

    def type(self, column: Column[Any]) -> str:
        """The column's type without its collation."""
        text = self._type_text(column)
        return _COLLATE.sub("", text) if " COLLATE " in text else text

    def compile_alike(self, type_: TypeEngine[Any], known: TypeEngine[Any]) -> None:
        """Use what SQLAlchemy found of `known` for a type that differs in nothing."""
        memos = self.dialect._type_memos
        if known in memos:
            memos.setdefault(type_, memos[known])

    def type_alone(self, type_: TypeEngine[Any]) -> str:
        with _Refusals(self.dialect.name):
            return _COLLATE.sub("", self.dialect.type_compiler_instance.process(type_))

    def _type_text(self, column: Column[Any]) -> str:
        with _Refusals(self.dialect.name):
            return self.dialect.type_compiler_instance.process(
                column.type, type_expression=column, identifier_preparer=self.dialect.identifier_preparer
            )

    def column(self, column: Column[Any]) -> str:
        """The column's specification as in CREATE TABLE, without the checks that stand beside it there."""
        with _Refusals(self.dialect.name):
            if column.constraints:
                return sendable(self.ddl.get_column_specification(column).strip())
            return sendable(str(self.ddl.process(CreateColumn(column))).strip())

    def table(self, table: Table, keys: Sequence[ForeignKeyConstraint]) -> str:
        """CREATE TABLE with these of its foreign keys."""
        return self.element(CreateTable(table, include_foreign_key_constraints=keys))

    def default(self, column: Column[Any]) -> str | None:
        with _Refusals(self.dialect.name):
            return self.ddl.get_column_default_string(column)

    def index_definition(self, index: Index) -> str:
        """What follows the table's name in CREATE INDEX."""
        assert index.table is not None
        text = self.element(CreateIndex(index))
        head = _CREATE_INDEX.match(text)
        with _Refusals(self.dialect.name):
            names = self.dialect.identifier_preparer
            tables = (names.format_table(index.table), names.format_table(index.table, use_schema=False))
            _, _, on_table = text.partition(f"{names.format_index(index)} ON ") if head is not None else ("", "", "")
        for table in tables:  # SQLite has the schema before the index's name
            if on_table.startswith(f"{table} "):
                return on_table.removeprefix(f"{table} ")
        raise UnwritableError(f"is not written as CREATE INDEX: {text}")

    def literal(self, value: object, type_: TypeEngine[Any]) -> str | None:
        """The value as an SQL literal of that type, None when the type has no literal form for it."""
        try:
            return self.expression(literal(value, type_=type_))
        except UnwritableError:
            return None

    def json(self, value: object) -> str | None:
        """The value as a JSON literal, None when JSON cannot hold it."""
        serialise = getattr(self.dialect, "_json_serializer", None) or json.dumps
        try:
            return self.literal(serialise(value), String())
        except (TypeError, ValueError):
            return None

    def options(self, item: Any) -> Mapping[str, Any]:
        """The arguments that were given to a schema item for this dialect, by name without the prefix. SQLAlchemy adds
        the others when it compiles the item."""
        given = vars(item).get("dialect_options", {}).get(self.dialect.name)
        return {} if given is None else given._non_defaults


class _Refusals:
    """Turns whatever compiling raises into UnwritableError: the types of extensions run their own code here."""

    def __init__(self, system: str) -> None:
        self.system = system

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, UnwritableError):
            raise UnwritableError(_reason(error, self.system)) from error


def _reason(error: Exception, system: str) -> str:
    if isinstance(error, UnsupportedCompilationError):
        return _CANNOT_RENDER.sub(rf"{system} has no ", str(error.args[0]))
    if isinstance(error, SQLAlchemyError):
        return " ".join(str(error.args[0] if error.args else error).split())
    return " ".join(f"{type(error).__name__}: {error}".split())


def folded(name: str, words: Words) -> str:
    """The name as the server takes it: without quotes (`quote=False`) PostgreSQL makes its letters small."""
    unquoted = getattr(name, "quote", None) is False and words.name == "postgresql"
    return str(name).translate(_SMALL) if unquoted else str(name)


def is_plain(name: str) -> bool:
    """Whether neither SQLAlchemy nor a server cuts or changes it."""
    short = len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()
    return short and getattr(name, "quote", None) is not False


def sendable(text: str) -> str:
    """The text itself.

    Raises:
        UnwritableError: it holds a character that no database can be sent.
    """
    if (found := _NEVER_SENT.search(text)) is not None:
        raise UnwritableError(f"has U+{ord(found[0]):04X}, a character that cannot be sent to a database")
    return text


def _once(specify: Callable[..., str]) -> Callable[..., str]:
    """The same, but it compiles each column once: SQLAlchemy asks for it again when it writes the table."""
    said: dict[object, tuple[str, Column[Any]]] = {}

    def specified(column: Column[Any], **given: Any) -> str:
        key = id(column), *given.items()
        if key not in said:
            said[key] = specify(column, **given), column  # held, and so nothing else gets its id
        return said[key][0]

    return specified


def _any_length(_: str) -> None:
    """Takes every name."""


def _plain(given: SQLAlchemyDialect) -> SQLAlchemyDialect:
    """A copy of the dialect that writes SQL as a server reads it.

    Drivers with `%s` placeholders make SQLAlchemy double each percent sign: in identifiers and literals by a flag of
    the preparer, and for the modulo operator in a statement compiler of the driver's own. The copy has the flag off
    and the database system's own compiler. A name that is longer than the server's names is written, where SQLAlchemy
    would refuse it: the server cuts it, as it did when something else than SQLAlchemy made the object.
    """
    dialect = copy.copy(given)
    dialect.validate_identifier = _any_length  # type: ignore[assignment,method-assign]
    preparer = copy.copy(given.identifier_preparer)
    preparer.dialect = dialect
    preparer._double_percents = False
    preparer._strings = {}
    dialect.identifier_preparer = preparer
    dialect._type_memos = WeakKeyDictionary()  # literal processors, which remember whether they double percent signs
    compilers = [kind for kind in type.mro(given.statement_compiler) if issubclass(kind, SQLCompiler)]
    dialect.statement_compiler = next((kind for kind in compilers if kind.__module__.endswith(".base")), SQLCompiler)
    dialect.type_compiler_instance = type(given.type_compiler_instance)(dialect)
    assert issubclass(dialect.ddl_compiler, DDLCompiler)
    return dialect


@cache
def _dialect_of(system: str, driver: str) -> SQLAlchemyDialect:
    return make_url(f"{system}+{driver}://").get_dialect()()
