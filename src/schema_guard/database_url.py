"""From the URL that a host or a person gives to one that works with an installed driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from schema_guard.address import Address, Query, address_of, parse_address
from schema_guard.errors import ConfigurationError, one_line
from schema_guard.hidden import hide

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["OF_SQLITE3", "NormalisedUrl", "is_uri", "normalise", "normalise_url"]

_POSTGRESQL = frozenset({"postgres", "postgresql", "pgsql"})
_SYNCHRONOUS = ("psycopg", "psycopg2", "pg8000")
_ASYNCHRONOUS = "asyncpg"
_DRIVERS = (*_SYNCHRONOUS, _ASYNCHRONOUS)
_QUICKEST_FIRST = ("psycopg2", "psycopg", "pg8000", "asyncpg")
_LIBPQ = frozenset({"psycopg", "psycopg2", "psycopg2cffi"})
_ASYNCPG_ONLY = frozenset(
    {"prepared_statement_cache_size", "prepared_statement_name_func", "statement_cache_size", "command_timeout"}
)
_LIBPQ_ONLY = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
    }
)
_PORTS = 65536
_NO_ENCRYPTION_ASKED = frozenset({"disable", "allow", "prefer"})
_INSTALL_PSYCOPG = 'install psycopg: pip install "psycopg[binary]"'
_IN_A_PASSWORD = "in a password write @ / : # as %40 %2F %3A %23"
_FORMS = "postgresql://user:password@host/name or sqlite:///file.db"
OF_SQLITE3 = frozenset({"uri", "timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"})
"""Arguments of a URL that SQLAlchemy gives to the sqlite3 module (its page on pysqlite, URI Connections)."""
_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})

Installed = Callable[[str], bool]


class NormalisedUrl(NamedTuple):
    """A URL with an installed driver, and what was changed on the way, for people; never with a password."""

    address: Address
    notes: tuple[str, ...] = ()

    @property
    def url(self) -> URL:
        """As SQLAlchemy has it."""
        return self.address.sqlalchemy()


def is_installed(module: str) -> bool:
    """Whether a driver can be imported: psycopg is there but useless without its libpq, so finding it isn't enough."""
    try:
        import_module(module)
    except Exception:  # a broken driver is as good as none
        return False
    return True


def normalise_url(text: str | URL, option: str = "") -> URL:
    """The URL with an installed driver. Raises ConfigurationError as `normalise` does; it names the option, if any."""
    try:
        return normalise(text).url
    except ConfigurationError as error:
        raise ConfigurationError(f"{option}: {error.message}" if option else error.message) from None


def normalise(text: str | URL, installed: Installed = is_installed, *, quickest: bool = False) -> NormalisedUrl:
    """Give a URL an installed driver and the arguments which that driver takes.

    Args:
        text: as hosts write it: postgres://, postgresql://, postgresql+asyncpg://, sqlite:///, ..
        installed: tells whether a driver's module can be imported.
        quickest: where the URL names no driver, take the one that is imported in the shortest time, not the one that
            SQLAlchemy takes.

    Raises:
        ConfigurationError: it is no URL, names another database system, or no driver for it is installed.
    """
    url = _parsed(text)
    system, _, driver = url.drivername.partition("+")
    if system.lower() in _POSTGRESQL:
        return _postgresql(url, driver, installed, quickest=quickest)
    if system.lower() == "sqlite":
        return _sqlite(url, driver, installed)
    raise ConfigurationError(f"the database URL names {system!r}; the guard knows PostgreSQL and SQLite: {_FORMS}")


def _parsed(text: str | URL) -> Address:
    if not isinstance(text, str):
        hide(text.render_as_string(hide_password=False))
        return address_of(text)
    hide(text)
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1].strip()  # an env file's quotes that came along
    if not bare:
        raise ConfigurationError(f"the database URL is empty; expected {_FORMS}")
    scheme, _, rest = bare.partition("://")
    _, at, name = rest.partition("?")[0].partition("/")[2].rpartition("@")
    if at and "/" in name and not scheme.startswith("sqlite"):  # the password would be read as a host, and printed
        raise ConfigurationError(f"the database URL cannot be read: it has a / before the last @; {_IN_A_PASSWORD}")
    try:
        return parse_address(bare)
    except LookupError:
        scheme = bare.partition(":")[0]
        began = f"it begins with {scheme!r}" if ":" in bare and scheme.isalnum() else "it has no scheme"
        raise ConfigurationError(f"the database URL cannot be read ({began}); expected {_FORMS}") from None
    except ValueError:
        several = "; several hosts are written ?host=A:PORT&host=B:PORT" if "," in bare else ""
        raise ConfigurationError(
            f"the database URL cannot be read: the port is not a number; {_IN_A_PASSWORD}{several}"
        ) from None


def _postgresql(url: Address, asked: str, installed: Installed, *, quickest: bool) -> NormalisedUrl:
    named = asked.removesuffix("_async") if asked.startswith("psycopg") else asked
    candidates = _preference(named, quickest=quickest)
    driver = next((candidate for candidate in candidates if installed(candidate)), None)
    if driver is None:
        raise ConfigurationError(
            f"no PostgreSQL driver is installed (looked for {', '.join(dict.fromkeys(candidates))}): {_INSTALL_PSYCOPG}"
        )
    notes = []
    if named and driver != named and named != _ASYNCHRONOUS:
        notes.append(f"the driver {named} is not installed, {driver} is used")
    query, dropped = _arguments(dict(url.query), driver)
    notes += dropped
    _refuse_place(url)
    app_driver = named if named == _ASYNCHRONOUS and driver != named else ""  # whose values are sent otherwise
    found = url._replace(drivername=f"postgresql+{driver}", query=query, app_driver=app_driver)
    return NormalisedUrl(found, tuple(notes))


