"""The chain that is at hand where apply, run and plan work: what it is still to do, the guard leaves to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from schema_guard.cli.options import PROGRAM, chain_words, chosen_chain, lost_words
from schema_guard.errors import ConfigurationError
from schema_guard.many.member import MAIN

if TYPE_CHECKING:
    from schema_guard.chain.ahead import Ahead
    from schema_guard.chain.location import Location
    from schema_guard.chain.sandbox.replay import Project
    from schema_guard.cli.request import Request
    from schema_guard.guard import Guard

__all__ = ["location_at_hand", "of_fleet", "serves", "with_chain"]

SEVERAL = ("engine_name", "bind_names")
"""What stands in an env.py that is made of a template for several databases."""


def location_at_hand() -> Location | None:
    """Where the chain is that was named, else that of the working directory; None where there is none, or where
    several may be meant.

    Raises ConfigurationError: what was named is none.
    """
    from schema_guard.chain import find_location

    if chosen := chosen_chain():
        return find_location(chosen.get("config"), chosen.get("name", "alembic"))
    if Path.cwd() == Path(Path.cwd().anchor):
        return None  # nobody keeps a project at the root, and all of the machine lies below it
    try:
        return find_location()
    except ConfigurationError:
        return None


def serves(location: Location, bind: str) -> bool:
    """Whether the chain works on that bind: on the main database, and on all where its env.py is made for several."""
    from schema_guard.chain.files import env_text

    if bind in ("", MAIN):
        return True
    text = env_text(location) or ""
    return any(word in text for word in SEVERAL)


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
        from schema_guard.cli.chain import doctor_of

        try:
            return doctor_of(asked, asked.ddl_url).describe()
        except ConfigurationError:
            return None  # Alembic is not installed here

    options = (*asked.options, *lost_words(lost))
    ahead = Ahead(location, describe, Commands(asked.program, asked.arguments, options), lost)
    return asked.guard.withholding(ahead), ahead
