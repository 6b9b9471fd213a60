"""Settings: an argument wins over the environment, the environment over pyproject.toml's [tool.schema-guard].

What is accepted or excluded adds up: all three places count.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection, Mapping
from os import path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from schema_guard.address import Address
from schema_guard.database_url import NormalisedUrl, normalise, normalise_url
from schema_guard.errors import ConfigurationError
from schema_guard.hidden import without_password

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

    from schema_guard.acceptance import Acceptance
    from schema_guard.selector import Selector

__all__ = ["NormalisedUrl", "Settings", "load_settings", "normalise", "normalise_url", "seconds", "unknown_variables"]

TABLE = "tool.schema-guard"

_Item = TypeVar("_Item")

LOG_FORMATS = ("text", "json")
FAIL_ON = ("breaks", "weakens", "notes")

POLICY: Mapping[str, type[bool] | type[int]] = {
    "fill_constant_defaults": bool,
    "rewrite_below": int,
    "rebuild": bool,
    "backup": bool,
    "comments": bool,
}
"""The keys of `policy = {..}`: the fields of schema_guard.Policy."""

_DURATION = r"(?i)^\s*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>ms|s|m|h)?\s*$"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Settings(NamedTuple):
    """What was set and where; None is what nobody set. Durations are in seconds.

    `origins` says for each key where its value came from: 'argument', an environment variable's name, or a file.
    `searched` lists the places that were looked in, for the message that something is missing.
    """

    target: str | None = None
    url: str | None = None
    ddl_url: str | None = None
    budget: float | None = None
    wait: float | None = None
    lock_timeout: float | None = None
    statement_timeout: float | None = None
    fail_on: str | None = None
    required_only: bool | None = None
    beside: str | None = None
    """The release that still runs on the same database."""
    remember: bool | None = None
    """A satisfied check of a frozen file is remembered in the database."""
    allow_edited: bool | None = None
    """A frozen file is taken although its hash does not fit."""
    history: bool | None = None
    """What apply did is written into a table."""
    release: str | None = None
    """Of the application, for the history."""
    telemetry: bool | None = None
    """Whether apply is told to OpenTelemetry."""
    log_format: str | None = None
    """Of what is written to stderr."""
    policy: Mapping[str, bool | int] = MappingProxyType({})
    accept: tuple[Acceptance, ...] = ()
    """Findings that are taken out of the verdict, from every place."""
    include: tuple[Selector, ...] = ()
    """Of the place of highest rank that says so."""
    exclude: tuple[Selector, ...] = ()
    """From every place."""
    origins: Mapping[str, str] = MappingProxyType({})
    searched: tuple[str, ...] = ()

    def database_url(self) -> URL:
        """`database_address` as SQLAlchemy has it. Raises as that does."""
        return self.database_address().sqlalchemy()

    def database_address(self, *, quickest: bool = False) -> Address:
        """The URL with an installed driver; `quickest` as `normalise` takes it.

        Raises:
            ConfigurationError: none is set anywhere, or it is no usable URL.
        """
        if self.url is None:
            raise ConfigurationError(self.missing_url)
        return self._normalised("url", self.url, quickest=quickest)

    @property
    def missing_url(self) -> str:
        """What is said where no URL is set."""
        places = f"--url, SCHEMA_GUARD_URL, DATABASE_URL and {self._file_words('url')}"
        return f"no database URL: looked at {places}. Set one of them; nothing was guarded"

    def ddl_database_address(self) -> Address:
        """Where DDL goes: `ddl_url` past a pooler, else the URL. Raises as `database_address` does."""
        return self.database_address() if self.ddl_url is None else self._normalised("ddl_url", self.ddl_url)

    def required_target(self) -> str:
        """The TARGET. Raises ConfigurationError when none is set anywhere."""
        if self.target is None:
            raise ConfigurationError(
                f"no TARGET: looked at the argument, SCHEMA_GUARD_TARGET and {self._file_words('target')}. "
                "A target is module:attribute, for example app.models:db"
            )
        return self.target

    def _normalised(self, key: str, text: str, *, quickest: bool = False) -> Address:
        try:
            return normalise(text, quickest=quickest).address
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.origins.get(key, key)}: {error.message}") from None

    def _file_words(self, key: str) -> str:
        if self.searched:
            return f"[{TABLE}] {key} in {', '.join(self.searched)}"
        return "pyproject.toml (there is none in this directory or above)"


Parse = Callable[[object], object]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")
    if not value.strip():
        raise ValueError("is empty")
    return value.strip()


def _got(value: object) -> str:
    """What was given, without what may be a password: of a URL nothing, for it may be cut before the @."""
    text = without_password(repr(value))
    return ", not a URL" if "://" in text else f", not {text[:40]}"


def seconds(value: object) -> float:
    """A duration in seconds: 30, "1.5", "500ms", "60s", "2m", "1h".

    Raises:
        ValueError: it is none of these, or negative.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < 0 or not math.isfinite(value):
            raise ValueError("expected a duration of zero or more")
        return float(value)
    match = re.match(_DURATION, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"expected a duration such as 30, 1.5, 500ms, 60s or 2m{_got(value)}")
    return float(match["number"]) * _UNITS[(match["unit"] or "s").lower()]


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    answer = words.get(value.strip().lower()) if isinstance(value, str) else None
    if answer is None:
        raise ValueError(f"expected true or false{_got(value)}")
    return answer


