"""PostgreSQL's words: names, types and DDL, and where unqualified names live. Pure; the session feeds `located`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from schema_guard.dialects.encodable import can_encode
from schema_guard.dialects.postgresql.canonical import PostgreSQLRules
from schema_guard.dialects.postgresql.encoding import codec_of
from schema_guard.dialects.postgresql.keywords import ALSO_QUOTED, RESERVED
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.located import Located
from schema_guard.dialects.postgresql.text_types import TEXTS
from schema_guard.dialects.postgresql.types import parse_type
from schema_guard.dialects.translation import SchemaMap
from schema_guard.name_length import LONGEST_NAME
from schema_guard.names import in_quotes, told
from schema_guard.schema import Column, Name, Schema, Type, TypeKind

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect as SQLAlchemyDialect

    from schema_guard.dialects.base import Facts, Rules
    from schema_guard.dialects.terms import Alike
    from schema_guard.difference import Difference
    from schema_guard.plan import Policy, Refusal, Step, Survey

__all__ = ["PostgreSQLDialect"]

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


class PostgreSQLDialect:
    """Words and comparison for one database, or for none (offline: names stay unqualified).

    Args:
        like: the application's SQLAlchemy dialect, by whose class types and DDL are compiled; or the name of a driver.
        version: server_version_num; 0 when unknown.
        encoding: the database's; empty when unknown.
        schemas: which schema stands for which one of the models.
    """

    name = "postgresql"
    functions = "pg_catalog."

    def __init__(
        self,
        like: SQLAlchemyDialect | str | None = None,
        version: int = 0,
        encoding: str = "",
        schemas: SchemaMap | None = None,
    ) -> None:
        self.version = version
        self._codec = codec_of(encoding)
        self.located = Located()
        self._schemas = schemas or {}
        self._like = like
        if isinstance(like, str):
            # as `_casts_enums` finds it, without SQLAlchemy
            self.own_rules = PostgreSQLRules(casts_enums=like == "asyncpg", as_text=like == "pg8000")
        else:
            self.own_rules = PostgreSQLRules(
                casts_enums=_casts_enums(self.sqlalchemy, native=True),
                casts_listed=_casts_enums(self.sqlalchemy, native=False),
                as_text=getattr(self.sqlalchemy, "driver", "") == "pg8000",
            )
        self.rules: Rules = self.own_rules

    @property
    def driver(self) -> str:
        return self._like if isinstance(self._like, str) else str(getattr(self._like, "driver", ""))

    @property
    def drivers(self) -> tuple[str, ...]:
        return () if self.driver else ("asyncpg", "pg8000", "psycopg")

    def type(self, text: str) -> Type:
        """The type that the text names; user types resolve as the connection's search_path would."""
        found = parse_type(text, self._find_type)
        return found if found.kind is TypeKind.BASE else replace(found, name=self.identifier(found.name))

    def identifier(self, name: str) -> str:
        """The name cut to 63 of the server's bytes without splitting a character, as it does (truncate_identifier)."""
        if len(name) <= LONGEST_NAME and name.isascii():  # a byte for each in every encoding of a server's
            return str(name)
        codec = self._codec if can_encode(name, self._codec) else "utf-8"
        return name.encode(codec)[:LONGEST_NAME].decode(codec, errors="ignore")

    def schema(self, declared: str | None) -> str | None:
        """The schema that stands for the declared one."""
        schema = self._schemas.get(declared, declared)
        return None if schema is None else told(schema, self.located.default)

    def lead(self, declared: str, schema: str) -> None:
        """From now on this schema stands for the declared one."""
        self._schemas = {**self._schemas, declared: schema}

    def schema_of(self, name: str, kind: Literal["relation", "type"]) -> str | None:
        """Where an unqualified name is found, or would be created."""
        found = self.located.types if kind == "type" else self.located.relations
        return found.get(self.identifier(name), self.located.default)

    def quote(self, name: Name | str) -> str:
        """The name quoted where needed: reserved words, capitals, anything but letters, digits and underscores."""
        if isinstance(name, str):
            return _quoted(name)
        return f"{_quoted(name.schema)}.{_quoted(name.name)}" if name.schema else _quoted(name.name)

    def uncastable(self, expected: Column, actual: Column) -> str:
        """PostgreSQL 16 tries a text without an error (manual, 9.26). Of an enum's labels more is said elsewhere."""
        is_text = actual.type.name in TEXTS and not actual.type.dimensions
        of_enum = expected.type.kind is not TypeKind.BASE
        if self.version < 160000 or not is_text or of_enum or expected.type.name in TEXTS:
            return ""
        column = self.quote(actual.name)
        return f"NOT pg_catalog.pg_input_is_valid({column}, {literal(expected.type.text)})"

    def repair(
        self,
        differences: Sequence[Difference],
        expected: Schema,
        actual: Schema,
        facts: Facts,
        survey: Survey,
        policy: Policy,
    ) -> list[Step | Refusal]:
        """What to do about each difference."""
        from schema_guard.dialects.postgresql.repair import repair  # a check that finds nothing need not load it

        return repair(differences, expected, actual, facts, survey, policy, self)

    has_digests = True

    def digests(self, expected: Schema, *, comments: bool, columns: Alike | None = None) -> Mapping[str, Any] | None:
        """Of what is expected."""
        from schema_guard.dialects.postgresql.exact.expected import digests_of  # who asks once has no use for it

        return digests_of(expected, comments=comments, columns=columns)

    def _find_type(self, schema: str | None, name: str) -> tuple[str | None, TypeKind]:
        schema = told(schema, self.located.default) if schema is not None else self.schema_of(name, "type")
        kind = self.located.kinds.get((schema, self.identifier(name)), TypeKind.UNKNOWN) if schema else TypeKind.UNKNOWN
        return schema, kind

    @cached_property
    def sqlalchemy(self) -> SQLAlchemyDialect:
        """A SQLAlchemy dialect of its own whose DDL is plain SQL: no doubled %, every name qualified.

        Made when it is first needed: a frozen file is written already.
        """
        from sqlalchemy import make_url
        from sqlalchemy.dialects.postgresql.base import PGDialect

        like, version = self._like, self.version
        if isinstance(like, str):
            like = make_url(f"postgresql+{like}://").get_dialect()()
        family = type(like) if isinstance(like, PGDialect) else PGDialect
        made = family(paramstyle="named")
        # SQLAlchemy 2.0 doubles backslashes until it has asked a server, which has had no use for that since 9.1.
        made._backslash_escapes = False
        for setting in ("_json_serializer", "_json_deserializer"):
            if like is not None and hasattr(like, setting):
                setattr(made, setting, getattr(like, setting))
        if version:
            made.server_version_info = (version // 10000, version % 10000)
        # Offline too: every version takes a generated column that is stored.
        made.supports_virtual_generated_columns = version >= 180000
        preparer = made.identifier_preparer
        preparer._double_percents = False
        preparer.legal_characters = _PLAIN  # SQLAlchemy's own pattern lets a trailing line break pass
        preparer.reserved_words = preparer.reserved_words | ALSO_QUOTED
        preparer.schema_for_object = self._schema_for_object  # type: ignore[assignment]
        return made

    def _schema_for_object(self, item: object) -> str | None:
        schema = self.schema(getattr(item, "schema", None))
        if schema is not None:
            return schema
        from sqlalchemy import Sequence as SequenceItem
        from sqlalchemy import Table as TableItem

        name: str | None = getattr(item, "name", None)
        if name is None:
            return None
        return self.schema_of(name, "relation" if isinstance(item, TableItem | SequenceItem) else "type")


def _casts_enums(dialect: SQLAlchemyDialect, native: bool) -> bool:
    """Whether values of an Enum are sent with a cast to its type, `$1::the_enum` or `$1::VARCHAR`."""
    from sqlalchemy import Enum as EnumType

    implementation = EnumType("x", name="x", native_enum=native).dialect_impl(dialect)
    return bool(getattr(implementation, "render_bind_cast", False))


def _quoted(name: str) -> str:
    plain = _PLAIN.match(name) and name not in RESERVED
    wanted = getattr(name, "quote", None)  # a name of the models that says by itself whether it is quoted
    if wanted is False or (wanted is None and plain):
        return str(name)
    return in_quotes(name)
