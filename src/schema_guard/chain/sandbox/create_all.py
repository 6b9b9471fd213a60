"""create_all() that env.py, or the application as it is imported, calls whenever the chain runs.

What it makes are the tables of the newest models: a revision that makes one of them, or renames another table to it,
fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from sysconfig import get_path
from types import FrameType
from typing import Any

from sqlalchemy import MetaData, Table

from schema_guard.chain.sandbox.job import MakesTables

__all__ = ["tell_of_create_all"]

_INSTALLED = ("site-packages", "dist-packages")


def tell_of_create_all(
    tell: Callable[[MakesTables], None], folders: Callable[[], Sequence[str]], *, skip: bool
) -> None:
    """From now on each call is told, unless a revision makes it.

    Args:
        tell: hears of it.
        folders: where the revisions lie, once that is known.
        skip: it makes nothing.
    """
    create_all = MetaData.create_all

    def told(self: MetaData, *arguments: Any, **named: Any) -> None:
        files = [(frame.f_code.co_filename, frame.f_lineno) for frame in _frames(sys._getframe(1))]
        if any(Path(file).is_relative_to(folder) for file, _ in files for folder in folders()):
            create_all(self, *arguments, **named)
            return
        given = named.get("tables") or (arguments[1] if len(arguments) > 1 else None) or self.tables.values()
        tables = tuple(table.key for table in given if isinstance(table, Table))
        own = next(((file, line) for file, line in files if _is_projects(file)), ("", 0))
        tell(MakesTables(*own, tables))
        if not skip:
            create_all(self, *arguments, **named)

    MetaData.create_all = told  # type: ignore[method-assign]


def _frames(frame: FrameType | None) -> list[FrameType]:
    found: list[FrameType] = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def _is_projects(file: str) -> bool:
    """Not code of a library."""
    path = Path(file)
    return not (set(_INSTALLED) & set(path.parts) or path.is_relative_to(get_path("stdlib")) or file.startswith("<"))