def _fail_on(value: object) -> str:
    if not isinstance(value, str) or value.strip().lower() not in FAIL_ON:
        raise ValueError(f"expected one of {', '.join(FAIL_ON)}{_got(value)}")
    return value.strip().lower()


def _policy(value: object) -> dict[str, bool | int]:
    if not isinstance(value, Mapping):
        raise ValueError("expected a table such as policy = { comments = false }")
    parsed: dict[str, bool | int] = {}
    for key, item in value.items():
        kind = POLICY.get(key)
        if kind is None:
            raise ValueError(f"has no key {key!r}{_nearest(key, POLICY)}")
        if not isinstance(item, int) or isinstance(item, bool) is not (kind is bool) or item < 0:
            raise ValueError(f"{key}: expected {'true or false' if kind is bool else 'a number of rows'}")
        parsed[key] = item
    return parsed


def _log_format(value: object) -> str:
    if not isinstance(value, str) or value.strip().lower() not in LOG_FORMATS:
        raise ValueError(f"expected one of {', '.join(LOG_FORMATS)}{_got(value)}")
    return value.strip().lower()


_KEYS: Mapping[str, Parse] = {
    "target": _text,
    "url": _text,
    "ddl_url": _text,
    "budget": seconds,
    "wait": seconds,
    "lock_timeout": seconds,
    "statement_timeout": seconds,
    "fail_on": _fail_on,
    "required_only": _flag,
    "beside": _text,
    "allow_edited": _flag,
    "history": _flag,
    "release": _text,
    "log_format": _log_format,
    "telemetry": _flag,
    "remember": _flag,
    "policy": _policy,
}

ACCEPT, INCLUDE, EXCLUDE = "accept", "include", "exclude"
"""The settings that are lists."""

_NAMES = (*_KEYS, ACCEPT, INCLUDE, EXCLUDE)


