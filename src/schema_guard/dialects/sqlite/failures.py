"""What SQLite's result codes mean, as one line each (https://sqlite.org/rescode.html)."""

from __future__ import annotations

import re
import sqlite3
from urllib.parse import quote

from schema_guard.errors import GuardError, LockTimeoutError, ReadError, StepError, UnreachableError

__all__ = ["CONSTRAINT", "failure", "no_copy", "primary_code", "reading_failure", "unfit_rows", "unreachable"]

BUSY, LOCKED, READONLY, INTERRUPT, IOERR = 5, 6, 8, 9, 10
CORRUPT, FULL, CANTOPEN, CONSTRAINT, NOTADB = 11, 13, 14, 19, 26

_WORDS = {
    READONLY: "the database is read-only: make the file and its directory writable for this user, and open it without"
    " mode=ro and PRAGMA query_only",
    IOERR: "the disk reports an error while reading or writing the database file",
    CORRUPT: "the database file is damaged: restore a copy, or try .recover in the sqlite3 shell",
    FULL: "the disk is full: nothing was changed; make room and run again",
    CANTOPEN: "the database file cannot be opened: check that its directory exists and may be read and written",
    NOTADB: "the file is not an SQLite database, or it is encrypted: correct the URL, or give the guard the"
    " application's engine",
}
_UNFINISHED = frozenset({264, 776})
"""SQLITE_READONLY_RECOVERY and SQLITE_READONLY_ROLLBACK."""
_NEWER = "unsupported file format"
_SCHEMA = re.compile(r"malformed database schema \((?P<name>.*?)\)(?: - (?P<said>.*))?", re.DOTALL)
"""What SQLite says when it cannot parse the CREATE statement of an object."""
_OF_THE_APPLICATION = ("no such function", "unknown function", "no such collation sequence")
_OPENING = frozenset({CANTOPEN, NOTADB, CORRUPT, IOERR})


def primary_code(error: BaseException) -> int:
    """SQLite's primary result code of an error, 0 when it carries none. SQLAlchemy's wrapping is looked through."""
    if code := _extended_code(error):
        return code & 0xFF
    text = _text(error).lower()
    for fragment, known in (("not a database", NOTADB), ("malformed", CORRUPT), ("is locked", BUSY)):
        if fragment in text:
            return known
    return 0


def _extended_code(error: BaseException) -> int:
    code = getattr(getattr(error, "orig", None) or error, "sqlite_errorcode", 0)
    return code if isinstance(code, int) else 0


def _text(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error)


def unreachable(database: str, error: BaseException) -> UnreachableError:
    return UnreachableError(f"{database}: {_why_not_opened(database, error)}")


def _why_not_opened(database: str, error: BaseException) -> str:
    text = _text(error)
    if _extended_code(error) in _UNFINISHED:
        return (
            "a transaction that was cut off left its journal, and this user may not write, so cannot roll it back: open"
            " the database once as a user that may write the file and its directory"
        )
    if primary_code(error) == READONLY:
        return (
            "it cannot be read: a database in WAL mode needs a directory that this user may write. Make it writable,"
            f" or, where nobody else uses the file, open it by sqlite:///file:{quote(database)}?immutable=1&uri=true"
        )
    if text == _NEWER:
        return f"a newer SQLite than {sqlite3.sqlite_version} wrote the file, or it is damaged: use a newer one"
    schema = _SCHEMA.search(text)
    if schema is not None and schema["said"]:
        return (
            f"SQLite {sqlite3.sqlite_version} cannot read the definition of {schema['name']} ({schema['said']}): a"
            " newer SQLite wrote it, or somebody edited it (PRAGMA writable_schema): use a newer one, or restore a copy"
        )
    return _WORDS.get(primary_code(error), text)


def failure(database: str, error: BaseException) -> GuardError:
    """What to raise when a statement that changes something failed."""
    code = primary_code(error)
    if code == BUSY:
        return LockTimeoutError(
            f"{database} is locked: another connection writes or reads in a long transaction"
            " (SQLite doesn't tell which); nothing was changed, run again"
        )
    if code == LOCKED:
        return LockTimeoutError(f"{database} is locked by a statement of this process; nothing was changed")
    if code == INTERRUPT:
        return StepError(f"{database}: the statement took longer than the statement timeout; nothing was changed")
    text = _text(error)
    if text.startswith(_OF_THE_APPLICATION):
        return StepError(
            f"{database}: {text}; nothing was changed: the application registers it on its own connections,"
            " so give Guard.apply its engine in place of a URL"
        )
    return StepError(f"{database}: {_WORDS.get(code, text)}")


def unfit_rows(database: str, table: str, error: BaseException) -> StepError:
    """What to raise when the rows of a table cannot be copied into the same table made again: they came in with checks
    off, or by an old version of SQLite, or the file is damaged. SQLite names the copy in what it says of a column."""
    said = re.sub(rf"\bnew_{re.escape(table)}(_\d+)?\.", lambda _: f"{table}.", _text(error))
    return StepError(
        f"{database}: rows of {table} don't keep what the table promises ({said}); nothing was changed:"
        " find them with PRAGMA integrity_check, fix them and run again"
    )


def no_copy(target: str, error: OSError) -> StepError:
    """What to raise when the copy of the file, without which no table is rebuilt, cannot be written."""
    return StepError(
        f"{target} cannot be written ({error.strerror or error}); nothing was changed: make its directory writable for"
        " this user, as SQLite's own journal needs it too, and run again"
    )


def reading_failure(database: str, error: BaseException, timeout: float | None = None) -> GuardError:
    """What to raise when a SELECT failed."""
    code = primary_code(error)
    if code in _OPENING or code == READONLY or _text(error) == _NEWER:
        return unreachable(database, error)
    if code == INTERRUPT and timeout is not None:
        return ReadError(f"{database}: reading took longer than {timeout:g} s")
    if code in (BUSY, LOCKED):
        return LockTimeoutError(f"{database} is locked: another connection is writing; run again")
    return ReadError(f"{database}: {_WORDS.get(code, _text(error))}")
