"""One schema of many that hold the same tables: what names without schema mean there.

An unqualified name of the models is the tenant's, as SET search_path = tenant, public or a schema_translate_map has it.
It is shared where only a schema behind the tenant's in the search_path has it, and no other schema of the database:
one that other tenants have too is the tenant's own, though it lacks it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from schema_guard.dialects.base import Facts
from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.located import Located
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.server import Server
from schema_guard.dialects.postgresql.session import PostgreSQLSession
from schema_guard.dialects.translation import SchemaMap
from schema_guard.names import DefaultSchema
from schema_guard.schema import TypeKind

__all__ = ["TenantServer", "TenantSession", "elsewhere", "own_names"]


class TenantServer:
    """The way to the database of a tenant: what stands for a declared schema leads to the tenant's.

    Args:
        server: the way to the database.
        declared: the schema of the models that stands for the tenant's; None: names without schema do.
        schema: the tenant's.
    """

    def __init__(self, server: Server, declared: str | None, schema: str) -> None:
        self.declared, self.schema = declared, schema
        self.schemas: SchemaMap = {key: value for key, value in server.schemas.items() if key is not None}
        if declared is not None:
            self.schemas = {**server.schemas, declared: schema}
        self.bridge, self.place, self.words, self.open = server.bridge, server.place, server.words, server.open


class TenantSession(PostgreSQLSession):
    """A session in which names without schema mean the tenant's. Raises as PostgreSQLSession does."""

    def __init__(self, server: TenantServer, deadline: Deadline | None = None) -> None:
        self._server_of_tenant = server
        self._tenant: str | None = server.schema if server.declared is None else None
        super().__init__(server, deadline)

    def locate(self, relations: Sequence[str], types: Sequence[str]) -> None:
        super().locate(relations, types)
        if self._tenant is None or not self._words.located.relations:
            return
        located = self._words.located
        shared = [name for name, schema in located.types.items() if schema != self._tenant]
        with self._reading("the names of the models"):
            rows = self._link.rows(elsewhere(located.relations, shared, self.facts.search_path))
        self.catalog_queries += 1
        self._words.located = own_names(located, self._tenant, {str(name) for (name,) in rows}, relations)

    def surroundings(self, matters: Callable[[str], bool]) -> tuple[object, ...]:
        """What decides, beside the catalog, what is expected here. Of two tenants it differs by their names alone.

        Args:
            matters: whether types of a schema count that the search_path does not have.
        """
        located, own = self._words.located, self._server_of_tenant.schema
        path = {*self.facts.search_path, own}
        kinds = [
            ("" if schema == own else schema, name, kind)
            for (schema, name), kind in located.kinds.items()
            if schema in path or matters(schema)
        ]
        sets = (self.facts.features, located.sought, located.schemas - {own})
        found = (located.relations, located.types, located.temporary)
        return (
            replace(self.facts, features=frozenset()),
            *map(sorted, sets),
            *(sorted(each.items()) for each in found),
            sorted(kinds),
            sorted(map(repr, self._server_of_tenant.schemas.items())),
            self._words.driver,
        )

    def as_expected(self, digests: Mapping[str, object]) -> frozenset[str]:  # noqa: ARG002
        """None: the digests are of names that the connection's search_path finds."""
        return frozenset()

    def _read_facts(self) -> Facts:
        facts = super()._read_facts()
        if self._tenant is None:
            return facts
        rest = (schema for schema in facts.search_path if schema != self._tenant)
        return replace(facts, default_schema=DefaultSchema(self._tenant), search_path=(self._tenant, *rest))

    def _another_link(self) -> Link:
        return _TenantLink(self._server, self._deadline, lambda: self._path)

    @property
    def _path(self) -> str:
        """As search_path takes it; empty where the connection's own holds."""
        if self._tenant is None or not hasattr(self, "_words"):
            return ""
        return ", ".join(map(self._words.quote, self.facts.search_path))


def own_names(located: Located, tenant: str, known: Collection[str], asked: Collection[str]) -> Located:
    """What is found, where a name is shared or the tenant's own.

    Args:
        located: the first schema of the path that has each name.
        tenant: the tenant's schema.
        known: the names that other tenants have.
        asked: the relations of the models that have no schema.
    """

    def own(found: Mapping[str, str]) -> dict[str, str]:
        return {name: schema for name, schema in found.items() if schema == tenant or name not in known}

    relations, types = own(located.relations), own(located.types)
    if not known and tenant not in relations.values() and relations.keys() >= set(asked):
        # the first tenant: another schema has all, and is what tenants are made after
        made = {name for (_, name), kind in located.kinds.items() if kind in (TypeKind.ENUM, TypeKind.DOMAIN)}
        relations, types = {}, {name: schema for name, schema in types.items() if name not in made}
    return replace(located, relations=relations, types=types, default=DefaultSchema(tenant))


def elsewhere(relations: Iterable[str], types: Iterable[str], path: Iterable[str]) -> str:
    """Asks for those of the names that a schema outside of the path has."""
    return query("elsewhere", relations=sorted(relations), types=sorted(types), path=list(path))


class _TenantLink(Link):
    """Each transaction finds names as the tenant does, also behind a pooler that keeps no setting of a session."""

    def __init__(self, server: Server, deadline: Deadline | None, path: Callable[[], str]) -> None:
        super().__init__(server, deadline)
        self._path = path

    @contextmanager
    def transaction(self, begin: str, settings: list[str], *, at_once: bool = False) -> Iterator[Link]:
        path = self._path()
        own = [f"SELECT pg_catalog.set_config('search_path', {literal(path)}, true)"] if path else []
        with super().transaction(begin, [*own, *settings], at_once=at_once):
            yield self

    @contextmanager
    def trying(self, timeout: float) -> Iterator[Link]:
        with super().trying(timeout):
            if path := self._path():
                self.run(f"SELECT pg_catalog.set_config('search_path', {literal(path)}, true)")
            yield self
