"""Noun: one of an application's databases, with the guard of what belongs there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schema_guard.address import parse_address
from schema_guard.errors import ConfigurationError
from schema_guard.scope import Scope
from schema_guard.selector import Selector

if TYPE_CHECKING:
    from schema_guard.guard import Guard

__all__ = ["MAIN", "Member", "acquainted", "apart", "chosen"]

MAIN = "main"
"""What the database without a name of its own is called."""


@dataclass(frozen=True, slots=True)
class Member:
    """A bind.

    Args:
        name: as the application calls it.
        guard: of the models that live there.
        database: an Engine, an AsyncEngine or a URL; None is whatever a person or the environment says.
        problem: why the database is not known, for people.
    """

    name: str
    guard: Guard
    database: Any = None
    problem: str = ""

    @property
    def url(self) -> str | None:
        """Of the database, with its password."""
        return url_text(self.database)

    @property
    def engine(self) -> Any:
        """Where the database is given as an Engine or an AsyncEngine; None where a URL leads there."""
        return self.database if hasattr(getattr(self.database, "sync_engine", self.database), "url") else None

    @property
    def place(self) -> object:
        """What two binds have in common that lead to one database; None where that is not known."""
        return place_of(self.url)


def url_text(database: Any) -> str | None:
    """Of an Engine, an AsyncEngine or a URL; with its password."""
    engine = getattr(database, "sync_engine", database)
    url = getattr(engine, "url", engine)
    if hasattr(url, "render_as_string"):
        return str(url.render_as_string(hide_password=False))
    return url if isinstance(url, str) else None


def place_of(text: str | None) -> object:
    """Where a URL leads, without the driver, the user and the password; None where that is not known."""
    try:
        url = None if text is None else parse_address(text)
    except (LookupError, ValueError):
        return None
    if url is None:
        return None
    if url.is_file:
        from schema_guard.dialects.sqlite.location import file_of

        file = file_of(url.database or "", url.query)
        return str(Path(file).resolve()) if file else None
    query = {key: str(value) for key, value in url.query.items() if key in ("host", "port", "options", "service")}
    return (url.host, url.port or 5432, url.database or url.username, tuple(sorted(query.items())))


def chosen(members: Sequence[Member], names: Iterable[str]) -> list[Member]:
    """Those of these names; all where none is named. Raises ConfigurationError: there is none of that name."""
    wanted = list(names)
    known: Mapping[str, Member] = {member.name: member for member in members}
    for name in wanted:
        if name not in known:
            raise ConfigurationError(f"there is no bind {name!r}; the application has {', '.join(known)}")
    return [member for member in members if not wanted or member.name in wanted]


def acquainted(members: Sequence[Member]) -> list[Member]:
    """The same members, each of which knows the names of the others' tables: `include` may mean those as well."""
    found = []
    for member in members:
        names = tuple(name for other in members if other is not member for name in other.guard.source.tables)
        scope = Scope(others=names)
        found.append(replace(member, guard=member.guard.changed(scope=scope)) if names else member)
    return found


def apart(members: Sequence[Member]) -> list[Member]:
    """The same members; of those in one database each takes the tables of the others for known."""
    members = acquainted(members)
    return [_apart(member, [other for other in members if other is not member]) for member in members]


def _apart(member: Member, others: Sequence[Member]) -> Member:
    beside = [other for other in others if member.place is not None and other.place == member.place]
    if not beside:
        return member
    own = set(member.guard.source.tables)
    tables = {name for other in beside for name in other.guard.source.tables if name not in own}
    patterns = (f"{name.schema}.{name.name}" if name.schema else name.name for name in sorted(tables, key=str))
    elsewhere = tuple(Selector(pattern, "table", "another bind") for pattern in patterns)
    return replace(member, guard=member.guard.changed(scope=Scope(elsewhere=elsewhere)))
