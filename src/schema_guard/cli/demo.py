"""Takes a scene to a SQLite room and, when a URL names a PostgreSQL, to one there."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.cli.output import print_lines
from schema_guard.config import normalise_url
from schema_guard.demo.room import postgresql_room, sqlite_room
from schema_guard.demo.tour import Scene, tour
from schema_guard.exit_codes import FAILED, OK
from schema_guard.render.line import Line

__all__ = ["walk"]


def walk(scene: Scene, url: str | None, *, color: bool = True) -> int:
    """Show the scene; returns the exit code: 0 when everything went as told.

    Args:
        scene: what to show.
        url: a database; only a PostgreSQL adds a room.
        color: whether a terminal gets colour.
    """

    def say(lines: Sequence[Line]) -> None:
        print_lines(lines, color=color)

    parsed = None if url is None else normalise_url(url, "--url")
    with sqlite_room() as engine:
        went_well = tour(scene, engine, say)
    if parsed is not None and parsed.get_backend_name() == "postgresql":
        with postgresql_room(parsed) as engine:
            went_well = tour(scene, engine, say) and went_well
    return OK if went_well else FAILED
