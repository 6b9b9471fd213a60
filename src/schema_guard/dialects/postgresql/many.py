"""The schemas of many tenants over one connection: the catalog is read for all of them in one query."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql.alike import may_stand_behind, signature
from schema_guard.dialects.postgresql.catalog_rows import items_of
from schema_guard.dialects.postgresql.catalog_scope import scope_of
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.link import Row
from schema_guard.dialects.postgresql.located import Located, located_of
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.server import Server
from schema_guard.dialects.postgresql.stands import asked, query_of
from schema_guard.dialects.postgresql.tenant import TenantServer, TenantSession, elsewhere, own_names
from schema_guard.difference import Difference
from schema_guard.names import DefaultSchema
from schema_guard.plan import Survey
from schema_guard.schema import Schema, Table
from schema_guard.unread import Unread

__all__ = ["ManyTenants"]

OF_SCHEMA = {"types": 0, "others": 0, "schemas": 0}
"""Where rows about things with a name of their own have its schema; all others belong to a table, by its OID."""


@dataclass
class _Read:
    """A reader of what was read already."""

    rows: list[Row]
    unread: Mapping[int, Unread]
    queries: int = 0

    def read(self, scope: Mapping[str, object], *, without: Sequence[str]) -> list[Row]:  # noqa: ARG002 - asked before
        return list(self.rows)  # who reads it empties it


class ManyTenants(TenantSession):
    """One session that is, one after the other, that of each tenant of a batch.

    Args:
        server: the way to the database.
        declared: the schema of the models that stands for the tenant's; None: names without schema do.
        deadline: as other sessions take it.
    """

    def __init__(self, server: Server, declared: str | None, deadline: Deadline | None = None) -> None:
        self._inner, self._declared = server, declared
        super().__init__(TenantServer(server, declared, ""), deadline)
        self._tenant = None
        self._whole = self.facts
        self._full_reader = self._reader
        self._located: dict[str, Located] = {}
        self._batch: dict[str, list[Row]] = {}
        self._surveyed = False
        self.keys: dict[tuple[str, str], str] = {}
        """Of the last tenant, by table and column: the sequences of its keys."""

    def schemas(self) -> list[str]:
        """All but the system's."""
        with self._reading("the schemas"):
            return [str(name) for (name,) in self._link.rows(query("schemas"))]

    def begin(self, batch: Sequence[str], relations: Sequence[str], types: Sequence[str]) -> None:
        """Find what names without schema mean for each tenant of a batch; no schema of the search_path is in it."""
        rest = self._whole.search_path
        with self._reading("the names of the models"):
            self._link.run("SET LOCAL search_path = ''")
            rows = self._link.rows(self._locating(relations, types, [*batch, *rest]))
            shared = {
                kind: {str(row[2]) for row in rows if row[0] == kind and row[1] in rest}
                for kind in ("relation", "type")
            }
            found = self._link.rows(elsewhere(shared["relation"], shared["type"], rest)) if any(shared.values()) else []
        self._located = _located_each(rows, batch, {str(name) for (name,) in found}, relations)

    @property
    def search_path(self) -> Sequence[str]:
        """Of the connection: what stands there is what tenants share, or what they are made after."""
        return self._whole.search_path

    def turn_to(self, tenant: str) -> None:
        """From now on this is a session of that tenant."""
        if self._declared is None:
            self._tenant = tenant
            rest = (schema for schema in self._whole.search_path if schema != tenant)
            self.facts = replace(self._whole, default_schema=DefaultSchema(tenant), search_path=(tenant, *rest))
            self._words.located = self._located[tenant]
        else:
            self._words.lead(self._declared, tenant)
        self._reader = _Read(self._batch.get(tenant, []), self._full_reader.unread)  # type: ignore[assignment]

    def read(self, batch: Sequence[str], expected: Callable[[], Schema]) -> None:
        """Read the catalog of all tenants of the batch in one query.

        Args:
            batch: those that were begun.
            expected: what the tenant to which the session was turned is to have.
        """
        scopes: dict[str, Mapping[str, object]] = {}
        tables: list[list[str]] = []
        for tenant in batch:
            alike = "" if self._declared is not None else _shape(self._located[tenant], tenant)
            if alike not in scopes:
                self.turn_to(tenant)
                found = scope_of(expected(), self._can_be)
                scopes[alike] = {**found, "tables": [_led(item, tenant, "") for item in _pairs(found["tables"])]}
            tables += [_led(item, "", tenant) for item in _pairs(scopes[alike]["tables"])]
        scope = {key: _merged(each[key] for each in scopes.values()) for key in ("names", "types", "classes")}
        scope["tables"] = _merged([tables])
        scope["known"] = []
        scope["schemas"] = sorted({item[0] for item in tables} | {*batch})
        try:
            rows = self._full_reader.read(scope)
        except DriverError as error:
            raise self._read_failed(error, "the catalog") from None
        self._batch = _apart(rows, batch)

    @property
    def reads_rows(self) -> bool:
        """Whether the last look depended on what rows hold, or on what the server could plan."""
        return bool(self.rows_asked) or self._surveyed or self.plans

    def signature(self, tenant: str) -> str:
        """The same for tenants of whom the catalog says the same."""
        place = "" if self._declared is not None else _shape(self._located[tenant], tenant)
        return signature(self._batch[tenant], tenant, place)

    def behind(self, tenants: Mapping[str, Mapping[tuple[str, str], str]]) -> set[str]:
        """The tenants of the batch of which a sequence stands behind its keys; asked in one query.

        Args:
            tenants: by name the keys of one that is alike.
        """
        keys_asked = [
            key for tenant, keys in tenants.items() for key in may_stand_behind(self._batch[tenant], tenant, keys)
        ]
        if not keys_asked:
            return set()
        with self._reading("where sequences stand", bare_path=True):
            rows = self._link.rows(query_of(keys_asked, self.dialect.quote))
        return {str(keys_asked[int(str(row[0]))].table.schema) for row in rows if row[2] is not None}

    def inspect(self, expected: Schema) -> Schema:
        actual = super().inspect(expected)
        unread = replace(actual, tables=tuple(map(_size_unknown, actual.tables)))
        self.keys = {(key.table.name, key.column): key.sequence.name for key in asked(expected, unread)}
        return actual

    def survey(self, differences: Sequence[Difference], actual: Schema, timeout: float) -> Survey:
        self._surveyed = self._surveyed or bool(differences)
        return super().survey(differences, actual, timeout)

    def close(self) -> None:
        """Nothing: another tenant follows; see `end`."""

    def end(self) -> None:
        """Close it for good."""
        super().close()

    def locate(self, relations: Sequence[str], types: Sequence[str]) -> None:  # noqa: ARG002
        """It was located with the batch."""
        self.catalog_queries = 0
        self.rows_asked, self._surveyed = "", False