def load_settings(
    arguments: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """Collect the settings.

    Args:
        arguments: by key; None stands for "not given".
        environment: default is this process's own. DATABASE_URL gives the url, SCHEMA_GUARD_URL comes before it.
        directory: where the search for pyproject.toml begins, upwards; default is the working directory.

    Raises:
        ConfigurationError: an unknown key, a value of the wrong type, or a file that is no TOML; names file and key.
    """
    environment = os.environ if environment is None else environment
    # Without pathlib, which takes longer to import than all of this.
    file, table = _from_file(path.realpath(directory or os.getcwd()))  # noqa: PTH109
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key, parse in _KEYS.items():
        given, origin = _find(key, arguments or {}, environment, table, file)
        if given is None:
            continue
        try:
            values[key] = parse(given)
        except ValueError as error:
            raise ConfigurationError(f"{origin}: {error}") from None
        origins[key] = origin
    places = (arguments or {}, environment, table, file)
    accepted = [each for found in _listed(ACCEPT, _accepted, *places) for each in found]
    # One that gives a reason comes before those that give none.
    values[ACCEPT] = tuple(sorted(accepted, key=lambda acceptance: not acceptance.reason))
    values[INCLUDE] = next((found for found in _listed(INCLUDE, _included, *places) if found), ())
    values[EXCLUDE] = tuple(each for found in _listed(EXCLUDE, _excluded, *places) for each in found)
    return Settings(**values, origins=origins, searched=() if file is None else (file,))  # type: ignore[arg-type]


def _accepted(value: object, origin: str) -> tuple[Acceptance, ...]:
    from schema_guard.acceptance import acceptances_of

    return acceptances_of(value, origin)


def _included(value: object, origin: str) -> tuple[Selector, ...]:
    from schema_guard.selector import INCLUDED, selectors_of

    return selectors_of(value, origin, INCLUDED)


def _excluded(value: object, origin: str) -> tuple[Selector, ...]:
    from schema_guard.selector import selectors_of

    return selectors_of(value, origin)


_OPEN = ("SCHEMA_GUARD_TEST_", "SCHEMA_GUARD_URL_")
"""How variables begin whose names are known to others: the suite's own, and the URL of each bind."""


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """One line for each SCHEMA_GUARD_* variable that sets nothing: a typo, or a setting of another version."""
    known = [f"SCHEMA_GUARD_{key.upper()}" for key in _NAMES if key != "policy"]
    return [
        f"the environment variable {name} sets nothing{_nearest(name, known)}"
        for name in sorted(environment)
        if name.startswith("SCHEMA_GUARD_") and name not in known and not name.startswith(_OPEN)
    ]


def _listed(
    key: str,
    parse: Callable[[object, str], tuple[_Item, ...]],
    arguments: Mapping[str, object],
    environment: Mapping[str, str],
    table: Mapping[str, object],
    file: str | None,
) -> list[tuple[_Item, ...]]:
    """What each place says, the one of highest rank first."""
    variable = f"SCHEMA_GUARD_{key.upper()}"
    places = (
        (f"--{key}", arguments.get(key)),
        (variable, environment.get(variable)),
        (f"{file}: [{TABLE}] {key}", table.get(key)),
    )
    found: list[tuple[_Item, ...]] = []
    for origin, value in places:
        try:
            if isinstance(value, str):
                _text(value)
            found.append(() if value is None else parse(value, origin))
        except ValueError as error:
            raise ConfigurationError(f"{origin}: {error}") from None
    return found


def _find(
    key: str,
    arguments: Mapping[str, object],
    environment: Mapping[str, str],
    table: Mapping[str, object],
    file: str | None,
) -> tuple[object | None, str]:
    """The value of highest rank, and where it comes from."""
    unknown = next((name for name in arguments if name not in _NAMES), None)
    if unknown is not None:
        raise ConfigurationError(f"unknown setting {unknown!r}{_nearest(unknown, _NAMES)}")
    if arguments.get(key) is not None:
        return arguments[key], f"argument {'TARGET' if key == 'target' else '--' + key.replace('_', '-')}"
    if key != "policy":
        names = [f"SCHEMA_GUARD_{key.upper()}", *(["DATABASE_URL"] if key == "url" else [])]
        for name in names:
            if name in environment:
                return environment[name], name
    return table.get(key), f"{file}: [{TABLE}] {key}"


def _from_file(directory: str) -> tuple[str | None, Mapping[str, object]]:
    """The nearest pyproject.toml upwards, and its table."""
    while not path.isfile(file := path.join(directory, "pyproject.toml")):  # noqa: PTH113, PTH118
        if directory == (above := path.dirname(directory)):  # noqa: PTH120
            return None, {}
        directory = above
    written = ""
    try:
        with open(file, encoding="utf-8") as opened:  # noqa: PTH123
            written = opened.read()
        _refuse_misnamed(written, file)
        if "schema-guard" not in written:
            return file, {}
        import tomllib  # takes long

        content = tomllib.loads(written)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:  # no UTF-8, or no TOML
        marked = "; it begins with a byte order mark: save it without" if written.startswith("\ufeff") else ""
        raise ConfigurationError(f"{file} is not valid TOML: {error}{marked}") from None
    tools = content.get("tool", {})
    table = tools.get("schema-guard", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file}: [{TABLE}] has to be a table")
    normal = {str(key).replace("-", "_"): (key, value) for key, value in table.items()}
    for name, (key, _) in normal.items():
        if {name, name.replace("_", "-")} <= table.keys() and "_" in name:
            raise ConfigurationError(f"{file}: [{TABLE}] has {key!r} twice, with a hyphen and with an underscore")
        if name not in _NAMES:
            raise ConfigurationError(f"{file}: [{TABLE}] has no key {key!r}{_nearest(name, _NAMES)}")
    return file, {name: value for name, (_, value) in normal.items()}


def _refuse_misnamed(written: str, file: str) -> None:
    """A table that nobody else reads, such as [tool.schema_guard]: its settings would be lost without a word."""
    for line in written.splitlines():
        if line.lstrip().startswith("[") and "guard" in line.lower():
            name = line.partition("#")[0].strip().strip("[]").replace('"', "").replace("'", "").replace(" ", "")
            parts = name.split(".")
            first = parts[1] if parts[0].lower() == "tool" and len(parts) > 1 else parts[0]
            if first.replace("-", "").replace("_", "").lower() == "schemaguard" and parts[:2] != TABLE.split("."):
                raise ConfigurationError(f"{file}: [{name}] is not read: the table's name is [{TABLE}]")


def _nearest(word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
