"""A database URL as its parts, read and written as SQLAlchemy does it, without importing SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["FILE_SYSTEMS", "Address", "Query", "address_of", "parse_address"]

FILE_SYSTEMS = frozenset({"sqlite"})
"""The database systems whose databases are files."""
Query = Mapping[str, str | tuple[str, ...]]
"""The arguments of a URL; one that was given several times has all its values."""

_URL = r"""(?x)
    (?P<drivername>[\w\+]+)://
    (?:(?P<username>[^:/]*)(?::(?P<password>[^@]*))?@)?
    (?:(?:\[(?P<ipv6>[^/\?]+)\]|(?P<name>[^/:\?]+))?(?::(?P<port>[^/\?]*))?)?
    (?:/(?P<database>[^\?]*))?
    (?:\?(?P<query>.*))?"""
_FILE = "sqlite:///"


class Address(NamedTuple):
    """The fields of SQLAlchemy's URL, and one more."""

    drivername: str
    username: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    database: str | None = None
    query: Query = MappingProxyType({})
    app_driver: str = ""
    """The driver of the application, where the guard itself connects by another one."""

    @property
    def system(self) -> str:
        """The database system that it names."""
        return self.drivername.partition("+")[0]

    @property
    def is_file(self) -> bool:
        """Whether its databases are files, without a server."""
        return self.system in FILE_SYSTEMS

    def render_as_string(self, hide_password: bool = True) -> str:
        """The URL as text."""
        from urllib.parse import quote

        user = "" if self.username is None else quote(self.username, safe=" +")
        if self.username is not None and self.password is not None:
            user += f":{'***' if hide_password else quote(str(self.password), safe=' +')}"
        host = self.host or ""
        return "".join(
            (
                f"{self.drivername}://",
                user if self.username is None else f"{user}@",
                f"[{host}]" if ":" in host else host,
                "" if self.port is None else f":{self.port}",
                "" if self.database is None else f"/{quote(self.database, safe=' +/')}",
                f"?{self._arguments()}" if self.query else "",
            )
        )

    def _arguments(self) -> str:
        from urllib.parse import quote_plus

        return "&".join(
            f"{quote_plus(name)}={quote_plus(value)}"
            for name, given in sorted(self.query.items())
            for value in ((given,) if isinstance(given, str) else given)
        )

    def sqlalchemy(self) -> URL:
        """The same as SQLAlchemy's URL."""
        from sqlalchemy import URL

        fields = self._asdict()
        del fields["app_driver"]
        return URL.create(**fields)


def address_of(url: URL) -> Address:
    """The same as an Address."""
    return Address(*url[:-1], dict(url.query))


def parse_address(text: str) -> Address:
    """The parts of a URL.

    Raises:
        LookupError: it has not the form of a URL.
        ValueError: its port is no number.
    """
    if text.startswith(_FILE) and "?" not in text:  # in less time than it takes to compile the pattern
        return Address("sqlite", database=_plain(text.removeprefix(_FILE)))
    found = re.match(_URL, text)
    if found is None:
        raise LookupError("no URL")
    return Address(
        found["drivername"],
        _plain(found["username"]),
        _plain(found["password"]),
        found["name"] or found["ipv6"],
        None if found["port"] is None else int(found["port"]),
        _plain(found["database"]),
        _query(found["query"] or ""),
    )


def _plain(part: str | None) -> str | None:
    if part is None or "%" not in part:
        return part
    from urllib.parse import unquote  # takes a while, and is seldom needed

    return unquote(part)


def _query(text: str) -> dict[str, str | tuple[str, ...]]:
    query: dict[str, str | tuple[str, ...]] = {}
    if text:
        from urllib.parse import parse_qsl

        for name, value in parse_qsl(text):
            before = query.get(name, ())
            query[name] = (*((before,) if isinstance(before, str) else before), value) if before else value
    return query
