"""The databases of a fleet, as a file lists them: a URL on each line, or NAME=URL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from schema_guard.database_url import normalise
from schema_guard.errors import ConfigurationError
from schema_guard.hidden import MASK, SHORTEST, hide
from schema_guard.many.member import place_of

__all__ = ["Entry", "entries_of", "of_shard"]

_NAMED = re.compile(r"(?P<name>[\w.-]+)\s*=\s*(?P<url>[\w+]+://.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """One database.

    Args:
        name: what reports call it: as it is listed, else host and database. Never a password.
        url: with an installed driver.
        key: stays the same from run to run; what `--shard` and the state go by.
    """

    name: str
    url: str
    key: str


def entries_of(lines: Iterable[str]) -> list[Entry]:
    """Those of the lines, each once. Blank lines are skipped, and comments: # at the start of a line or after a space.

    Raises:
        ConfigurationError: a line is no URL, or two databases have one name.
    """
    found: dict[str, Entry] = {}
    names: dict[str, str] = {}
    for number, text in enumerate(lines, start=1):
        line = re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()
        if not line:
            continue
        entry = _entry(line, number)
        if entry.key in found:
            continue
        if names.setdefault(entry.name, entry.key) != entry.key:
            raise ConfigurationError(f"line {number} of the URLs: {entry.name} is the name of another database")
        found[entry.key] = entry
    if not found:
        raise ConfigurationError("there is no URL in the list of databases")
    return list(found.values())


def _entry(line: str, number: int) -> Entry:
    named = _NAMED.fullmatch(line)
    written = named["url"] if named else line
    hide(written)
    try:
        address = normalise(written).address
    except ConfigurationError as error:
        raise ConfigurationError(f"line {number} of the URLs: {error.message}") from None
    url = address.render_as_string(hide_password=False)
    key = hashlib.sha256(repr(place_of(url)).encode()).hexdigest()[:32]
    place = f"{address.host or 'local'}{f':{address.port}' if address.port else ''}/{address.database or ''}"
    if named:
        return Entry(_without(address.password, named["name"], place), url, key)
    return Entry((address.database or ":memory:") if address.is_file else place, url, key)


def _without(password: str | None, name: str, place: str) -> str:
    """A list may be made by a script that puts the password into the name; what the URL says openly is none."""
    is_secret = password and len(password) >= SHORTEST and password not in place
    return name.replace(password, MASK) if password and is_secret else name


def of_shard(entries: Iterable[Entry], number: int, count: int) -> list[Entry]:
    """Those of shard `number` of `count`, from 1: each database is in one, whatever else is listed."""
    return [entry for entry in entries if int(entry.key, 16) % count == number - 1]
