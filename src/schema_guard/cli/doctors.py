"""The doctor of a database and its chain, as a command line names them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from schema_guard.cli.choices import PROGRAM, chosen_chain, lost_words
from schema_guard.cli.location import serves
from schema_guard.cli.output import log
from schema_guard.many.member import MAIN

if TYPE_CHECKING:
    from schema_guard.chain.doctor import Doctor
    from schema_guard.cli.request import Request

__all__ = ["Place", "doctor_of", "place_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the chain is, what env.py is told, and where scratch databases may be made: as it was typed."""

    config: str | None
    section: str
    x: tuple[str, ...]
    scratch_url: str | None

    @property
    def chosen(self) -> tuple[tuple[str, str], ...]:
        """The options for the next command, besides those that name the chain."""
        return (
            *(("-x", told) for told in self.x),
            *((("--scratch-url", self.scratch_url),) if self.scratch_url is not None else ()),
        )


def place_of(x: tuple[str, ...] = (), scratch_url: str | None = None) -> Place:
    """With the chain that --config and --name name."""
    chain = chosen_chain()
    return Place(chain.get("config"), chain.get("name", "alembic"), x, scratch_url)


def doctor_of(asked: Request, url: Any, place: Place | None = None, lost: tuple[str, ...] = ()) -> Doctor:
    """The doctor for this database and chain. Raises ConfigurationError: Alembic is not installed."""
    from schema_guard.chain import find_location, require_alembic
    from schema_guard.chain.commands import Commands
    from schema_guard.chain.doctor import Doctor
    from schema_guard.config import normalise_url

    require_alembic()
    place = place or place_of()
    settings = asked.settings
    direct = url != asked.url and settings.ddl_url is not None
    location = find_location(place.config, place.section)
    if asked.bind and location is not None and not serves(location, asked.bind):
        log(f"bind {asked.bind}: the Alembic chain at hand serves the main database; env.py names no other bind")
    if location is not None and asked.program != PROGRAM:
        location = replace(location, program=asked.program[:-1])
    if location is not None:
        location = replace(location, url=dict(asked.options).get("--url", ""), x=place.x)
    return Doctor(
        guard=asked.guard,
        commands=Commands(asked.program, asked.arguments, (*asked.options, *place.chosen, *lost_words(lost))),
        loaded=settings.required_target(),
        url=url,
        written=settings.ddl_url if direct else settings.url,
        location=location,
        x=place.x,
        scratch_server=normalise_url(place.scratch_url, "--scratch-url") if place.scratch_url else None,
        main=asked.bind in ("", MAIN),
        lost=lost,
        say=log,
    )