def _shape(located: Located, tenant: str) -> str:
    """What is alike for tenants that find the same names in the same places."""
    return repr(sorted((name, "" if schema == tenant else schema) for name, schema in located.relations.items()))


def _pairs(tables: object) -> list[list[str]]:
    assert isinstance(tables, list)
    return tables


def _led(item: Sequence[str], before: str, after: str) -> list[str]:
    """The schema and the name, in another tenant's schema where it is the one before."""
    return [after if item[0] == before else item[0], item[1]]


def _merged(lists: Iterable[object]) -> list[Any]:
    found: dict[str, Any] = {}
    for each in lists:
        assert isinstance(each, list)
        found.update((str(item), item) for item in each)
    return list(found.values())


def _located_each(
    rows: Iterable[Row], batch: Sequence[str], known: Collection[str], relations: Sequence[str]
) -> dict[str, Located]:
    """What each tenant finds; `known` are the names that the search_path has and a tenant has as well."""
    own = set(batch)
    of: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of[str(row[1]) if row[1] in own else ""].append(row)
    shared = located_of(of[""], None)
    kinds = dict(shared.kinds)
    found = {}
    for tenant in batch:
        mine = located_of(of[tenant], DefaultSchema(tenant))
        located = replace(
            mine,
            relations={**shared.relations, **mine.relations},
            types={**shared.types, **mine.types},
            kinds=ChainMap(dict(mine.kinds), kinds),
        )
        found[tenant] = own_names(located, tenant, known, relations)
    return found


def _apart(rows: Iterable[Row], batch: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of each tenant, with those that are of no tenant, and the types of others that its columns have."""
    items = {str(kind): items_of(text) for kind, text in rows}
    own = set(batch)
    schema_of = {row[0]: row[1] for row in items["tables"]}
    parts: dict[str, dict[str, list[Any]]] = {tenant: {kind: [] for kind in items} for tenant in batch}
    shared: dict[str, list[Any]] = {kind: [] for kind in items}
    for kind, found in items.items():
        for row in found:
            schema = _schema_of(kind, row, schema_of)
            (parts[schema] if schema in own else shared)[kind].append(row)
    lent = {f"{row[0]}.{row[1]}": row for row in items["types"] if row[0] in own}
    for tenant, part in parts.items():
        used = {row[3].removesuffix("[]").replace('"', "") for row in part["columns"] if "." in row[3]}
        part["types"] += [lent[name] for name in sorted(used & lent.keys()) if lent[name][0] != tenant]
    return {tenant: [(kind, [*shared[kind], *mine[kind]]) for kind in items] for tenant, mine in parts.items()}


def _schema_of(kind: str, row: Sequence[Any], schema_of: Mapping[Any, Any]) -> str:
    if kind == "database":
        return ""
    if kind == "tables":
        return str(row[1])
    if kind in OF_SCHEMA:
        return str(row[OF_SCHEMA[kind]])
    if kind == "counters" and not row[0]:
        return str(row[2])
    return str(schema_of.get(row[0], ""))


def _size_unknown(table: Table) -> Table:
    return replace(table, facts=replace(table.facts, rows_estimate=None, empty=False))
