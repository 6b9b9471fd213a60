"""Routes for ASGI servers (uvicorn, hypercorn, FastAPI, Starlette): readiness and metrics, each a whole application.

app.add_route("/ready", Ready(guard, engine))       # FastAPI and Starlette: a route may be an application
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from schema_guard.execute.limits import Limits
from schema_guard.guard import Guard
from schema_guard.integrations.answering import Answer, MetricsRoute, ReadyRoute, refused
from schema_guard.integrations.booting import apply_before_start

__all__ = ["Metrics", "Ready", "lifespan"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]


class Ready(ReadyRoute):
    """An ASGI application: 200 or 503, with a small JSON document that says what breaks. The path does not matter.

    The check runs in a thread, so that the event loop goes on.
    """

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await _respond(scope, receive, send, self.answer)


class Metrics(MetricsRoute):
    """An ASGI application: the same check as metrics for Prometheus."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await _respond(scope, receive, send, self.answer)


def lifespan(guard: Guard, database: Any, limits: Limits | None = None, *, then: Lifespan | None = None) -> Lifespan:
    """What FastAPI and Starlette take as `lifespan`: apply, then start; while something breaks the application, don't.

    Args:
        guard: whose models.
        database: as `Guard.apply` takes it.
        limits: time budget and timeouts.
        then: the application's own lifespan, which comes afterwards.
    """

    @asynccontextmanager
    async def live(application: Any) -> AsyncIterator[Any]:
        await asyncio.to_thread(apply_before_start, guard, database, limits)
        if then is None:
            yield
            return
        async with then(application) as state:
            yield state

    return live


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
