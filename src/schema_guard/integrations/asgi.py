"""Routes for ASGI servers (uvicorn, hypercorn, FastAPI, Starlette): readiness and metrics, each a whole application.

app.add_route("/ready", Ready(guard, engine))       # FastAPI and Starlette: a route may be an application
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from schema_guard.guard import Guard
from schema_guard.integrations.answering import Answer, metrics_answer, ready_answer, refused
from schema_guard.readiness import Readiness

__all__ = ["Metrics", "Ready"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Ready:
    """An ASGI application: 200 or 503, with a small JSON document that says what breaks. The path does not matter.

    The check runs in a thread, so that the event loop goes on.

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

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await _respond(scope, receive, send, lambda: ready_answer(self._ask(), self._details))


class Metrics:
    """An ASGI application: the same check as metrics for Prometheus. Arguments as of `Ready`."""

    def __init__(self, guard: Guard, database: Any, *, max_age: float = 10.0, timeout: float = 5.0) -> None:
        self._ask: Callable[[], Readiness] = lambda: guard.ready(database, max_age=max_age, timeout=timeout)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await _respond(scope, receive, send, lambda: metrics_answer(self._ask()))


async def _respond(scope: Message, receive: Receive, send: Send, make: Callable[[], Answer]) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    if scope["type"] != "http":
        return
    answer = refused(scope["method"])
    if answer is None:
        answer = await asyncio.to_thread(make)
    headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})


async def _live(receive: Receive, send: Send) -> None:
    """Start and stop as the server says: there is nothing to do."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
