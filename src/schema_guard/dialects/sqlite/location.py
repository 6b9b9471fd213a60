"""Where an engine's database is: which file, whether it exists. Looking never creates it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from schema_guard.database_url import OF_SQLITE3, is_uri
from schema_guard.errors import UnreachableError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["Location", "in_memory", "locate_database", "locate_file"]


@dataclass(frozen=True, slots=True)
class Location:
    """`path` is None for a database in memory; `shared` when only the engine's own connection reaches it."""

    path: str | None
    shared: bool = False
    read_only: bool = False

    @property
    def missing(self) -> bool:
        """Whether there is a file to come that is not there yet."""
        return self.path is not None and not Path(self.path).exists()

    def __str__(self) -> str:
        return self.path or ":memory:"


def locate_database(engine: Engine) -> Location:
    """The place of the engine's database.

    Raises:
        UnreachableError: its directory is missing, or it is a directory itself.
    """
    from sqlalchemy.pool import SingletonThreadPool, StaticPool

    shared = isinstance(engine.pool, (StaticPool, SingletonThreadPool))
    if in_memory(engine.url.database or "", engine.url.query):
        return Location(None, shared=True)
    path, arguments = _opened(engine.url.database or "", engine.url.query)
    mode = arguments.get("mode", "")
    location = locate_file(path, shared=shared, read_only=mode == "ro" or "immutable" in arguments)
    if location.missing and mode in ("ro", "rw"):
        raise UnreachableError(f"{location} does not exist, and mode={mode} makes no file: correct the URL")
    return location


def locate_file(path: str, *, shared: bool = False, read_only: bool = False) -> Location:
    """The place of a file.

    Args:
        path: the file's.
        shared: only the engine's own connection reaches it.
        read_only: it is opened so, whatever its permissions allow.

    Raises:
        UnreachableError: its directory is missing, or it is no file itself.
    """
    file = Path(path).absolute()
    try:
        if not S_ISREG(file.stat().st_mode) and not file.is_dir():
            raise UnreachableError(f"{file} is a pipe, a socket or a device, not a database file: correct the URL")
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:  # a loop of links, a directory that may not be entered
        raise UnreachableError(f"{file}: {error.strerror}: correct the URL, or make the directory accessible") from None
    if file.is_dir():
        raise UnreachableError(f"{file} is a directory, not a database file; correct the URL")
    directory = _followed(file).parent
    told = f"{file}{' is a link, and' if file.is_symlink() else ':'}"
    if directory.is_file():
        raise UnreachableError(f"{told} {directory} is a file, not a directory: correct the URL")
    if not directory.is_dir():
        raise UnreachableError(f"{told} the directory {directory} does not exist; create it, or correct the URL")
    if file.exists() and not os.access(file, os.R_OK):
        raise UnreachableError(f"{file} may not be read by this user: run as its owner, or: chmod u+rw '{file}'")
    writable = os.access(file if file.exists() else directory, os.W_OK)
    return Location(str(file), shared, read_only=read_only or not writable)


def _followed(file: Path) -> Path:
    """Where SQLite makes the file: what links lead to, whether it is there or not."""
    return file.resolve() if file.is_symlink() else file


def in_memory(database: str, query: Mapping[str, object]) -> bool:
    """Whether a URL with this database and these arguments names a database in memory, of which every process, and most
    often every connection, has one of its own."""
    return not file_of(database, query)


def file_of(database: str, query: Mapping[str, object]) -> str:
    """The path that a URL with this database and these arguments leads to; empty where it is in memory."""
    path, own = _opened(database, query)
    return "" if own.get("mode") == "memory" else path


def _opened(database: str, query: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """The file that SQLAlchemy has SQLite open for a URL ("": a database in memory), and the arguments for SQLite.

    Only with `uri=true` is `file:` more than the beginning of a name, and are there arguments for SQLite; without
    `file:` they become a part of the name (https://sqlite.org/uri.html).
    """
    name = database
    if is_uri(query):
        added = {key: query[key] for key in sorted(query) if key not in OF_SQLITE3}
        name += f"?{'&'.join(f'{key}={value}' for key, value in added.items())}" if added else ""
        if name.startswith("file:"):
            rest, _, arguments = name[len("file:") :].partition("?")
            if rest.startswith("//"):
                rest = "/" + rest[2:].partition("/")[2]
            path = unquote(rest)
            return ("" if path == ":memory:" else path), {key: each[-1] for key, each in parse_qs(arguments).items()}
    return ("" if name == ":memory:" else name), {}
