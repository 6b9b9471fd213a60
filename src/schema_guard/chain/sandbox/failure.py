"""What went wrong in a project's own code: why, and where in its files."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from configparser import InterpolationSyntaxError
from pathlib import Path

from schema_guard.chain.sandbox.job import BARE_PERCENT, Failed, Failure
from schema_guard.chain.sandbox.own_locks import waits_for_itself
from schema_guard.chain.sandbox.redirect import ElsewhereError
from schema_guard.chain.sandbox.unwritten import KeptUnwrittenError
from schema_guard.dialects.postgresql.failures import without_values
from schema_guard.errors import GuardError, one_line

__all__ = ["failed", "place_of"]

_STATES = {
    "55P03": Failure.LOCK,
    "40P01": Failure.LOCK,
    "42P07": Failure.EXISTS,
    "42701": Failure.EXISTS,
    "42710": Failure.EXISTS,
    "42P06": Failure.EXISTS,
    "42P01": Failure.LACKS,
    "42703": Failure.LACKS,
    "42704": Failure.LACKS,
    "3F000": Failure.LACKS,
    "25006": Failure.READ_ONLY,
}
"""SQLSTATEs (PostgreSQL manual, appendix A)."""
_WORDS = (
    ("database is locked", Failure.LOCK),
    ("database table is locked", Failure.LOCK),
    ("already exists", Failure.EXISTS),
    ("duplicate column name", Failure.EXISTS),
    ("no such", Failure.LACKS),
    ("readonly database", Failure.READ_ONLY),
)
"""What SQLite says; it has no codes for these. Alembic's batch mode says "No such constraint"."""


def failed(error: BaseException, revision: str, folders: Sequence[str]) -> Failed:
    """What to tell of an error.

    Args:
        error: what was raised.
        revision: which one was running; empty before any was.
        folders: where the project's revisions and env.py lie.
    """
    why = next((kind for link in _links(error) if (kind := _kind(link)) is not None), None)
    if why is None:
        why = Failure.OTHER if revision else Failure.ENVIRONMENT
    file, line = place_of(error, folders)
    return Failed(why, _message(error), revision, file, line)


def place_of(error: BaseException, folders: Sequence[str]) -> tuple[str, int]:
    """File and line of the last frame that lies in one of these files or folders; ("", 0) when none does."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if any(Path(frame.filename).is_relative_to(folder) for folder in folders)
    ]
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)


def _links(error: BaseException) -> Iterator[BaseException]:
    """The error, what it wraps and what it came from."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        orig = getattr(link, "orig", None)
        waiting += [link.__context__, link.__cause__, orig if isinstance(orig, BaseException) else None]


def _kind(error: BaseException) -> Failure | None:
    if isinstance(error, ElsewhereError):
        return Failure.ELSEWHERE
    if waits_for_itself(error):
        return Failure.ITSELF
    if isinstance(error, KeptUnwrittenError):
        return Failure.READ_ONLY
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}  # as pg8000 says it
    for state in (getattr(error, "sqlstate", ""), getattr(error, "pgcode", ""), told.get("C")):
        kind = _STATES.get(str(state))
        if kind is not None:
            return kind
    text = str(error).lower()
    if type(error).__module__.startswith(("sqlite3", "aiosqlite", "sqlcipher")) or isinstance(error, ValueError):
        return next((kind for words, kind in _WORDS if words in text), None)
    return None


def _message(error: BaseException) -> str:
    """The driver's own words, without the statement, a row's values and SQLAlchemy's link."""
    orig = getattr(error, "orig", None)
    inner = orig if isinstance(orig, BaseException) else error
    text = without_values(inner) or str(inner)
    if isinstance(inner, GuardError):
        return inner.message
    name = type(inner).__name__
    if isinstance(inner, InterpolationSyntaxError):  # its text quotes the value, which may be a URL with its password
        return f"{name}: {BARE_PERCENT}"
    return one_line(f"{name}: {text}") if text else name
