"""A file of the application's directory that bears the name of a driver or of a library must not stand in for it.

The directory comes first on sys.path, as it does for gunicorn, so that the application's own modules are found before
all others. Only what the guard itself has to import is looked for elsewhere first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

__all__ = ["keep", "shadowing"]

LIBRARIES = frozenset(
    {"sqlalchemy", "alembic", "mako", "markupsafe", "click", "rich", "greenlet", "typing_extensions"}
    | {"psycopg", "psycopg_binary", "psycopg_c", "psycopg2", "asyncpg", "pg8000", "scramp", "asn1crypto", "aiosqlite"}
)
STANDARD = frozenset(
    {"asyncio", "copy", "dataclasses", "datetime", "decimal", "fractions", "getpass", "hashlib", "hmac", "inspect"}
    | {"ipaddress", "json", "logging", "numbers", "pickle", "queue", "random", "secrets", "selectors", "socket"}
    | {"sqlite3", "ssl", "string", "stringprep", "struct", "subprocess", "tempfile", "threading", "traceback"}
    | {"types", "typing", "unicodedata", "uuid", "zoneinfo"}
)
"""What drivers and libraries import from the standard library when they are first used."""


class _Elsewhere:
    """Finds these modules, and no others, anywhere but in the directory."""

    def __init__(self, directory: Path, names: frozenset[str]) -> None:
        self.directory = directory
        self.names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Part of the import system's protocol (Python's manual, 5.4)."""
        if path is not None or name not in self.names:
            return None
        entries = [entry for entry in sys.path if Path(entry or ".").resolve() != self.directory]
        spec = PathFinder.find_spec(name, entries, target)
        return spec if spec is not None and spec.loader is not None else None


def keep(directory: Path, wanted: str = "") -> None:
    """From now on a file of this directory stands in for none of these modules, unless it is the one that is wanted.

    Args:
        directory: of the application.
        wanted: the dotted name of a module that is asked for.
    """
    names = (LIBRARIES | STANDARD) - {wanted.partition(".")[0]}
    finder = _Elsewhere(directory.resolve(), names)
    sys.meta_path[:] = [finder, *(each for each in sys.meta_path if not isinstance(each, _Elsewhere))]


def shadowing(directory: Path) -> Iterator[Path]:
    """Files of the directory that bear the name of a module of Python's own, or of a library."""
    for path in sorted(directory.iterdir()):
        name = path.stem if path.suffix == ".py" else path.name if (path / "__init__.py").is_file() else ""
        if name in sys.stdlib_module_names or name in LIBRARIES:
            yield path
