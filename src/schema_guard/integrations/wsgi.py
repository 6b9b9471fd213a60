"""Routes for WSGI servers (gunicorn, mod_wsgi, Flask, Django): readiness and metrics, each an application of its own.

app.add_url_rule("/ready", "ready", lambda: Ready(guard, db.engine))        # Flask: a view may return one
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from schema_guard.integrations.answering import Answer, MetricsRoute, ReadyRoute, refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Metrics", "Ready"]


class Ready(ReadyRoute):
    """A WSGI application: 200 or 503, with a small JSON document that says what breaks. The path does not matter."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return _respond(environ, start_response, self.answer)


class Metrics(MetricsRoute):
    """A WSGI application: the same check as metrics for Prometheus."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return _respond(environ, start_response, self.answer)


def _respond(environ: WSGIEnvironment, start_response: StartResponse, make: Callable[[], Answer]) -> Iterable[bytes]:
    answer = refused(environ["REQUEST_METHOD"]) or make()
    start_response(f"{answer.status.value} {answer.status.phrase}", list(answer.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
