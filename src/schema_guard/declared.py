"""Noun: where the application's code declares something."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["Declared"]


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
        with suppress(ValueError, OSError):  # it lies elsewhere; the working directory is gone
            path = path.resolve()
            path = path.relative_to(Path.cwd())
        return cls(path.as_posix(), line)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
