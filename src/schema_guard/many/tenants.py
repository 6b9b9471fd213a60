"""One database with a schema for each tenant: expectations once, the catalog of many in one query, a plan for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from schema_guard.dialects import open_many
from schema_guard.dialects.stop import Stop
from schema_guard.dialects.tenant import Opened, Tenant
from schema_guard.difference import SchemaMissing, TableUnknown
from schema_guard.errors import ConfigurationError, GuardError
from schema_guard.execute.limits import Limits
from schema_guard.many.reports import Part
from schema_guard.pattern import matches
from schema_guard.report import Report, StepResult
from schema_guard.sources.once import Once

if TYPE_CHECKING:
    from schema_guard.dialects.postgresql.many import ManyTenants
    from schema_guard.guard import Guard

__all__ = ["Tenants", "in_schema", "tenants_of"]

BATCH = 25
"""Tenants whose catalog is read in one query: more take more memory and save nothing."""


@dataclass(frozen=True, slots=True)
class _Alike:
    """What was found of a tenant that lacks nothing, and the sequences of its keys by table and column."""

    report: Report
    keys: Mapping[tuple[str, str], str]

    def of(self, schema: str, declared: str | None) -> Report:
        """The same of another one."""
        own = self.report.server.schema if declared is not None else schema
        return replace(self.report, server=replace(self.report.server, schema=own), seconds=0.0)


class Tenants:
    """The schemas of one database that hold the same tables.

    Args:
        guard: of these tables.
        database: an Engine, an AsyncEngine or a URL.
        schemas: a pattern in which * stands for any characters, or names.
        declared: the schema of the models that stands for the tenant's; None: names without schema do.
    """

    def __init__(self, guard: Guard, database: Any, schemas: str | Iterable[str], declared: str | None = None) -> None:
        self.guard, self.database, self.declared = guard._once(), database, declared
        self._pattern = schemas if isinstance(schemas, str) else None
        self._names = () if isinstance(schemas, str) else tuple(schemas)

    def check(self, *, survey_timeout: float = 5.0) -> Iterator[Part]:
        """Read only, one after the other; what keeps one from being read keeps no other.

        Raises:
            UnreachableError: the database does not answer.
            ConfigurationError: it is no PostgreSQL, or no schema is named so.
        """
        session = open_many(self.database, self.declared)
        try:
            yield from self._parts(session, survey_timeout)
        finally:
            session.end()

    def _parts(self, session: ManyTenants, survey_timeout: float) -> Iterator[Part]:
        known: dict[str, _Alike] = {}
        own = self._own_schemas(session)
        _require_declared(self.guard, self.declared)
        apart = {*own, *session.search_path}
        pending = iter(self._chosen(session.schemas(), own))
        while batch := list(islice(pending, BATCH)):
            together = [schema for schema in batch if schema not in apart]
            found = dict[str, Part]()
            if together and self._read(session, together):
                found = {part.name: part for part in self._of_batch(session, together, known, survey_timeout)}
            for schema in batch:
                part = found.get(schema) or self._checked(None, schema, survey_timeout)
                if self._pattern is None or not _is_gone(part):
                    yield part

    def _of_batch(
        self, session: ManyTenants, batch: Sequence[str], known: dict[str, _Alike], survey_timeout: float
    ) -> Iterator[Part]:
        """One that is alike to another that lacks nothing lacks nothing either."""
        signatures = {schema: session.signature(schema) for schema in batch}
        parts: dict[str, Part] = {}
        for schema, signature in signatures.items():
            if signature in known:
                continue
            part = parts[schema] = self._checked(session, schema, survey_timeout)
            report = part.report
            if report is not None and self._stands_for_others(session, schema, report):
                known[signature] = _Alike(report, dict(session.keys))
        alike = {schema: known[signatures[schema]] for schema in batch if schema not in parts}
        try:
            behind = session.behind({schema: each.keys for schema, each in alike.items()})
        except GuardError:
            behind = set(alike)
        for schema in batch:
            if schema in parts:
                yield parts[schema]
            elif schema in behind:
                yield self._checked(session, schema, survey_timeout)
            else:
                yield Part(schema, alike[schema].of(schema, self.declared))

    def _stands_for_others(self, session: ManyTenants, schema: str, report: Report) -> bool:
        """It lacks nothing, rows say nothing of it, and its name is nothing else's, which the signature leaves out."""
        elsewhere = (
            isinstance(one := each.difference, TableUnknown) and one.name.schema != schema for each in report.findings
        )
        if not all(elsewhere) or report.accepted or session.reads_rows:
            return False
        source = self.guard.source
        return isinstance(source, Once) and not source.mentions(session.dialect, schema)

    def apply(
        self,
        limits: Limits | None = None,
        *,
        on_step: Callable[[StepResult], None] | None = None,
        on_step_in: Callable[[str, StepResult], None] | None = None,
        stop: Stop | None = None,
    ) -> Iterator[Part]:
        """Repair each one that lacks something; each has the whole budget. Raises as `check` does.

        Args:
            limits: time budget and timeouts, of each.
            on_step: is told what became of each step as it ends.
            on_step_in: the same, with the schema's name before it.
            stop: asks it to stop, from another thread.
        """
        stop = stop or Stop()
        session = open_many(self.database, self.declared)
        try:
            yield from self._repaired(session, limits, on_step, on_step_in, stop)
        finally:
            session.end()

    def _repaired(
        self,
        session: ManyTenants,
        limits: Limits | None,
        on_step: Callable[[StepResult], None] | None,
        on_step_in: Callable[[str, StepResult], None] | None,
        stop: Stop,
    ) -> Iterator[Part]:
        for part in self._parts(session, 5.0):
            if stop.asked:
                return
            if part.report is not None and part.report.satisfied:
                yield part
                continue
            tenant = Tenant(self.database, part.name, self.declared)
            try:
                if self._pattern is not None and part.name not in session.schemas():
                    continue  # dropped since the list was read: a tenant that is gone is not made again
                told = on_step if on_step_in is None else partial(on_step_in, part.name)
                report = self.guard.apply(tenant, limits, on_step=told, stop=stop)
                yield Part(part.name, report)
            except GuardError as error:
                yield Part(part.name, error=error)

    def _own_schemas(self, session: ManyTenants) -> set[str]:
        """Those that the models name themselves: what all tenants share is there."""
        named = {name.schema for name in self.guard.source.tables} - {None, self.declared}
        return {session.dialect.schema(schema) or str(schema) for schema in named}

    def _chosen(self, there: Sequence[str], own: set[str]) -> Sequence[str]:
        if self._pattern is None:
            return tuple(dict.fromkeys(self._names))
        found = [schema for schema in there if matches(self._pattern, schema) and schema not in own]
        if not found:
            raise ConfigurationError(f"no schema of the database is named {self._pattern}")
        return found

    def _read(self, session: ManyTenants, batch: Sequence[str]) -> bool:
        """False: something is in the way, and each is to be looked at by itself."""
        guard = self.guard
        try:
            session.begin(batch, *guard.source.names(session.dialect))
            session.read(batch, lambda: guard._guarded(session.dialect, session.facts.default_schema).to_inspect)
        except GuardError:
            return False
        return True

    def _checked(self, session: ManyTenants | None, schema: str, survey_timeout: float) -> Part:
        database: Any = Tenant(self.database, schema, self.declared)
        if session is not None:
            session.turn_to(schema)
            database = Opened(session)
        try:
            return Part(schema, self.guard.check(database, survey_timeout=survey_timeout))
        except GuardError as error:
            return Part(schema, error=error)


