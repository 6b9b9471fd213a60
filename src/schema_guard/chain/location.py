"""Where an application keeps its migrations: which configuration, which folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schema_guard.errors import ConfigurationError
from schema_guard.hidden import without_password

if TYPE_CHECKING:
    from configparser import RawConfigParser

__all__ = ["Location", "find_location", "location_here"]

DEFAULT = "alembic"
"""The section that Alembic reads where none is named."""
SEARCHED_DEPTH = 2
"""How many folders below the working directory an alembic.ini is looked for."""
_PASSED_OVER = frozenset({"node_modules", "site-packages", "build", "dist", "venv", "env", "tests", "__pycache__"})


_ON_PATH = "prepend_sys_path"


@dataclass(frozen=True, slots=True)
class Location:
    """`ini` and `toml` are the files that Alembic is given; `folder` the script folder, where the layout tells it.

    `flask` is True for Flask-Migrate's layout: env.py and alembic.ini lie together, and env.py asks the application.
    """

    ini: Path | None = None
    toml: Path | None = None
    folder: Path | None = None
    flask: bool = False
    section: str = "alembic"
    program: tuple[str, ...] = ("flask",)
    """What a person types for Flask's command line."""
    on_path: bool = False
    """Its configuration puts the working directory on sys.path (prepend_sys_path): `alembic` finds the application."""
    url: str = ""
    """The database, where it was typed: env.py reads another one from the environment."""
    x: tuple[str, ...] = ()
    """What env.py is told, as it was typed."""

    def __str__(self) -> str:
        return str(self.ini or self.toml)

    @property
    def command(self) -> str:
        """What a person types before `upgrade`, `merge` and so on."""
        if self.flask:
            default = self.folder is None or self.folder == Path.cwd() / "migrations"
            return shlex.join((*self.program, "db", *(() if default else ("--directory", str(self.folder)))))
        file = self.ini or self.toml
        elsewhere = file is not None and file.parent != Path.cwd()
        named = () if self.section == DEFAULT else ("-n", self.section)
        alembic = ("alembic",) if self.on_path else ("python", "-m", "alembic")
        return shlex.join((*alembic, *(("-c", str(file)) if elsewhere else ()), *named))

    @property
    def on_database(self) -> str:
        """The same before `stamp`, `upgrade` and `current`, which run env.py."""
        database = f"DATABASE_URL={shlex.quote(without_password(self.url))} " if self.url else ""
        told = "" if self.flask else "".join(f" -x {shlex.quote(each)}" for each in self.x)
        return f"{database}{self.command}{told}"


def location_here() -> Location | None:
    """That of the working directory. Raises ConfigurationError: several may be meant."""
    here = Path.cwd()
    if here == Path(here.anchor):
        return None  # nobody keeps a project at the root, and all of the machine lies below it
    return find_location()


def find_location(given: str | None = None, section: str = "alembic", directory: Path | None = None) -> Location | None:
    """Find the configuration as Alembic and Flask-Migrate do, then further down.

    Args:
        given: a file (alembic.ini, pyproject.toml) or the folder of env.py; None looks for one, ALEMBIC_CONFIG first.
        section: of the .ini file, as Alembic's --name.
        directory: where to begin; default is the working directory.

    Returns:
        None when there is none.

    Raises:
        ConfigurationError: what was given is none, or there are several to choose from.
    """
    directory = (directory or Path.cwd()).resolve()
    given = given or os.environ.get("ALEMBIC_CONFIG")
    if given is not None:
        return _named(directory / given, section)
    for path in (directory / "alembic.ini", directory / "pyproject.toml", directory / "migrations"):
        found = _at(path, section)
        if found is not None:
            return found
    below = [found for path in _below(directory, SEARCHED_DEPTH) if (found := _at(path, section)) is not None]
    if len(below) > 1:
        names = ", ".join(str(found.ini and found.ini.relative_to(directory)) for found in below)
        raise ConfigurationError(f"several Alembic configurations: {names}. Name one with --config")
    return below[0] if below else None


def _named(path: Path, section: str) -> Location:
    found = _at(path.resolve(), section)
    if found is None:
        what = "has no [tool.alembic] table" if path.suffix == ".toml" else "is not an Alembic configuration"
        raise ConfigurationError(f"{path} {what if path.exists() else 'does not exist'}")
    return found


def _at(path: Path, section: str) -> Location | None:
    """The configuration that this file or folder is."""
    if path.is_dir():
        inner = path / "alembic.ini"
        return _at(inner, section) if inner.is_file() else None
    if not path.is_file():
        return None
    if path.suffix == ".toml":
        own = _tool(path)
        return None if own is None else Location(toml=path, section=section, on_path=bool(own.get(_ON_PATH)))
    section = _section(path, section)
    beside = path.parent / "pyproject.toml"
    tool = _tool(beside) if beside.is_file() else None
    toml = None if tool is None else beside
    said = _parsed(path).get(section, _ON_PATH, fallback="")
    env = path.parent / "env.py"
    flask = env.is_file() and _asks_flask(env)
    # Flask-Migrate puts its folder in place of whatever script_location says
    if flask or (_script_location(path, section) is None and toml is None and env.is_file()):
        return Location(ini=path, folder=path.parent, flask=flask, section=section, on_path=bool(said))
    on_path = bool(said or (tool or {}).get(_ON_PATH))
    return Location(ini=path, toml=toml, section=section, on_path=on_path)


def _tool(path: Path) -> Mapping[str, object] | None:
    """What pyproject.toml says of Alembic; None where it has no such table."""
    import tomllib  # where there is nothing to read, as at most boots, it is not loaded

    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        return None
    found = tools.get("alembic") if isinstance(tools, dict) else None
    return found if isinstance(found, dict) else None


def _script_location(path: Path, section: str) -> str | None:
    return _parsed(path).get(section, "script_location", fallback=None)


def _parsed(path: Path) -> RawConfigParser:
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {_why(error)}") from None
    return parser


def _why(error: Exception) -> str:
    """Without the line itself: a file that was named by mistake may hold a password there."""
    from configparser import MissingSectionHeaderError, ParsingError

    if isinstance(error, MissingSectionHeaderError):
        return f"line {error.lineno} stands before the first [section]"
    if isinstance(error, ParsingError):
        return f"line {error.errors[0][0]} is neither a [section] nor KEY = VALUE"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _section(path: Path, section: str) -> str:
    """The section that was asked for; where none was, and only one other has a chain, that one (`alembic -n NAME`)."""
    parser = _parsed(path)
    if section != DEFAULT or parser.has_option(section, "script_location"):
        return section
    named = [name for name in parser.sections() if parser.has_option(name, "script_location")]
    return named[0] if len(named) == 1 else section


def _asks_flask(env: Path) -> bool:
    return "current_app" in env.read_text(encoding="utf-8", errors="replace")


def _below(directory: Path, depth: int) -> list[Path]:
    """Every alembic.ini further down; hidden folders, environments and tests are passed over."""
    if depth < 0:
        return []
    found = []
    try:
        entries = sorted(directory.iterdir())
    except OSError:
        return []
    for entry in entries:
        with suppress(OSError):  # where this user may not look there is nothing to find
            if entry.is_dir() and not entry.is_symlink() and entry.name not in _PASSED_OVER and entry.name[0] != ".":
                if (entry / "alembic.ini").is_file():
                    found.append(entry / "alembic.ini")
                found.extend(_below(entry, depth - 1))
    return found
