"""A copy of the database file beside it, made with the online backup API before the first rebuild."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

from schema_guard.dialects.sqlite.own_backups import remember
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.errors import StepError
from schema_guard.plan import Backup

__all__ = ["backup_name", "backup_statement", "clear_partials", "make_backup", "partials_of"]

_NUMBERED = re.compile(r"\.backup-(?P<number>[0-9]{1,9})")
_PARTIAL = re.compile(r"\.backup-\d+\.partial-(?P<pid>\d+)(-journal)?")

_TAKEN = "{} exists already and is not overwritten; run again"


def backup_name(path: str) -> str:
    """A free name behind all that are there, whatever they are: app.db.backup-1, app.db.backup-2, .."""
    number = max(_numbers(path), default=0) + 1
    while os.path.lexists(name := f"{path}.backup-{number}"):
        number += 1
    return name


def _numbers(path: str) -> list[int]:
    """Of what bears such a name; none where the directory may be searched and not listed."""
    file = Path(path).absolute()
    with suppress(OSError):
        names = [other.name for other in file.parent.iterdir()]
        found = (_NUMBERED.fullmatch(name.removeprefix(file.name)) for name in names)
        return [int(match["number"]) for match in found if match]
    return []


def backup_statement(backup: Backup) -> str:
    """As the sqlite3 shell has it (https://sqlite.org/cli.html): it can be pasted there."""
    return f".backup {quoted_literal(backup.database)} {quoted_literal(backup.file)}"


def make_backup(source: str, target: str, wait: float) -> None:
    """Copy a whole database; the copy appears under its name only when it is complete, and replaces nothing.

    Older copies of the guard's own that equal it, or are too many, are removed: a rebuild that fails at every start
    would fill the disk with them.

    Args:
        source: the file to copy.
        target: the file to make, which must not exist.
        wait: seconds to wait for a writer.

    Raises:
        StepError: the target exists, or the disk has not room for the copy and the rebuild after it.
        sqlite3.Error, OSError: as the library and the system raise them.
    """
    if os.path.lexists(target):
        raise StepError(_TAKEN.format(target))
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
        _placed(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    remember(source, target)


def _placed(partial: Path, target: str) -> None:
    """Give the copy its name. A link is refused where the name was taken meanwhile; a rename would replace that."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise StepError(_TAKEN.format(target)) from None
    except OSError:  # a file system without links
        partial.rename(target)


def partials_of(source: str) -> list[Path]:
    """What guards left beside this file that were killed while they copied it: their processes are gone.

    Call it under the guard's lock before removing any: a process of another container has a number of its own.
    """
    file = Path(source).absolute()
    try:
        beside = list(file.parent.iterdir())
    except OSError:  # a directory that may be searched and not listed
        return []
    named = ((path, path.name.removeprefix(file.name)) for path in beside if path.name != file.name)
    found = ((path, _PARTIAL.fullmatch(rest)) for path, rest in named if rest != path.name)
    return [path for path, match in found if match and not _runs(int(match["pid"]))]


def clear_partials(source: str) -> None:
    """Remove them."""
    for path in partials_of(source):
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
            original.backup(copy, progress=_not_locked)
        finally:
            copy.close()
    finally:
        original.close()


def _not_locked(status: int, _remaining: int, _total: int) -> None:
    """The sqlite3 module tries a locked database again for ever, whatever the connection's timeout."""
    if status & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise sqlite3.OperationalError("database is locked")
