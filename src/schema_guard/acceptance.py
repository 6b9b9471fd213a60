"""Findings that a person takes out of the verdict, each by its key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches

__all__ = ["Acceptance", "acceptances_of", "matched", "short_key", "split_keys"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that is known and left alone.

    Args:
        key: the finding's key, as `check` shows it.
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

    def expired(self, today: date) -> bool:
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
        return tuple(Acceptance(key, origin=origin) for key in split_keys(value))
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
    key, reason, by = item.get("key"), item.get("reason", ""), item.get("by", "")
    if not (isinstance(key, str) and isinstance(reason, str) and isinstance(by, str)) or not key.strip():
        raise ValueError("key, reason and by: expected text")
    return (Acceptance(_normal(key), reason.strip(), origin, by.strip(), _day(item.get("expires"))),)


def _day(value: object) -> date | None:
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


def matched(
    acceptances: Sequence[Acceptance], keys: Iterable[str], default_schema: str | None, today: date | None = None
) -> tuple[dict[str, Acceptance], tuple[str, ...]]:
    """Which of the differences' keys are accepted.

    Args:
        acceptances: in the order of their rank; of several for one key the first counts.
        keys: of all differences.
        default_schema: may be left out in an acceptance, or not.
        today: what has expired before accepts nothing; default is the day it is (UTC).

    Returns:
        The acceptance for each accepted key; and a warning for each key that no difference has or whose acceptance has
        expired, once for each.
    """
    known = {short_key(key, default_schema): key for key in keys}
    today = today or datetime.now(UTC).date()
    accepted: dict[str, Acceptance] = {}
    warnings: dict[str, str] = {}
    for acceptance in sorted(acceptances, key=lambda acceptance: acceptance.expired(today)):
        key = known.get(short_key(acceptance.key, default_schema))
        if key is None:
            warnings.setdefault(acceptance.key, _unmatched(acceptance, list(known)))
        elif not acceptance.expired(today):
            accepted.setdefault(key, acceptance)
        elif key not in accepted:
            warnings.setdefault(key, f"{_named(acceptance)}: expired after {acceptance.expires}, so it counts again")
    return accepted, tuple(warnings.values())


def _named(acceptance: Acceptance) -> str:
    return f"accept '{acceptance.key}'{f' ({acceptance.origin})' if acceptance.origin else ''}"


def _unmatched(acceptance: Acceptance, keys: Sequence[str]) -> str:
    close = get_close_matches(acceptance.key, keys, n=1, cutoff=0.4)
    nearest = f"the nearest key is '{close[0]}'" if close else "there is nothing to accept by that name"
    return f"{_named(acceptance)}: no difference has this key now; {nearest}"
