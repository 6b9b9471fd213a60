"""Whether the application can use its database now: a check that is remembered for some seconds, for probes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from schema_guard.difference import Impact
from schema_guard.errors import GuardError, escaped, one_line
from schema_guard.report import Report

__all__ = ["Memory", "Probe", "Readiness", "readiness_of"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What one check said.

    Args:
        ready: nothing that breaks the application was found.
        reason: one line; empty where it is ready.
        found: one line for each difference that keeps it from being ready.
        counts: how many differences there are of each impact; None where the database could not be read.
        checked: when the check began.
        seconds: how long it took.
        began: when it began, by time.monotonic().
        application: the guard's name.
        left_out: objects of the models that are not guarded: include, exclude or the models themselves leave them out.
    """

    ready: bool
    reason: str
    found: tuple[str, ...] = ()
    counts: Mapping[Impact, int] | None = None
    checked: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)
    application: str = ""
    left_out: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ready

    @property
    def age(self) -> float:
        """Seconds since the check began."""
        return max(0.0, time.monotonic() - self.began)


def readiness_of(check: Callable[[], Report], application: str, fail_on: Impact = Impact.BREAKS) -> Readiness:
    """Check, and say it in one line; whatever goes wrong is "not ready", with the reason. Never raises.

    Args:
        check: looks at the database.
        application: the guard's name.
        fail_on: the impact of a difference that keeps the application from being ready.
    """
    checked, began = datetime.now(UTC), time.monotonic()
    found: tuple[str, ...] = ()
    counts: Mapping[Impact, int] | None = None
    left_out: tuple[str, ...] = ()
    try:
        report = check()
    except GuardError as error:
        reason = error.message
    except Exception as error:  # a probe answers, whatever happens
        said = one_line(str(error))
        reason = f"unexpected {type(error).__name__}{f': {said}' if said else ''}"
    else:
        differences = [finding.difference for finding in report.findings if finding.difference.impact >= fail_on]
        found = tuple(escaped(f"{each.object}: {each.headline}") for each in differences)
        counts = {impact: report.count(impact) for impact in sorted(Impact, reverse=True)}
        left_out = tuple(escaped(str(each)) for each in report.left_out)
        reason = _reason(found)
    seconds = time.monotonic() - began
    return Readiness(not reason, reason, found, counts, checked, seconds, began, application, left_out)


class Probe:
    """The last answer about one database. One thread looks at the database; the others get what it found."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._last: Readiness | None = None

    def ask(self, max_age: float, look: Callable[[], Readiness]) -> Readiness:
        """The last answer while it is not older than that, else a new one.

        While one thread looks, the others get the last answer up to twice that age, and wait for the new one after it.
        """
        called = time.monotonic()
        if self._is_young(max_age, called):
            return self._answer()
        if not self._asking.acquire(blocking=False):
            if self._is_young(2 * max_age, called):
                return self._answer()
            self._asking.acquire()
        try:
            if not self._is_young(max_age, called):
                self._last = look()
            return self._answer()
        finally:
            self._asking.release()

    def _is_young(self, max_age: float, called: float) -> bool:
        """Not older than that; or begun after somebody called for it."""
        last = self._last
        return last is not None and (last.began >= called or time.monotonic() - last.began < max_age)

    def _answer(self) -> Readiness:
        assert self._last is not None, "it is young"
        return self._last


class Memory:
    """The probes of each guard: one for each database, forgotten with the guard or with the engine."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._of_engines: WeakKeyDictionary[Any, WeakKeyDictionary[Any, Probe]] = WeakKeyDictionary()
        self._of_urls: WeakKeyDictionary[Any, dict[str, Probe]] = WeakKeyDictionary()

    def probe(self, guard: object, database: Any) -> Probe:
        """The probe of this guard and this database.

        Args:
            guard: two guards expect two things, so that each has its own.
            database: as `Guard.check` takes it.
        """
        render = getattr(database, "render_as_string", None)
        with self._making:
            if isinstance(database, str) or render is not None:
                url = database if render is None else render(hide_password=False)
                return self._of_urls.setdefault(guard, {}).setdefault(url, Probe())
            engine = getattr(database, "sync_engine", database)
            try:
                return self._of_engines.setdefault(guard, WeakKeyDictionary()).setdefault(engine, Probe())
            except TypeError:
                return Probe()  # no database at all: the check says so


def _reason(found: tuple[str, ...]) -> str:
    if len(found) < 2:
        return "".join(found)
    return f"{found[0]}; and {len(found) - 1:,} more"
