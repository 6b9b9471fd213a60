"""Where a chain's files lie, by its configuration alone: neither Alembic nor any of the project's code is imported."""

from __future__ import annotations

import configparser
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from schema_guard.chain.history import Chain
from schema_guard.chain.location import Location
from schema_guard.chain.reading.revision_files import read_revisions, revision_files

__all__ = ["env_text", "may_leave_out", "read_chain"]

_LEAVES_OUT = re.compile(r"\binclude_(?:object|name)\b")

_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_LEGACY = re.compile(r", *|\s+")


def env_text(location: Location) -> str | None:
    """The text of env.py, also where there is no revision yet. None where only Alembic can tell where it is."""
    settings = _settings(location)
    folder = None if settings is None else location.folder or _folder(settings.get("script_location", ""), location)
    env = None if folder is None else folder / "env.py"
    return env.read_text("utf-8", "replace") if env is not None and env.is_file() else None


def may_leave_out(env: str) -> bool:
    """Whether the text of an env.py has what keeps an object from autogenerate."""
    return _LEAVES_OUT.search(env) is not None


def read_chain(location: Location) -> tuple[Chain, str] | None:
    """The revisions, and the text of env.py. None where only Alembic can tell (a folder within a package, a computed
    revision id), or a file does not parse.
    """
    settings = _settings(location)
    if settings is None:
        return None
    folder = location.folder or _folder(settings.get("script_location", ""), location)
    if folder is None or not folder.is_dir():
        return None
    versions = _versions(settings, location) or [folder / "versions"]
    recursive = settings.get("recursive_version_locations", "").lower() in ("true", "1", "yes", "on")
    env = folder / "env.py"
    if not env.is_file() or any(path is None or not path.is_dir() for path in versions):
        return None
    files = revision_files([str(path) for path in versions], recursive)
    revisions, unreadable = read_revisions(files)
    return None if unreadable or not revisions else (Chain(tuple(revisions)), env.read_text("utf-8", "replace"))


def _settings(location: Location) -> Mapping[str, str] | None:
    found: dict[str, str] = {}
    if location.toml is not None:
        try:
            content = tomllib.loads(location.toml.read_text("utf-8"))["tool"]["alembic"]
        except (OSError, KeyError, TypeError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            return None
        here = str(location.toml.parent)
        for key, value in content.items():
            text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
            found[key] = text.replace("%(here)s", here)
        found["path_separator"] = "newline"
    if location.ini is not None:
        parser = configparser.ConfigParser({"here": str(location.ini.parent)}, strict=False)
        try:
            parser.read(location.ini, encoding="utf-8")
            if parser.has_section(location.section):
                wanted = ("script_location", "version_locations", "version_path_separator", "path_separator")
                for key in (*wanted, "recursive_version_locations"):
                    value = parser.get(location.section, key, fallback=None)
                    if value is not None:
                        found[key] = value
        except (configparser.Error, UnicodeDecodeError, OSError):
            return None
    return found


def _folder(written: str, location: Location) -> Path | None:
    """A relative one begins where the command is run, which is beside the configuration for most."""
    if not written or ":" in written[2:]:
        return None
    beside = (location.ini or location.toml or Path()).parent
    return next((path for path in (Path(written), beside / written) if path.is_dir()), None)


def _versions(settings: Mapping[str, str], location: Location) -> list[Path | None]:
    written = settings.get("version_locations", "").strip()
    if not written:
        return []
    separator = settings.get("path_separator") or settings.get("version_path_separator")
    parts = _LEGACY.split(written) if separator is None else written.split(_SEPARATORS.get(separator, separator))
    return [_folder(part.strip(), location) for part in parts if part.strip()]
