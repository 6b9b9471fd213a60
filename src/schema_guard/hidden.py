"""What must never be printed: passwords by their place in a text, and those that are known by their value.

A driver, an application or a library may put a password into any message. It is found by what stands before it
(`password=`, `'token':`, `://user:`), and, in whichever place it stands, by its value: of the URLs that were used, of
the environment, of the password file and the service file of libpq (manual, 34.15 to 34.17).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus

__all__ = ["hide", "without_password"]

MASK = "***"
SHORTEST = 5
"""Characters of a value that is hidden wherever it stands: shorter ones stand in ordinary words."""

_NAME = r"[\w.-]*(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api_?key|credentials?)[\w.-]*"
_VALUE = r"""[bBrRuUeE]{0,2}(?P<value>'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$)|[^\s&;,)}\]'"]+)"""
_URL = re.compile(r"(?P<head>[a-zA-Z][\w+.-]*://[^:/?#\s@]*:)(?P<value>[^\s]*(?=@)|[^@\r\n]*(?=@))")
_KEY = re.compile(rf"(?P<head>\b{_NAME}\s*(?:=>?|%3D)\s*){_VALUE}", re.IGNORECASE)
_ITEM = re.compile(rf"(?P<head>(?P<quote>['\"]){_NAME}(?P=quote)\s*:\s*){_VALUE}", re.IGNORECASE)
_PAIR = re.compile(rf"(?P<head>\((?P<quote>['\"]){_NAME}(?P=quote)\s*,\s*){_VALUE}", re.IGNORECASE)
_SQL = re.compile(
    r"(?P<head>\bpassword\s+)[eE]?(?P<value>'(?:[^'\\]|\\.|'')*(?:'|$)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|$))",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r"(?P<head>\[parameters: )(?P<value>.*)")
_PLACES = (_URL, _KEY, _ITEM, _PAIR, _SQL, _PARAMETERS)

_VARIABLE = re.compile(r"(?:PASS|PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_KEY|SECRET_KEY)$", re.IGNORECASE)
_PUBLIC = ("PGUSER", "PGDATABASE", "PGHOST", "POSTGRES_USER", "POSTGRES_DB", "USER", "LOGNAME")
_SECRET_ARGUMENT = re.compile(rf"{_NAME}\Z", re.IGNORECASE)

_hidden: set[str] = set()
_public: set[str] = set()


def hide(url: str) -> None:
    """From now on no message holds a password of this URL, as it is written or as it is meant."""
    _hidden.update(_passwords(url))
    _public.update(_named(url))


def without_password(text: str) -> str:
    """The text with *** in place of each password, by place and by value; one that was found stands nowhere else."""
    found: set[str] = set()

    def masked(match: re.Match[str]) -> str:
        found.update(_spellings(match["value"].strip("'\"$@").removesuffix("@")))
        return f"{match['head']}{MASK}"

    for place in _PLACES:
        text = place.sub(masked, text)
    for value in sorted(_values(found), key=len, reverse=True):
        if value in text:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
    return text


def _values(found: set[str]) -> set[str]:
    """All that are known now; what a URL says openly, such as its user, is no secret if the password is the same."""
    variables = dict(os.environ)
    found = found | _hidden
    public = _public | {variables[name] for name in _PUBLIC if name in variables}
    for name, value in variables.items():
        if _VARIABLE.search(name):
            found.update(_spellings(value))
        elif "://" in value:
            found.update(_passwords(value))
            public.update(_named(value))
    found.update(_of_files())
    return {value for value in found if len(value) >= SHORTEST and value.strip("*") and value not in public}


def _passwords(url: str) -> Iterator[str]:
    authority, _, query = url.partition("://")[2].partition("?")
    written = authority.rpartition("@")[0].partition(":")[2]
    if written:
        yield from _spellings(written)
    for name, value in parse_qsl(query, keep_blank_values=False):
        if _SECRET_ARGUMENT.match(name):
            yield from _spellings(value)
        elif name == "user" and ":" in value:
            yield from _spellings(value.partition(":")[2])


def _named(url: str) -> Iterator[str]:
    """User, host and database."""
    authority = url.partition("://")[2].partition("?")[0]
    user, _, place = authority.rpartition("@")
    yield unquote(user.partition(":")[0])
    host, _, database = place.partition("/")
    yield from (host.partition(":")[0], unquote(database))


def _spellings(value: str) -> Iterator[str]:
    for meant in {value, unquote(value), unquote_plus(value)}:
        yield from {meant, quote(meant), quote(meant, safe=""), quote_plus(meant), repr(meant)[1:-1]}


def _of_files() -> Iterator[str]:
    home = Path.home() if "HOME" in os.environ else None
    passwords = os.environ.get("PGPASSFILE") or (home / ".pgpass" if home else "")
    services = os.environ.get("PGSERVICEFILE") or (home / ".pg_service.conf" if home else "")
    for line in _lines(passwords):
        fields = re.split(r"(?<!\\):", line, maxsplit=4)
        if len(fields) == 5 and not line.startswith("#"):
            yield from _spellings(fields[4].replace("\\:", ":").replace("\\\\", "\\"))
    for line in _lines(services):
        name, _, value = line.partition("=")
        if _SECRET_ARGUMENT.match(name.strip()):
            yield from _spellings(value.strip())


def _lines(path: str | Path) -> Iterable[str]:
    if path:
        with suppress(OSError, ValueError):
            return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    return ()
