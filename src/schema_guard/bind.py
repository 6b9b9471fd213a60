"""Which of an application's databases is worked on: each line of the log says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["bind_at_work", "of_bind", "stay_with"]

_BIND: ContextVar[str] = ContextVar("bind", default="")


def bind_at_work() -> str:
    """Its name; empty where the application has one database alone."""
    return _BIND.get()


def stay_with(name: str) -> None:
    """What is said from now on is of this bind."""
    _BIND.set(name)


@contextmanager
def of_bind(name: str) -> Iterator[None]:
    """What is said within it is of this bind; then it is what it was before."""
    before = _BIND.get()
    _BIND.set(name)
    try:
        yield
    finally:
        _BIND.set(before)
