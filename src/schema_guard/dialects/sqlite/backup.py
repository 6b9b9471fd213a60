"""A copy of the database file beside it, made with the online backup API before the first rebuild."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

from schema_guard.dialects.sqlite.tokens import quoted_literal, significant, unquoted
from schema_guard.errors import StepError

__all__ = ["BACKUP", "backup_name", "backup_statement", "make_backup", "target_of"]

_PARTIAL = re.compile(r"\.backup-\d+\.partial-(?P<pid>\d+)(-journal)?")

BACKUP = ".backup "
"""The statement's first word, as the sqlite3 shell has it (https://sqlite.org/cli.html): it can be pasted there."""


def backup_name(path: str) -> str:
    """The first free name: app.db.backup-1, app.db.backup-2, .."""
    number = 1
    while os.path.lexists(f"{path}.backup-{number}"):
        number += 1
    return f"{path}.backup-{number}"


def backup_statement(database: str, target: str) -> str:
    return f"{BACKUP}{quoted_literal(database)} {quoted_literal(target)}"


def target_of(statement: str) -> tuple[str, str]:
    """Database name and file of a backup statement."""
    database, target = significant(statement[len(BACKUP) :])
    return unquoted(database), unquoted(target)


def make_backup(source: str, target: str, wait: float) -> None:
    """Copy a whole database; the copy appears under its name only when it is complete, and replaces nothing.

    Args:
        source: the file to copy.
        target: the file to make, which must not exist.
        wait: seconds to wait for a writer.

    Raises:
        StepError: the target exists, or the disk has not room for the copy and the rebuild after it.
        sqlite3.Error, OSError: as the library and the system raise them.
    """
    if os.path.lexists(target):
        raise StepError(f"{target} exists already and is not overwritten; run again")
    _clear_partials(source)
    original = Path(source).stat()
    size = original.st_size
    free = shutil.disk_usage(Path(target).absolute().parent).free
    if free < 3 * size:
        raise StepError(
            f"not enough room for a backup: {source} has {size} bytes, {free} are free, the copy and the rebuild need"
            " three times its size"
        )
    partial = Path(f"{target}.partial-{os.getpid()}")
    # The copy is as private as the original from its first byte.
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, original.st_mode & 0o777))
    try:
        _copy(source, partial, wait)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _clear_partials(source: str) -> None:
    """Remove what guards left that were killed while they copied; their processes are gone."""
    file = Path(source).absolute()
    for path in file.parent.iterdir():
        found = _PARTIAL.fullmatch(path.name.removeprefix(file.name)) if path.name.startswith(file.name) else None
        if found and not _runs(int(found["pid"])):
            with suppress(OSError):
                path.unlink()


def _runs(pid: int) -> bool:
    """Whether a process of that number lives, on this machine; where signal 0 does not tell, assume that it does."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _copy(source: str, partial: Path, wait: float) -> None:
    original = sqlite3.connect(source, timeout=wait)
    try:
        copy = sqlite3.connect(partial)
        try:
            original.backup(copy)
        finally:
            copy.close()
    finally:
        original.close()
