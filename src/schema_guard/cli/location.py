"""Where the chain is that a command goes by, and which databases it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema_guard.cli.choices import chosen_chain
from schema_guard.errors import ConfigurationError
from schema_guard.many.member import MAIN

if TYPE_CHECKING:
    from schema_guard.chain.location import Location

__all__ = ["location_at_hand", "serves"]

SEVERAL = ("engine_name", "bind_names")
"""What stands in an env.py that is made of a template for several databases."""


def location_at_hand() -> Location | None:
    """Where the chain is that was named, else that of the working directory; None where there is none, or where
    several may be meant.

    Raises ConfigurationError: what was named is none.
    """
    from schema_guard.chain.location import find_location, location_here

    if chosen := chosen_chain():
        return find_location(chosen.get("config"), chosen.get("name", "alembic"))
    try:
        return location_here()
    except ConfigurationError:
        return None


def serves(location: Location, bind: str) -> bool:
    """Whether the chain works on that bind: on the main database, and on all where its env.py is made for several."""
    from schema_guard.chain.files import env_text

    if bind in ("", MAIN):
        return True
    text = env_text(location) or ""
    return any(word in text for word in SEVERAL)
