"""Routes for WSGI servers (gunicorn, mod_wsgi, Flask, Django): readiness and metrics, each an application of its own.

app.add_url_rule("/ready", "ready", lambda: Ready(guard, db.engine))        # Flask: a view may return one
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from schema_guard.guard import Guard
from schema_guard.integrations.answering import Answer, metrics_answer, ready_answer, refused
from schema_guard.readiness import Readiness

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Metrics", "Ready"]


class Ready:
    """A WSGI application: 200 or 503, with a small JSON document that says what breaks. The path does not matter.

    Args:
        guard: whose models.
        database: as `Guard.ready` takes it.
        max_age: seconds for which an answer is good.
        timeout: seconds after which a database that is silent is not ready.
        details: False leaves out names of tables, columns and servers, for a route that the public reaches.
    """

    def __init__(
        self, guard: Guard, database: Any, *, max_age: float = 10.0, timeout: float = 5.0, details: bool = True
    ) -> None:
        self._ask: Callable[[], Readiness] = lambda: guard.ready(database, max_age=max_age, timeout=timeout)
        self._details = details

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return _respond(environ, start_response, lambda: ready_answer(self._ask(), self._details))


class Metrics:
    """A WSGI application: the same check as metrics for Prometheus. Arguments as of `Ready`."""

    def __init__(self, guard: Guard, database: Any, *, max_age: float = 10.0, timeout: float = 5.0) -> None:
        self._ask: Callable[[], Readiness] = lambda: guard.ready(database, max_age=max_age, timeout=timeout)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return _respond(environ, start_response, lambda: metrics_answer(self._ask()))


def _respond(environ: WSGIEnvironment, start_response: StartResponse, make: Callable[[], Answer]) -> Iterable[bytes]:
    answer = refused(environ["REQUEST_METHOD"]) or make()
    start_response(f"{answer.status.value} {answer.status.phrase}", list(answer.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
