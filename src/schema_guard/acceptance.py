"""Findings that a person takes out of the verdict, each by its key, or several by a pattern."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from schema_guard.counted import first_of
from schema_guard.pattern import ANY, matches, nearest

__all__ = ["Acceptance", "Matched", "acceptances_of", "day", "matched", "short_key", "split_keys"]

PRUNE = "the command `accept --prune` removes"
IN_FILE = "[tool.schema-guard]"
"""What the origin of an acceptance from pyproject.toml holds."""
NAMED = 3


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that is known and left alone.

    Args:
        key: the finding's key, as `check` shows it; * in it stands for any characters.
        reason: why, for whoever reads the report.
        origin: where it was accepted: an option, an environment variable, a file.
        by: who accepts it.
        expires: the last day on which it is accepted (UTC); None is without end.
    """

    key: str
    reason: str = ""
    origin: str = ""
    by: str = ""
    expires: date | None = None

    @property
    def because(self) -> str:
        """The reason, who gave it and until when; where nobody gave one, the place."""
        place = self.origin or "Guard(accept=..)"
        said = [self.reason or (f"{place}, without a reason" if self.by else f"by {place}, without a reason")]
        said += [f"by {self.by}"] if self.by else []
        said += [f"until {self.expires}"] if self.expires else []
        return ", ".join(said)

    def as_item(self) -> dict[str, str | date]:
        """What `acceptances_of` reads again, wherever it is written next: so without the origin."""
        said = {"key": self.key, "reason": self.reason, "by": self.by, "expires": self.expires}
        return {name: value for name, value in said.items() if value}

    def expired(self, today: date) -> bool:
        """Whether its last day was before today (UTC)."""
        return self.expires is not None and today > self.expires


_TABLE_KEYS = ("key", "reason", "by", "expires")


