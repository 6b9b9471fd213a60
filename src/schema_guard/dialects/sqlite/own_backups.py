"""Which copies beside a database file the guard made itself: only these may it remove, and it keeps the newest.

A list beside the file says so, with each copy's size and time; a file that was changed or put there by somebody else
is in no such list. Where the list is lost, nothing is removed.
"""

from __future__ import annotations

import filecmp
import os
import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["KEPT", "list_of", "remember"]

KEPT = 3
"""How many copies of one file stay."""

HEADER = "# Copies that Schema Guard made before it rebuilt a table. It removes the oldest of these, and no other file."


def list_of(source: str) -> Path:
    """The file that lists them."""
    return Path(f"{source}.backups")


def remember(source: str, target: str) -> None:
    """Put a new copy on the list, and remove older ones of the list that equal it, or are too many. Never raises: a
    copy that cannot be looked at or removed is left."""
    with suppress(OSError, ValueError):
        if os.path.lexists(list_of(source)) and not _lines(source):
            return  # a file of somebody else's
        older = [path for path in _own(source) if path != Path(target)]
        equal = [path for path in older if _equals(path, Path(target))]
        others = [path for path in older if path not in equal]
        for path in (*equal, *others[: max(0, len(others) + 1 - KEPT)]):
            with suppress(OSError):
                path.unlink()
        left = [path for path in (*others, Path(target)) if os.path.lexists(path)]
        _write(source, left)


def _own(source: str) -> list[Path]:
    """Those of the list that are still as they were made, oldest first."""
    directory = Path(source).absolute().parent
    found = []
    for line in _lines(source)[1:]:
        mark, _, name = line.partition(" ")
        path = directory / name
        if name and Path(name).name == name and _mark(path) == mark:
            found.append(path)
    return found


def _lines(source: str) -> list[str]:
    """Of the list, if there is one that the guard wrote."""
    with suppress(OSError, ValueError):
        if list_of(source).is_file():
            lines = list_of(source).read_text(encoding="utf-8").splitlines()
            return lines if lines[:1] == [HEADER] else []
    return []


def _write(source: str, copies: list[Path]) -> None:
    """By another file that takes its place: nobody sees half a list."""
    text = "".join(f"{_mark(path)} {path.name}\n" for path in copies)
    written = Path(f"{list_of(source)}.{os.getpid()}")
    try:
        written.write_text(f"{HEADER}\n{text}", encoding="utf-8")
        written.replace(list_of(source))
    finally:
        written.unlink(missing_ok=True)


def _mark(path: Path) -> str:
    """What tells a file that we made from one that somebody put in its place; "" of what is no file."""
    with suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode):
            return f"{found.st_size}:{found.st_mtime_ns}"
    return ""


def _equals(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return filecmp.cmp(one, other, shallow=False)
    return False
