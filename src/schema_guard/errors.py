"""What can go wrong, as a tree; every leaf has a stable code and the exit code of the command line.

    GuardError
    ├── ConfigurationError        exit 2   no URL, an unknown key, a TARGET that does not import
    │   └── TargetError           exit 2   TARGET names no models
    ├── UnreachableError          exit 3   the database does not answer in time
    ├── LockTimeoutError          exit 4   could not acquire a lock in time; nothing was lost
    │   └── OutOfTimeError        exit 4   a statement took longer than it was given; nothing was lost
    ├── StoppedError              exit 128 + the signal's number, as shells have it
    └── StepError                 exit 5   a statement failed
        └── ReadError             exit 5   the catalog or the rows could not be read

The message of each is one line: the object, what it blocks, why, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from schema_guard.hidden import without_password

__all__ = [
    "argument",
    "ConfigurationError",
    "GuardError",
    "LockTimeoutError",
    "OutOfTimeError",
    "ReadError",
    "StepError",
    "StoppedError",
    "TargetError",
    "UnreachableError",
    "escaped",
    "one_line",
]


class GuardError(Exception):
    """The root of everything this package raises on purpose.

    Args:
        message: one line for a person; control characters in it are shown as escapes.
    """

    code: str = "guard-error"
    exit_code: int = 5

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))

    @property
    def message(self) -> str:
        return str(self.args[0])


class ConfigurationError(GuardError):
    """What was given cannot be used: an option, a setting, a URL, an argument."""

    code = "configuration"
    exit_code = 2


class TargetError(ConfigurationError):
    """No models were found where TARGET, or an argument, says that they are."""

    code = "target"


class UnreachableError(GuardError):
    """No connection.

    Args:
        message: one line for a person.
        lasting: waiting will not help: a wrong password, no such database.
        full: the server, the database or the role has as many connections as it may have.
    """

    def __init__(self, message: str, *, lasting: bool = False, full: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting
        self.full = full

    code = "unreachable"
    exit_code = 3


class LockTimeoutError(GuardError):
    """Could not acquire a lock in time; nothing was changed.

    Args:
        message: one line for a person.
        blockers: who holds the lock, one phrase for each session: PID, state, age, query.
    """

    code = "lock-timeout"
    exit_code = 4

    def __init__(self, message: str, blockers: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.blockers = tuple(one_line(blocker) for blocker in blockers)


class OutOfTimeError(LockTimeoutError):
    """A statement took longer than it was given; nothing was changed.

    Args:
        message: one line for a person.
        progress: how much of the work was done, from 0 to 1; None when the server doesn't tell.
    """

    code = "out-of-time"

    def __init__(self, message: str, progress: float | None = None) -> None:
        super().__init__(message)
        self.progress = progress


class StoppedError(GuardError):
    """A signal came before anything was begun, or while waiting.

    Args:
        signal: its number.
        reason: its name.
    """

    code = "stopped"

    def __init__(self, signal: int, reason: str) -> None:
        super().__init__(f"stopped by {reason}; every step that was finished stays, run again to go on")
        self.exit_code = 128 + signal


class StepError(GuardError):
    """A statement of a step failed, or something that breaks the application remains where it must not."""

    code = "step-failed"
    exit_code = 5


class ReadError(StepError):
    """The catalog, or rows that have to be counted, cannot be read."""

    code = "read-failed"


@contextmanager
def argument(name: str) -> Iterator[str]:
    """Gives how messages call an argument of Guard; a ValueError of the body is one of the configuration."""
    origin = f"Guard({name}=..)"
    try:
        yield origin
    except ValueError as error:
        raise ConfigurationError(f"{origin}: {error}") from None


def one_line(text: str) -> str:
    """The text without passwords, line breaks and terminal control characters: safe to print as one line."""
    return escaped(without_password(text))


def escaped(text: str) -> str:
    """The same for a text that can hold no password: what the models say."""
    joined = " ".join(part.strip() for part in text.splitlines() if part.strip())
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in joined)