def _refuse_place(url: Address) -> None:
    """A host or port at which no server can be, now or later."""
    ports = [str(url.port)] if url.port is not None else _text(url.query.get("port", "")).split(",")
    for port in filter(None, ports):
        if not port.strip().isdecimal() or not 0 < int(port) < _PORTS:
            raise ConfigurationError(f"the database URL names port {one_line(port)}; expected 1 to {_PORTS - 1}")
    host = url.host or ""
    if "@" in host:
        raise ConfigurationError(
            "the database URL cannot be read: it has more than one @ before the host; in a password write @ as %40"
        )
    if any(char.isspace() for char in host):
        raise ConfigurationError("the database URL cannot be read: there is a space in the host's name")
    if host.lower().startswith("%2f"):
        from urllib.parse import unquote

        folder = unquote(host)
        raise ConfigurationError(
            f"the database URL names the directory of a socket as its host, which SQLAlchemy does not take: "
            f"write postgresql:///{one_line(url.database or 'name')}?host={one_line(folder)}"
        )


def _preference(named: str, *, quickest: bool) -> tuple[str, ...]:
    """The named driver first; without one, or with an asynchronous one, what SQLAlchemy takes by itself."""
    if named in _SYNCHRONOUS or named in _LIBPQ:
        return (named, *_DRIVERS)
    if quickest:
        return _QUICKEST_FIRST
    return (_default_driver(), *_DRIVERS)


def _default_driver() -> str:
    from sqlalchemy.dialects import postgresql

    return str(postgresql.dialect.driver)


def _arguments(query: dict[str, str | tuple[str, ...]], driver: str) -> tuple[Query, list[str]]:
    """The URL's arguments in the driver's words.

    libpq's drivers know sslmode, options and so on; asyncpg calls it ssl; pg8000 takes Python objects instead.
    """
    notes: list[str] = []
    if driver in _LIBPQ:
        for name in sorted(_ASYNCPG_ONLY & query.keys()):
            del query[name]
        if "ssl" in query:
            query.setdefault("sslmode", _sslmode(_text(query.pop("ssl"))))
        if "timeout" in query:
            query.setdefault("connect_timeout", _text(query.pop("timeout")).partition(".")[0] or "1")
        query.pop("async_fallback", None)
        return query, notes
    if _text(query.get("options", "")).strip():
        raise ConfigurationError(f"the database URL sets options=, which {driver} cannot take; {_INSTALL_PSYCOPG}")
    if driver == "asyncpg":
        if "sslmode" in query:
            query.setdefault("ssl", query.pop("sslmode"))
        ignored = _LIBPQ_ONLY
    else:
        _refuse_encryption(query, driver)
        ignored = _LIBPQ_ONLY | _ASYNCPG_ONLY | {"timeout", "target_session_attrs"}
    for name in sorted(ignored & query.keys()):
        del query[name]
        notes.append(f"{driver} does not take {name}=, it is left out")
    return query, notes


def _refuse_encryption(query: dict[str, str | tuple[str, ...]], driver: str) -> None:
    asked = {_sslmode(_text(query.pop(name))) for name in ("sslmode", "ssl") if name in query}
    if asked - _NO_ENCRYPTION_ASKED:
        raise ConfigurationError(
            f"the database URL asks for encryption (sslmode), which {driver} does not take in a URL; {_INSTALL_PSYCOPG}"
        )


def _sslmode(word: str) -> str:
    """asyncpg's ssl= takes sslmode's words, or a truth value."""
    return {
        "true": "require",
        "1": "require",
        "on": "require",
        "false": "disable",
        "0": "disable",
        "off": "disable",
    }.get(word.lower(), word)


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]


def _sqlite(url: Address, asked: str, installed: Installed) -> NormalisedUrl:
    if url.host:
        raise ConfigurationError(
            "an SQLite URL has three slashes before a relative path and four before an absolute one: "
            f"sqlite:///{one_line(url.host)} or sqlite:////absolute/{one_line(url.host)}"
        )
    if asked == "pysqlcipher":
        if not any(installed(module) for module in ("sqlcipher3", "pysqlcipher3")):
            raise ConfigurationError(
                "the database URL names pysqlcipher, which is not installed: pip install sqlcipher3-binary"
            )
        return NormalisedUrl(url)
    if not installed("sqlite3"):
        raise ConfigurationError("this Python was built without its sqlite3 module")
    notes = (
        [] if asked in ("", "pysqlite", "aiosqlite") else [f"the driver {one_line(asked)} is unknown, sqlite3 is used"]
    )
    ignored = () if is_uri(url.query) else sorted(set(url.query) - OF_SQLITE3)
    if ignored:
        names = ", ".join(map(one_line, ignored))
        notes.append(
            f"{names} in the URL has no effect: SQLite takes arguments only with uri=true, as in"
            " sqlite:///file:app.db?mode=ro&uri=true"
        )
    query = {key: value for key, value in url.query.items() if key not in ignored}
    return NormalisedUrl(url._replace(drivername="sqlite", query=query), tuple(notes))


def is_uri(query: Mapping[str, object]) -> bool:
    """Whether a URL with these arguments has SQLite read its path as a URI (https://sqlite.org/uri.html)."""
    return str(query.get("uri", "")).strip().lower() in _TRUE