def _is_gone(part: Part) -> bool:
    """Its schema was dropped since the list was read: it is no tenant any more."""
    findings = part.report.findings if part.report is not None else ()
    return any(isinstance(each.difference, SchemaMissing) and each.difference.name == part.name for each in findings)


def _require_declared(guard: Guard, declared: str | None) -> None:
    if declared is not None and all(name.schema != declared for name in guard.source.tables):
        raise ConfigurationError(
            f"no table of the models has the schema {declared!r}: leave '{declared}=' out where names without schema "
            "mean the tenant's"
        )


def in_schema(guard: Guard, database: Any, schema: str | None) -> tuple[Guard, Any]:
    """The guard and the database of one tenant; both as they are where no schema is named."""
    if schema is None:
        return guard, database
    declared, sign, name = schema.partition("=")
    _require_declared(guard, declared if sign else None)
    return guard._once(), Tenant(database, name if sign else schema, declared if sign else None)


def tenants_of(guard: Guard, database: Any, schemas: str | Iterable[str]) -> Tenants:
    """As a person writes it: `t_*`, or `tenant=t_*` where the models declare the schema `tenant` for it."""
    if not isinstance(schemas, str):
        return Tenants(guard, database, schemas)
    declared, sign, pattern = schemas.partition("=")
    return Tenants(guard, database, pattern if sign else schemas, declared if sign else None)
