"""The chain that is at hand where apply, run and plan work: what it is still to do, the guard leaves to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from schema_guard.cli.choices import PROGRAM, chain_words, lost_words
from schema_guard.cli.location import location_at_hand, serves
from schema_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from schema_guard.chain.ahead import Ahead
    from schema_guard.chain.sandbox.replay import Project
    from schema_guard.cli.request import Request
    from schema_guard.guard import Guard

__all__ = ["of_fleet", "with_chain"]


def of_fleet(guard: Guard, target: str | None) -> Guard:
    """The guard, which leaves to the chain what is the chain's on each database of a fleet.

    The files are read once. Where only env.py can say where alembic_version is, it is not asked for each database: the
    guard goes on as without a chain.
    """
    from schema_guard.chain.ahead import Ahead
    from schema_guard.chain.commands import Commands

    location = location_at_hand()
    if location is None:
        return guard
    typed = () if target is None else (target,)
    ahead = Ahead(location, lambda: None, Commands(PROGRAM, typed, (("--url", "URL"), *chain_words())))
    ahead.read()
    return guard.withholding(ahead)


def with_chain(asked: Request, lost: tuple[str, ...] = ()) -> tuple[Guard, Ahead | None]:
    """The guard, which leaves to the chain what is the chain's; and what reads the chain, None where there is none."""
    from schema_guard.chain.ahead import Ahead
    from schema_guard.chain.commands import Commands

    location = location_at_hand()
    if location is None or not serves(location, asked.bind):
        return asked.guard, None
    if asked.program != PROGRAM:
        location = replace(location, program=asked.program[:-1])

    def describe() -> Project | None:
        from schema_guard.cli.doctors import doctor_of

        try:
            return doctor_of(asked, asked.ddl_url).describe()
        except ConfigurationError:
            return None  # Alembic is not installed here

    options = (*asked.options, *lost_words(lost))
    ahead = Ahead(location, describe, Commands(asked.program, asked.arguments, options), lost)
    return asked.guard.withholding(ahead), ahead
