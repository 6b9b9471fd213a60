"""What a route answers, whichever kind of server asks: status, type and text."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from schema_guard.readiness import Readiness
from schema_guard.render.readiness import ready_json, ready_metrics

__all__ = ["Answer", "metrics_answer", "ready_answer", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    body: bytes


def ready_answer(readiness: Readiness, details: bool) -> Answer:
    """200 or 503 with the JSON document."""
    status = HTTPStatus.OK if readiness else HTTPStatus.SERVICE_UNAVAILABLE
    return _answer(status, "application/json", ready_json(readiness, details=details))


def metrics_answer(readiness: Readiness) -> Answer:
    """200 with the metrics, also where the application is not ready: they say so."""
    return _answer(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", ready_metrics(readiness))


def refused(method: str) -> Answer | None:
    """405 for a method that asks for something else; None where the method reads."""
    if method in ("GET", "HEAD"):
        return None
    return _answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "GET or HEAD\n", ("Allow", "GET, HEAD"))


def _answer(status: HTTPStatus, kind: str, text: str, *more: tuple[str, str]) -> Answer:
    body = text.encode("utf-8", "backslashreplace")
    headers = (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"), *more)
    return Answer(status, headers, body)
