"""The databases of an application that has several: Flask-SQLAlchemy's binds, and Session(binds={..})."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from schema_guard.guard import Guard
from schema_guard.many.group import Group
from schema_guard.many.member import MAIN, Member
from schema_guard.scope import Scope
from schema_guard.target.own_database import extension_of, session_engines

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

__all__ = ["elsewhere", "members_of", "models_of_session"]


def members_of(found: Any, guard: Guard, around: Mapping[str, Any]) -> tuple[Member, ...]:
    """The databases, the main one first; none where the application has one alone. A main one without a database takes
    that which is set.

    Args:
        found: what TARGET names.
        guard: of it.
        around: what else its module holds, by name.
    """
    if isinstance(found, Group):
        return found.members
    for database in _extensions(found, guard, around.values()):
        return tuple(_of_flask(database, found, guard, list(around.values())))
    for session in (found, *around.values()):
        engines = session_engines(session)
        if engines and (members := tuple(_of_session(session, engines, guard, around))):
            return members
    return ()


def elsewhere(members: Iterable[Any]) -> set[int]:
    """The identities of the MetaData that Flask-SQLAlchemy keeps for other databases than the main one."""
    databases = [extension_of(member) or member for member in members]
    found = [getattr(each, "metadatas", None) for each in databases if hasattr(type(each), "engines")]
    return {id(metadata) for each in found if isinstance(each, dict) for name, metadata in each.items() if name}


def models_of_session(session: Any) -> list[MetaData]:
    """Of all that a Session, a sessionmaker or a scoped_session names in `binds`; none of anything else."""
    from sqlalchemy import MetaData

    owners = [getattr(key, "local_table", getattr(key, "__table__", key)) for key in session_engines(session)]
    found = (getattr(owner, "metadata", None) for owner in owners)
    return list(dict.fromkeys(metadata for metadata in found if isinstance(metadata, MetaData)))


def _extensions(found: Any, guard: Guard, around: Iterable[Any]) -> Iterator[Any]:
    """The Flask-SQLAlchemy whose models are guarded, where it has models for another database."""
    for item in (found, *around, _current_application()):
        database = extension_of(item) or item
        metadatas = getattr(database, "metadatas", None)
        if not isinstance(metadatas, dict) or metadatas.get(None) not in _metadatas(guard):
            continue
        if any(name is not None and metadata.tables for name, metadata in metadatas.items()):
            yield database


def _current_application() -> Any:
    """The Flask application that runs the command."""
    flask = sys.modules.get("flask")
    return flask.current_app._get_current_object() if flask is not None and flask.has_app_context() else None


def _of_flask(database: Any, found: Any, guard: Guard, around: Sequence[Any]) -> Iterator[Member]:
    applications = [each for each in (found, *around, _current_application()) if extension_of(each) is database]
    engines: Mapping[Any, Any] = {}
    if applications:
        with suppress(Exception):  # an engine that cannot be made says so when it is used
            with applications[0].app_context():
                engines = dict(database.engines)
    if guard.source.tables:
        yield Member(MAIN, guard)
    for name, metadata in database.metadatas.items():
        if name is None or not metadata.tables:
            continue
        engine = engines.get(name)
        problem = f"SQLALCHEMY_BINDS has no {name!r}" if engines else ""
        yield Member(str(name), _own_guard(metadata, around) or _like(guard, metadata), engine, problem)


def _own_guard(metadata: MetaData, around: Iterable[Any]) -> Guard | None:
    """The guard of these models alone, where the module has one."""
    guards = (each for each in around if isinstance(each, Guard))
    return next((each for each in guards if _metadatas(each) == (metadata,)), None)


def _metadatas(guard: Guard) -> tuple[MetaData, ...]:
    from schema_guard.sources.sqlalchemy.source import ModelsSource  # which imports SQLAlchemy

    return guard.models.metadatas if isinstance(guard.source, ModelsSource) else ()


def _like(guard: Guard, models: Any) -> Guard:
    """Of other models, with the policy of this guard, and what it accepts and excludes."""
    source = Guard(models).source
    return guard.of(source).changed(accept=guard.accept, scope=Scope(exclude=guard.scope.exclude))


def _of_session(session: Any, binds: Mapping[Any, Any], guard: Guard, around: Mapping[str, Any]) -> Iterator[Member]:
    """A member for each engine; the default one is the first."""
    maker = getattr(session, "session_factory", session)
    default = maker.kw.get("bind") if hasattr(maker, "kw") else getattr(session, "bind", None)
    metadatas = models_of_session(session)
    if default is None and not set(metadatas) & set(_metadatas(guard)):
        return
    tables: dict[int, list[Table]] = {}
    engines: dict[int, Any] = {}
    for table in dict.fromkeys((*guard.models.tables, *Guard(metadatas).models.tables)):
        engine = _engine_of(table, binds) or default
        engines[id(engine)] = engine
        tables.setdefault(id(engine), []).append(table)
    names: set[str] = set()
    for key in sorted(engines, key=lambda key: engines[key] is not default):
        engine = engines[key]
        name = MAIN if engine in (None, default) else _name_of(engine, around)
        while name in names:
            name += "_"
        names.add(name)
        yield Member(name, _like(guard, tables[key]), engine)


def _engine_of(table: Table, binds: Mapping[Any, Any]) -> Any:
    """As Session.get_bind chooses: the table's own entry, else that of its class, or of a class above it."""
    from sqlalchemy import inspect
    from sqlalchemy.orm import Mapper

    if table in binds:
        return binds[table]
    for key, engine in binds.items():
        mapper = key if isinstance(key, Mapper) else inspect(key, raiseerr=False)
        if isinstance(mapper, Mapper) and table in mapper.tables:
            return engine
    for key, engine in binds.items():
        if isinstance(key, type) and any(issubclass(owner, key) for owner in _classes_of(table, key)):
            return engine
    return None


def _classes_of(table: Table, base: type) -> Iterator[type]:
    """The mapped classes of the table that are known to the base."""
    pending = [base]
    while pending:
        one = pending.pop()
        pending += one.__subclasses__()
        if getattr(one, "__table__", None) is table:
            yield one


def _name_of(engine: Any, around: Mapping[str, Any]) -> str:
    """As the module calls it, else as the database is called."""
    for name, value in around.items():
        if value is engine:
            return name.removesuffix("engine").rstrip("_") or name
    url = getattr(engine, "sync_engine", engine).url
    return str(url.database or url.host or "bind").rsplit("/", 1)[-1]
