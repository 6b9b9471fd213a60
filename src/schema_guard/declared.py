"""Noun: where the application's code declares something; and how the name of a file is written for a person."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from schema_guard.names import Name

__all__ = ["Declared", "Places", "from_here"]


class Declared(NamedTuple):
    """A line of a source file."""

    file: str
    """Relative to the working directory where it lies below that, with forward slashes."""
    line: int
    """From 1."""

    @classmethod
    def at(cls, file: str, line: int) -> Declared:
        """Of a file by any name."""
        path = Path(file)
        with suppress(OSError):  # the working directory is gone
            path = path.resolve()
        return cls(from_here(path.as_posix()), line)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


Places: TypeAlias = Callable[[Name, str | None], Declared | None]
"""What tells where a table, or a column of it, is declared; None where nobody can tell. It is called with the table's
name as the database has it, and with the column's name, or None for the table."""


def from_here(file: str) -> str:
    """A file, relative to the working directory where it lies below that."""
    with suppress(ValueError, OSError):  # it lies elsewhere; the working directory is gone
        return Path(file).relative_to(Path.cwd()).as_posix()
    return file
