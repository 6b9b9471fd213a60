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

__all__ = ["hide", "may_hold_secrets", "without_password", "without_secrets"]

MASK = "***"
SHORTEST = 5
"""Characters of a value that is hidden wherever it stands: shorter ones stand in ordinary words."""

_NAME = r"[\w.-]*(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api_?key|credentials?|signature)[\w.-]*"
_VALUE = r"""[bBrRuUeE]{0,2}(?P<value>'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$)|[^\s&;,)}\]'"]+)"""
_URL = r"(?P<head>[a-zA-Z][\w+.-]*://[^:/?#\s@]*:)(?P<value>[^\s]*(?=@)|[^@\r\n]*(?=@))"
_KEY = rf"(?i)(?P<head>\b{_NAME}\s*(?:=>?|%3D)\s*){_VALUE}"
_ITEM = rf"(?i)(?P<head>(?P<quote>['\"]){_NAME}(?P=quote)\s*:\s*){_VALUE}"
_PAIR = rf"(?i)(?P<head>\((?P<quote>['\"]){_NAME}(?P=quote)\s*,\s*){_VALUE}"
_SQL = r"(?i)(?P<head>\bpassword\s+)[eE]?(?P<value>'(?:[^'\\]|\\.|'')*(?:'|$)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|$))"
_PARAMETERS = r"(?P<head>\[parameters: )(?P<value>.*)"
_LITERAL = r"(?<![\w)\]])[eE]?'(?:[^']|'')*'"
_BEARER = r"(?i)(?P<head>\b(?:bearer|basic)\s+)(?P<value>[\w.~+/-]{8,}=*)"
_WITHIN = (_URL, _KEY, _ITEM, _BEARER)
"""What looks like a secret in a literal of SQL. Outside of one `password = x` compares a column."""
_TRACES = r"(?i)pass|pwd|secret|token|api_?key|credential|signature|bearer|basic |:[^\s]*@"
_PLACES = (_URL, _KEY, _ITEM, _PAIR, _SQL, _PARAMETERS)
"""Compiled when the first text is looked at: a check that has nothing to say needs none of them."""

_VARIABLE = r"(?i)(?:PASS|PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_KEY|SECRET_KEY)$"
_PUBLIC = ("PGUSER", "PGDATABASE", "PGHOST", "POSTGRES_USER", "POSTGRES_DB", "USER", "LOGNAME")
_SECRET_ARGUMENT = rf"(?i){_NAME}\Z"

_urls: set[str] = set()
"""Those that were used, whose passwords are looked for when the next text is printed."""
_hidden: dict[str, set[str]] = {}
"""By their first SHORTEST characters: a fleet has hundreds of thousands, and a text few places where one may begin."""
_public: set[str] = set()


def hide(url: str) -> None:
    """From now on no message holds a password of this URL, as it is written or as it is meant."""
    _urls.add(url)


def without_password(text: str) -> str:
    """The text with *** in place of each password, by place and by value; one that was found stands nowhere else."""
    found: set[str] = set()

    def masked(match: re.Match[str]) -> str:
        found.update(_spellings(match["value"].strip("'\"$@").removesuffix("@")))
        return f"{match['head']}{MASK}"

    for place in _PLACES:
        text = re.sub(place, masked, text)
    for value in sorted(_values(found, text), key=len, reverse=True):
        if value in text:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
    return text


def may_hold_secrets(text: str) -> bool:
    """Whether it is worth looking: quick, and true too often, in whatever way the text is escaped."""
    return re.search(_TRACES, text) is not None


def without_secrets(text: str, *, literal: bool = False) -> str:
    """SQL, or a sentence with SQL in it, with *** in place of what looks like a secret in a literal: a URL's password,
    `key=..` and its like. A default, a CHECK or a comment may hold one.

    Args:
        text: SQL or a sentence; or the content of one literal.
        literal: it is that.
    """
    if literal:
        return _masked(text, _WITHIN)
    if "'" not in text and "://" not in text:
        return text
    text = re.sub(_LITERAL, lambda literal: _masked(literal[0], _WITHIN), text)
    return _masked(text, (_URL,))


def _masked(text: str, places: Iterable[str]) -> str:
    for place in places:
        text = re.sub(place, lambda match: f"{match['head']}{MASK}", text)
    return text


def _values(found: set[str], text: str) -> set[str]:
    """All that may stand in the text; what a URL says openly, such as its user, is no secret if the password is it."""
    variables = dict(os.environ)
    while _urls:
        url = _urls.pop()
        for value in _passwords(url):
            _hidden.setdefault(value[:SHORTEST], set()).add(value)
        _public.update(_named(url))
    for place in range(len(text) - SHORTEST + 1):
        found |= _hidden.get(text[place : place + SHORTEST], set())
    public = {variables[name] for name in _PUBLIC if name in variables}
    for name, value in variables.items():
        if re.search(_VARIABLE, name):
            found.update(_spellings(value))
        elif "://" in value:
            found.update(_passwords(value))
            public.update(_named(value))
    found.update(_of_files())
    known = {value for value in found if len(value) >= SHORTEST and value.strip("*")}
    return {value for value in known if value not in public and value not in _public}


def _passwords(url: str) -> Iterator[str]:
    from urllib.parse import parse_qsl

    authority, _, query = url.partition("://")[2].partition("?")
    written = authority.rpartition("@")[0].partition(":")[2]
    if written:
        yield from _spellings(written)
    for name, value in parse_qsl(query, keep_blank_values=False):
        if re.match(_SECRET_ARGUMENT, name):
            yield from _spellings(value)
        elif name == "user" and ":" in value:
            yield from _spellings(value.partition(":")[2])


def _named(url: str) -> Iterator[str]:
    """User, host and database."""
    from urllib.parse import unquote

    authority = url.partition("://")[2].partition("?")[0]
    user, _, place = authority.rpartition("@")
    yield unquote(user.partition(":")[0])
    host, _, database = place.partition("/")
    yield from (host.partition(":")[0], unquote(database))


def _spellings(value: str) -> Iterator[str]:
    from urllib.parse import quote, quote_plus, unquote, unquote_plus

    for meant in {value, unquote(value), unquote_plus(value)}:
        yield from {meant, quote(meant), quote(meant, safe=""), quote_plus(meant), repr(meant)[1:-1]}


def _of_files() -> Iterator[str]:
    home = os.environ.get("HOME")
    passwords = os.environ.get("PGPASSFILE") or (f"{home}/.pgpass" if home else "")
    services = os.environ.get("PGSERVICEFILE") or (f"{home}/.pg_service.conf" if home else "")
    for line in _lines(passwords):
        fields = re.split(r"(?<!\\):", line, maxsplit=4)
        if len(fields) == 5 and not line.startswith("#"):
            yield from _spellings(fields[4].replace("\\:", ":").replace("\\\\", "\\"))
    for line in _lines(services):
        name, _, value = line.partition("=")
        if re.match(_SECRET_ARGUMENT, name.strip()):
            yield from _spellings(value.strip())


def _lines(path: str) -> Iterable[str]:
    if path:
        with suppress(OSError, ValueError), open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read().splitlines()
    return ()
