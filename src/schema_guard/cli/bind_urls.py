"""Where each database of an application is: as a person says, the environment, or the application itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from schema_guard.cli.choices import chosen_bind_urls
from schema_guard.config import Settings
from schema_guard.errors import ConfigurationError
from schema_guard.many.member import Member, apart
from schema_guard.target.loading import Loaded
from schema_guard.target.own_database import refuse_adrift

__all__ = ["with_databases"]


def with_databases(loaded: Loaded, settings: Settings) -> list[Member]:
    """The members, each with its URL, or with what to do where nobody says it.

    Raises:
        ConfigurationError: `--bind-url` names no bind; or `OwnDatabase.chosen` refuses the main one's.
    """
    given = _given(loaded.members)
    return apart([_with_url(member, given, loaded, settings) for member in loaded.members])


def _with_url(member: Member, given: Mapping[str, str], loaded: Loaded, settings: Settings) -> Member:
    said: Any = given.get(member.name, os.environ.get(_variable(member.name)))
    if said is not None and not said.strip():
        raise ConfigurationError(f"{_variable(member.name)}: is empty")
    if said is None and member is loaded.members[0] and (member.database is None or loaded.own is not None):
        said = _main_database(loaded, settings)
    if said is not None:
        return replace(member, database=said)
    if member is loaded.members[0] and not member.problem and settings.url is None:
        return replace(member, problem=settings.missing_url)
    how = f"name it with --bind-url {member.name}=URL or {_variable(member.name)}"
    first = f"{member.problem}; " if member.problem else "nothing says where this database is; "
    return replace(member, problem=f"{first}{how}, or leave it out with --bind")


def _main_database(loaded: Loaded, settings: Settings) -> Any:
    """A URL, or the application's own engine where that leads to it."""
    if loaded.own is None:
        if settings.url is not None:
            refuse_adrift(settings.database_url(), loaded.around, settings.origins.get("url", ""))
        return settings.url
    given = None if settings.url is None else settings.database_url()
    url = loaded.own.chosen(given, settings.url, settings.origins.get("url", ""))
    return loaded.own.engine_for(url) or url


def _variable(name: str) -> str:
    return "SCHEMA_GUARD_URL_" + "".join(char if char.isalnum() else "_" for char in name).upper()


def _given(members: Sequence[Member]) -> dict[str, str]:
    """What `--bind-url` says."""
    found: dict[str, str] = {}
    known = [member.name for member in members]
    for text in chosen_bind_urls():
        name, _, url = text.partition("=")
        if name in known and not url:
            raise ConfigurationError(f"--bind-url {name}: the URL is missing; expected --bind-url {name}=URL")
        if name not in known:
            raise ConfigurationError(
                f"--bind-url {name}=..: there is no bind of that name; there are {', '.join(known)}"
            )
        found[name] = url
    return found
