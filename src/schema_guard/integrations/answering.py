"""What a route answers, whichever kind of server asks: status, type and text."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from schema_guard.guard import Guard
from schema_guard.many.readiness import EachReady
from schema_guard.readiness import Readiness
from schema_guard.render.readiness import ready_json, ready_metrics

__all__ = ["Answer", "MetricsRoute", "ReadyRoute", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _Route:
    """Asks whether the application is ready.

    Args:
        guard: whose models.
        database: as `Guard.ready` takes it.
        max_age: seconds for which an answer is good.
        timeout: seconds after which a database that is silent is not ready.
    """

    def __init__(self, guard: Guard | EachReady, database: Any, *, max_age: float = 10.0, timeout: float = 5.0) -> None:
        self._guard, self._database = guard, database
        self._max_age, self._timeout = max_age, timeout

    def readiness(self) -> Readiness:
        """What is known now. Never raises."""
        return self._guard.ready(self._database, max_age=self._max_age, timeout=self._timeout)


class MetricsRoute(_Route):
    """Answers with metrics for Prometheus. Arguments as of `_Route`."""

    def answer(self) -> Answer:
        """200, also where the application is not ready: the metrics say so."""
        return _answer(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", ready_metrics(self.readiness()))


class ReadyRoute(_Route):
    """Answers with a small JSON document that says what breaks.

    Args:
        guard: whose models.
        database: as `Guard.ready` takes it.
        max_age: seconds for which an answer is good.
        timeout: seconds after which a database that is silent is not ready.
        details: False leaves out names of tables, columns and servers, for a route that the public reaches.
    """

    def __init__(
        self,
        guard: Guard | EachReady,
        database: Any,
        *,
        max_age: float = 10.0,
        timeout: float = 5.0,
        details: bool = True,
    ) -> None:
        super().__init__(guard, database, max_age=max_age, timeout=timeout)
        self._details = details

    def answer(self) -> Answer:
        """200 or 503."""
        readiness = self.readiness()
        status = HTTPStatus.OK if readiness else HTTPStatus.SERVICE_UNAVAILABLE
        return _answer(status, "application/json", ready_json(readiness, details=self._details))


def refused(method: str) -> Answer | None:
    """405 for a method that asks for something else; None where the method reads."""
    if method in ("GET", "HEAD"):
        return None
    return _answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "GET or HEAD\n", ("Allow", "GET, HEAD"))


def _answer(status: HTTPStatus, kind: str, text: str, *more: tuple[str, str]) -> Answer:
    body = text.encode("utf-8", "backslashreplace")
    headers = (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"), *more)
    return Answer(status, headers, body)
