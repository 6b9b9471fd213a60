"""What a command line asks for: whose models, which database, within which limits."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schema_guard.address import Address
from schema_guard.cli.choices import PROGRAM
from schema_guard.config import Settings
from schema_guard.dialects import check_lasting
from schema_guard.dialects.deadline import Deadline
from schema_guard.difference import Impact
from schema_guard.errors import ConfigurationError
from schema_guard.execute.limits import Limits
from schema_guard.guard import Guard
from schema_guard.hidden import without_password
from schema_guard.sources.frozen import FrozenSource

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["WAIT", "Request", "is_frozen", "limits_of"]

WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """A guard, a database and the settings; `arguments` are what TARGET was on the command line, `program` what stood
    before the command, `options` those that chose the database and what counts.

    Of an application with several databases `bind` is the name of this one, `further` are the others."""

    guard: Guard
    address: Address
    settings: Settings
    arguments: tuple[str, ...]
    program: tuple[str, ...] = PROGRAM
    options: tuple[tuple[str, str], ...] = ()
    bind: str = ""
    further: tuple[Request, ...] = ()
    error: ConfigurationError | None = None
    """Why a bind cannot be looked at."""
    engine: Any = None
    """The application's own, which connects as it does: connect_args, creator, schema_translate_map, listeners."""

    def require(self) -> None:
        """Raises ConfigurationError: the bind cannot be looked at, or the URL names a database in memory."""
        if self.error is not None:
            raise self.error
        check_lasting(self.address)

    @property
    def every(self) -> tuple[Request, ...]:
        """For each database one."""
        return (self, *self.further)

    @property
    def url(self) -> URL:
        """The database, as SQLAlchemy has it."""
        return self.settings.database_url()

    @property
    def database(self) -> Any:
        """What a guard works on: the application's own engine where it leads to the database, else the URL."""
        return self.engine or (self.address if self.address.app_driver else self.url)

    @property
    def readable(self) -> Any:
        """The database for what only reads: without SQLAlchemy where the models are not needed either."""
        return self.address if is_frozen(self.guard) else self.database

    @property
    def fail_on(self) -> Impact:
        return Impact[(self.settings.fail_on or "breaks").upper()]

    @property
    def wait(self) -> float:
        """Seconds; a file does not come up later."""
        if self.address.is_file:
            return 0.0
        return min(WAIT, self.limits.budget) if self.settings.wait is None else self.settings.wait

    def deadline(self) -> Deadline:
        """Of a run that begins now: waiting for the database is part of the budget, unless it was given longer."""
        budget = self.limits.budget
        return Deadline(max(self.wait, budget), counted=self.wait <= budget)

    @property
    def ddl_url(self) -> URL:
        """Where apply works: past a pooler where the settings name a way."""
        return self.settings.ddl_database_address().sqlalchemy()

    @property
    def ddl_database(self) -> Any:
        """The same for a guard: the application's own engine where the settings name no other way."""
        if self.settings.ddl_url is None:
            return self.database
        app_driver = self.address.app_driver
        return self.settings.ddl_database_address()._replace(app_driver=app_driver) if app_driver else self.ddl_url

    @property
    def limits(self) -> Limits:
        return limits_of(self.settings)

    def next_command(self, command: str) -> str:
        """What a person would type next, as they typed this one."""
        typed = (*self.program, command, *self.arguments, *(word for pair in self.options for word in pair))
        shown = tuple(without_password(word) for word in typed)
        return f"{shlex.join(shown)}{'' if shown == typed else '  (with the password in place of ***)'}"


def limits_of(settings: Settings) -> Limits:
    """The time and the patience of an apply."""
    default = Limits()
    return Limits(
        budget=default.budget if settings.budget is None else settings.budget,
        lock_timeout=default.lock_timeout if settings.lock_timeout is None else settings.lock_timeout,
        statement_timeout=(
            default.statement_timeout if settings.statement_timeout is None else settings.statement_timeout
        ),
        required_only=bool(settings.required_only),
    )


def is_frozen(guard: Guard) -> bool:
    """Whether the expectations come from a file, and neither the application nor SQLAlchemy is imported."""
    return isinstance(guard.source, FrozenSource)
