"""The database that an application uses itself: that of its Flask-SQLAlchemy, or of the engine beside its models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeGuard

from schema_guard.address import FILE_SYSTEMS
from schema_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = [
    "OwnDatabase",
    "extension_of",
    "factory_named",
    "is_factory",
    "own_database",
    "refuse_adrift",
    "session_engines",
]

_FACTORIES = ("create_", "make_", "build_")
"""How the names of application factories begin, most often."""
_LIBRARIES = frozenset({"sqlalchemy", "sqlmodel", "flask", "pydantic"})
"""Whose functions that a module imports, such as create_engine, are no application factory."""


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """`url` is that of the application's engine; `configured` what its configuration says, which for a relative SQLite
    path is another file; `engine` connects as the application does (connect_args, creator, listeners)."""

    url: URL
    configured: str = ""
    engine: Any = None

    def chosen(self, url: URL | None, written: str | None, origin: str) -> URL:
        """The database to guard: the application's own, unless another one was named on purpose.

        Args:
            url: what was set, with an installed driver; None where nothing was.
            written: the same as it was written.
            origin: where it was set.

        Raises:
            ConfigurationError: another SQLite file, or another system, than the application uses.
        """
        if url is None or written == self.configured:
            return self.url
        mine, other = _place(self.url), _place(url)
        if mine == other:
            return url
        if url.get_backend_name() == self.url.get_backend_name() and not _is_file(url):
            return url  # a pooler's address, or the server's own
        asked = origin.startswith("argument")
        if asked and (other is None or other.exists()):
            return url  # a person looks at another database
        raise ConfigurationError(
            f"{origin} names {_shown(url)}, the application itself uses {_shown(self.url)}: "
            "leave it out to guard the application's own database, or set both to the same one"
        )

    def engine_for(self, url: URL) -> Any:
        """The application's engine, where that URL is its database for the same user; None elsewhere."""
        mine, other = _place(self.url), _place(url)
        if mine is not None:
            return self.engine if mine == other else None
        alike = all(_told(self.url, part) == _told(url, part) for part in ("username", "host", "port", "database"))
        same = alike and url.get_backend_name() == self.url.get_backend_name()
        return self.engine if same and url.query.items() <= self.url.query.items() else None


def own_database(found: Any, around: Iterable[Any]) -> OwnDatabase | None:
    """What the application uses; None where that is not known, or its engine is in memory or cannot be made.

    Args:
        found: what TARGET names.
        around: what else its module holds; the application of a `db` may be among it.
    """
    around = list(around)
    database = extension_of(found) or found
    applications = [item for item in (found, *around) if extension_of(item) is database]
    if not applications or not hasattr(type(database), "engine"):
        return _of_engine(around)
    application = applications[0]
    with suppress(Exception):  # an engine that cannot be made says so when it is used
        with application.app_context():
            engine = database.engine
            url: URL = engine.url
        if _place(url) is None and _is_file(url):
            return None
        return OwnDatabase(url, str(application.config.get("SQLALCHEMY_DATABASE_URI", "")), engine)
    return None


def refuse_adrift(url: URL, around: Iterable[Any], origin: str) -> None:
    """Raises ConfigurationError: an SQLite file that is not there, named by a relative path, which Flask-SQLAlchemy
    takes from a folder of its application; and that application is not known."""
    name = url.database or ""
    place = _place(url)
    if origin.startswith("argument") or place is None or Path(name).is_absolute() or place.exists():
        return
    if any(map(_is_extension, around)):
        raise ConfigurationError(
            f"{origin} names {name}, which is not there: Flask-SQLAlchemy opens a relative path in the application's "
            "instance folder. Name the application as TARGET, for example app:create_app(), or give the whole path"
        )


def factory_named(around: Iterable[Any]) -> str:
    """`app:create_app()`, beside a Flask-SQLAlchemy `db` whose application is not known; empty elsewhere."""
    around = list(around)
    if not any(map(_is_extension, around)):
        return ""
    functions = [each for each in around if is_factory(each)]
    return f"{functions[0].__module__}:{functions[0].__name__}()" if functions else "app:create_app()"


def is_factory(item: object) -> TypeGuard[FunctionType]:
    """Whether it looks like a function that makes the application."""
    if not isinstance(item, FunctionType) or not item.__name__.startswith(_FACTORIES):
        return False
    return item.__module__.partition(".")[0] not in _LIBRARIES


def _is_extension(item: Any) -> bool:
    return hasattr(type(item), "engines") and hasattr(item, "metadatas")


def _of_engine(around: Iterable[Any]) -> OwnDatabase | None:
    """That of the only engine which the models' module holds; of several nobody knows which one is meant."""
    from sqlalchemy.engine import Engine

    engines = [getattr(item, "sync_engine", item) for item in around if type(item).__module__.startswith("sqlalchemy.")]
    engines = [item for item in engines if isinstance(item, Engine)]
    if len({item.url for item in engines}) != 1:
        return None
    url = engines[0].url
    if _place(url) is None and _is_file(url):
        return None
    return OwnDatabase(url, engine=engines[0] if len({id(item) for item in engines}) == 1 else None)


def extension_of(application: Any) -> Any:
    """The Flask-SQLAlchemy of a Flask application; None of anything else."""
    extensions = getattr(application, "extensions", None)
    return extensions.get("sqlalchemy") if isinstance(extensions, dict) else None


def session_engines(session: Any) -> Mapping[Any, Any]:
    """What a Session, a sessionmaker or a scoped_session says in `binds`; nothing of anything else."""
    if not type(session).__module__.startswith("sqlalchemy."):
        return {}
    maker = getattr(session, "session_factory", session)
    options = getattr(maker, "kw", None)
    own = getattr(session, "_Session__binds", getattr(session, "binds", None))  # SQLAlchemy 2.0, 2.1
    binds = options.get("binds") if isinstance(options, dict) else own
    return binds if isinstance(binds, Mapping) else {}


def _place(url: URL) -> Path | None:
    """The database's file; None for a database in memory and for a server's."""
    name = url.database or ""
    if not _is_file(url) or name in ("", ":memory:") or name.startswith("file:"):
        return None
    return Path(name).absolute()


def _told(url: URL, part: str) -> object:
    value = getattr(url, part)
    return value or 5432 if part == "port" else value


def _shown(url: URL) -> str:
    place = _place(url)
    return str(place) if place is not None else url.render_as_string(hide_password=True)


def _is_file(url: URL) -> bool:
    return url.get_backend_name() in FILE_SYSTEMS
