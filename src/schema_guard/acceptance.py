"""Findings that a person takes out of the verdict, each by its key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["Acceptance", "acceptances_of", "matched", "short_key", "split_keys"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that is known and left alone.

    Args:
        key: the finding's key, as `check` shows it.
        reason: why, for whoever reads the report.
        origin: where it was accepted: an option, an environment variable, a file.
    """

    key: str
    reason: str = ""
    origin: str = ""

    @property
    def because(self) -> str:
        """The reason; where nobody gave one, the place."""
        return self.reason or f"by {self.origin or 'Guard(accept=..)'}, without a reason"


_TABLE_KEYS = frozenset({"key", "reason"})


def acceptances_of(value: object, origin: str = "") -> tuple[Acceptance, ...]:
    """What a setting or an argument accepts.

    Args:
        value: a text of keys, or a list whose items are such texts, Acceptances, or tables with `key` and `reason`.
        origin: where it was written, for those that don't say it themselves.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str):
        return tuple(Acceptance(key, origin=origin) for key in split_keys(value))
    if isinstance(value, (Acceptance, Mapping)) or not isinstance(value, Iterable):
        raise ValueError("expected a list of keys, or of tables with key and reason")
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
        raise ValueError(f"has no key {unknown[0]!r}; known are key, reason")
    key, reason = item.get("key"), item.get("reason", "")
    if not isinstance(key, str) or not isinstance(reason, str) or not key.strip():
        raise ValueError("key and reason: expected text")
    return (Acceptance(_normal(key), reason.strip(), origin),)


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
    acceptances: Sequence[Acceptance], keys: Iterable[str], default_schema: str | None
) -> tuple[dict[str, Acceptance], tuple[str, ...]]:
    """Which of the differences' keys are accepted.

    Args:
        acceptances: in the order of their rank; of several for one key the first counts.
        keys: of all differences.
        default_schema: may be left out in an acceptance, or not.

    Returns:
        The acceptance for each accepted key; and a warning for each acceptance that no difference has.
    """
    full = {short_key(key, default_schema): key for key in keys}
    known = full | {key: key for key in full.values()}
    accepted: dict[str, Acceptance] = {}
    warnings: list[str] = []
    for acceptance in acceptances:
        if acceptance.key in known:
            accepted.setdefault(known[acceptance.key], acceptance)
        else:
            warnings.append(_unmatched(acceptance, list(full)))
    return accepted, tuple(dict.fromkeys(warnings))


def _unmatched(acceptance: Acceptance, keys: Sequence[str]) -> str:
    close = get_close_matches(acceptance.key, keys, n=1, cutoff=0.4)
    place = f" ({acceptance.origin})" if acceptance.origin else ""
    nearest = f"the nearest key is '{close[0]}'" if close else "there is nothing to accept by that name"
    return f"accept '{acceptance.key}'{place}: no difference has this key now; {nearest}"
