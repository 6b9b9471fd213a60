"""Calls into an asynchronous driver from synchronous code: a private event loop in a thread of its own.

It works whether or not an event loop runs in the caller's thread, and never touches the application's loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["Bridge", "Direct", "LoopThread", "bridge_for"]

T = TypeVar("T")


class Bridge(Protocol):
    """Runs a function that talks to the database where its driver can work."""

    def call(self, function: Callable[[], T]) -> T: ...

    def call_within(self, seconds: float, function: Callable[[], T], unwanted: Callable[[T], None]) -> T:
        """Call, and don't wait longer than that; `unwanted` gets a result that came later.

        Raises TimeoutError when it takes longer.
        """
        ...

    def close(self) -> None: ...


class Direct:
    """A synchronous driver: the caller's own thread will do."""

    def call(self, function: Callable[[], T]) -> T:
        return function()

    def call_within(self, seconds: float, function: Callable[[], T], unwanted: Callable[[T], None]) -> T:
        """In a thread of its own, which is left behind: no driver can be made to give up while it connects."""
        done, lock = threading.Event(), threading.Lock()
        results: list[T] = []
        errors: list[BaseException] = []
        waiting = True

        def run() -> None:
            try:
                result = function()
            except BaseException as error:  # it is raised where the result is waited for
                errors.append(error)
            else:
                with lock:
                    if waiting:
                        results.append(result)
                if not results:
                    with suppress(Exception):
                        unwanted(result)
            done.set()

        threading.Thread(target=run, name="schema-guard-call", daemon=True).start()
        done.wait(seconds)
        with lock:
            waiting = False
        if results:
            return results[0]
        if errors:
            raise errors[0]
        raise TimeoutError

    def close(self) -> None:
        return None


class LoopThread:
    """An asynchronous driver: its connections belong to this loop, and each call runs as a greenlet in it."""

    def __init__(self) -> None:
        import asyncio  # takes long, and synchronous drivers need it not

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="schema-guard-loop", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], T]) -> T:
        import asyncio

        from sqlalchemy.util import greenlet_spawn  # needs the greenlet package, as every AsyncEngine does

        return asyncio.run_coroutine_threadsafe(greenlet_spawn(function), self._loop).result()

    def call_within(self, seconds: float, function: Callable[[], T], unwanted: Callable[[T], None]) -> T:  # noqa: ARG002
        """The driver is interrupted where it waits, so that nothing comes later."""
        import asyncio

        from sqlalchemy.util import greenlet_spawn

        future = asyncio.run_coroutine_threadsafe(greenlet_spawn(function), self._loop)
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            raise

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def bridge_for(engine: Engine) -> Bridge:
    """The bridge that the engine's driver needs."""
    return LoopThread() if engine.dialect.is_async else Direct()
