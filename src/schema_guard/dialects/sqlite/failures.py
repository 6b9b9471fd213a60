"""What SQLite's result codes mean, as one line each (https://sqlite.org/rescode.html)."""

from __future__ import annotations

from schema_guard.errors import GuardError, LockTimeoutError, ReadError, StepError, UnreachableError

__all__ = ["failure", "primary_code", "reading_failure", "unreachable"]

BUSY, LOCKED, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB = 5, 6, 8, 9, 10, 11, 13, 14, 26

_WORDS = {
    READONLY: "the database file is read-only: make it and its directory writable for this user",
    IOERR: "the disk reports an error while reading or writing the database file",
    CORRUPT: "the database file is damaged: restore a copy, or try .recover in the sqlite3 shell",
    FULL: "the disk is full: nothing was changed; make room and run again",
    CANTOPEN: "the database file cannot be opened: check that its directory exists and may be read and written",
    NOTADB: "the file is not an SQLite database",
}
_OPENING = frozenset({CANTOPEN, NOTADB, CORRUPT, IOERR})


def primary_code(error: BaseException) -> int:
    """SQLite's primary result code of an error, 0 when it carries none. SQLAlchemy's wrapping is looked through."""
    original = getattr(error, "orig", None) or error
    code = getattr(original, "sqlite_errorcode", 0)
    if isinstance(code, int) and code:
        return code & 0xFF
    text = str(original).lower()
    for fragment, known in (("not a database", NOTADB), ("malformed", CORRUPT), ("is locked", BUSY)):
        if fragment in text:
            return known
    return 0


def _text(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error)


def unreachable(database: str, error: BaseException) -> UnreachableError:
    return UnreachableError(f"{database}: {_WORDS.get(primary_code(error), _text(error))}")


def failure(database: str, error: BaseException) -> GuardError:
    """What to raise when a statement that changes something failed."""
    code = primary_code(error)
    if code == BUSY:
        return LockTimeoutError(
            f"{database} is locked: another connection writes or reads in a long transaction"
            " (SQLite doesn't tell which); nothing was changed, run again"
        )
    if code == LOCKED:
        return LockTimeoutError(f"{database} is locked by a statement of this very process; nothing was changed")
    if code == INTERRUPT:
        return StepError(f"{database}: the statement took longer than the statement timeout; nothing was changed")
    return StepError(f"{database}: {_WORDS.get(code, _text(error))}")


def reading_failure(database: str, error: BaseException, timeout: float | None = None) -> GuardError:
    """What to raise when a SELECT failed."""
    code = primary_code(error)
    if code in _OPENING:
        return unreachable(database, error)
    if code == INTERRUPT and timeout is not None:
        return ReadError(f"{database}: reading took longer than {timeout:g} s")
    if code in (BUSY, LOCKED):
        return LockTimeoutError(f"{database} is locked: another connection is writing; run again")
    return ReadError(f"{database}: {_WORDS.get(code, _text(error))}")