def acceptances_of(value: object, origin: str = "") -> tuple[Acceptance, ...]:
    """What a setting or an argument accepts.

    Args:
        value: a text of keys, or a list whose items are such texts, Acceptances, or tables with `key` and optionally
            `reason`, `by` and `expires`.
        origin: where it was written, for those that don't say it themselves.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str):
        keys = split_keys(value)
        if not keys:
            raise ValueError("is empty: expected a key, as check prints it")
        return tuple(Acceptance(key, origin=origin) for key in keys)
    if isinstance(value, (Acceptance, Mapping)) or not isinstance(value, Iterable):
        raise ValueError("expected a list of keys, or of tables with key, reason, by and expires")
    return tuple(acceptance for item in value for acceptance in _of(item, origin))


def _of(item: object, origin: str) -> tuple[Acceptance, ...]:
    if isinstance(item, Acceptance):
        return (item,)
    if isinstance(item, str):
        return acceptances_of(item, origin)
    if not isinstance(item, Mapping):
        raise ValueError("expected a key, or a table with key and reason")
    unknown = sorted(str(name) for name in item if name not in _TABLE_KEYS)
    if unknown:
        raise ValueError(f"has no key {unknown[0]!r}; known are {', '.join(_TABLE_KEYS)}")
    if "key" not in item:
        raise ValueError("an entry has no key: key = 'CODE OBJECT', as check prints it")
    key, reason, by = item.get("key"), item.get("reason", ""), item.get("by", "")
    if not (isinstance(key, str) and isinstance(reason, str) and isinstance(by, str)) or not key.strip():
        raise ValueError("key, reason and by: expected text")
    return (Acceptance(_normal(key), reason.strip(), origin, by.strip(), day(item.get("expires"))),)


def day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(f"expires: expected a day such as 2026-12-31, not {value!r}") from None


def split_keys(text: str) -> list[str]:
    """Keys separated by commas or line breaks; no key holds one."""
    return [_normal(part) for part in re.split(r"[,\n]", text) if part.strip()]


def _normal(key: str) -> str:
    """The key as it is compared: quotes that were copied along are no part of it."""
    return key.strip().strip("'").strip()


def short_key(key: str, default_schema: str | None) -> str:
    """The key as it is shown: without the schema that an unqualified name means."""
    code, space, name = key.partition(" ")
    return f"{code}{space}{name.removeprefix(f'{default_schema}.')}" if default_schema else key


@dataclass(frozen=True, slots=True)
class Matched:
    """Which differences are accepted, by their keys; the acceptances that accept nothing now; and what is said of these
    and of those that have expired, once for each."""

    accepted: Mapping[str, Acceptance]
    idle: tuple[Acceptance, ...] = ()
    warnings: tuple[str, ...] = ()


def matched(
    acceptances: Sequence[Acceptance],
    keys: Iterable[str],
    default_schema: str | None,
    today: date | None = None,
    *,
    schemas: Collection[str] = (),
    codes: Collection[str] = (),
    left_out: Collection[str] = (),
) -> Matched:
    """Which of the differences' keys are accepted.

    Args:
        acceptances: in the order of their rank; of several for one key the first counts, and a key before a pattern.
        keys: of all differences.
        default_schema: may be left out in an acceptance, or not.
        today: what has expired before accepts nothing; default is the day it is (UTC).
        schemas: all that keys may name.
        codes: all that there are.
        left_out: names of what is not looked at, as keys have them: what is accepted there may be there.
    """
    shown = {short_key(key, default_schema): key for key in keys}
    today = today or datetime.now(UTC).date()
    others = tuple(schema for schema in schemas if schema != default_schema)
    accepted: dict[str, Acceptance] = {}
    warnings: dict[str, str] = {}
    idle: list[Acceptance] = []
    for acceptance in sorted(acceptances, key=lambda each: (each.expired(today), ANY in each.key)):
        found = [shown[key] for key in _meant(acceptance.key, shown, default_schema, others)]
        if not found:
            if not _is_left_out(short_key(acceptance.key, default_schema), left_out):
                idle.append(acceptance)
        elif not acceptance.expired(today):
            for key in found:
                accepted.setdefault(key, acceptance)
        elif not accepted.keys() >= set(found):
            said = f"{_named(acceptance)}: expired after {acceptance.expires}, so it counts again"
            warnings.setdefault(acceptance.key, said)
    left = [key for key, whole in shown.items() if whole not in accepted]
    return Matched(accepted, tuple(idle), (*warnings.values(), *_of_idle(idle, left, codes)))


def _meant(key: str, shown: Collection[str], default_schema: str | None, others: Sequence[str]) -> list[str]:
    """Those of the keys, as they are shown, that an acceptance names."""
    short = short_key(key, default_schema)
    if ANY not in key:
        return [short] if short in shown else []
    if short == key:
        return [each for each in shown if matches(key, each)]
    # Without the default schema the pattern would take in the tables of all others.
    starts = tuple(f"{other}." for other in others)
    return [each for each in shown if matches(short, each) and not each.partition(" ")[2].startswith(starts)]


def _is_left_out(key: str, left_out: Collection[str]) -> bool:
    """Whether it is of one of these objects, or of a part of one."""
    name = key.partition(" ")[2]
    return any(name == each or name.startswith((f"{each}.", f"{each}:")) for each in left_out)


def _named(acceptance: Acceptance) -> str:
    return f"accept '{acceptance.key}'{f' ({acceptance.origin})' if acceptance.origin else ''}"


def _of_idle(idle: Iterable[Acceptance], left: Sequence[str], codes: Collection[str]) -> list[str]:
    """A line for each that looks like a typo; of the others one line for each place."""
    typos: dict[str, str] = {}
    gone: dict[str, dict[str, None]] = {}
    for acceptance in idle:
        code = acceptance.key.partition(" ")[0]
        if codes and ANY not in code and code not in codes:
            close = nearest(code, codes)
            said = f"; the nearest code is '{close}'" if close else ""
            typos.setdefault(acceptance.key, f"{_named(acceptance)}: no difference has the code '{code}'{said}")
        elif close := _close(acceptance.key, left):
            said = "no difference has this key now; the nearest key is"
            typos.setdefault(acceptance.key, f"{_named(acceptance)}: {said} '{close}'")
        else:
            gone.setdefault(acceptance.origin, {})[acceptance.key] = None
    told: set[str] = set()
    lines = []
    for origin, found in gone.items():
        keys = [f"'{key}'" for key in found if key not in told]
        told.update(found)
        if keys:
            what = f"no such difference now: {first_of(keys, NAMED)}"
            lines.append(f"accept ({origin or 'Guard(accept=..)'}): {what}{_remedy(origin, len(keys))}")
    return lines + list(typos.values())


def _remedy(origin: str, number: int) -> str:
    return f"; {PRUNE} {'it' if number == 1 else 'them'}" if IN_FILE in origin else ""


def _close(key: str, left: Iterable[str]) -> str:
    """The key, or the pattern, of an open difference that was meant, perhaps: of the same code, by a similar name."""
    code, _, name = key.partition(" ")
    names: dict[str, None] = {}
    for other in left:
        own, _, rest = other.partition(" ")
        if own == code:
            parts = rest.split(".")
            starts = [f"{'.'.join(parts[:end])}.*" for end in range(1, len(parts))]
            names.update(dict.fromkeys(starts if name.endswith(".*") else [rest]))
    close = nearest(name, names)
    return f"{code} {close}" if close else ""
