"""The command waits for a database that comes up late, and for nothing else."""

from __future__ import annotations

import time

import pytest

from schema_guard.cli.waiting import when_reachable
from schema_guard.errors import ReadError, UnreachableError
from tests.cli.conftest import Command


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def call(failures: int, error: Exception, wait: float) -> tuple[str, list[str]]:
    clock, left = Time(), [failures]
    logged: list[str] = []

    def work() -> str:
        if left[0]:
            left[0] -= 1
            raise error
        return "done"

    return when_reachable(work, wait, logged.append, now=clock.read, sleep=clock.sleep), logged


def test_it_tries_until_the_database_is_up_and_says_so_once() -> None:
    assert call(3, UnreachableError("connection refused"), 30) == (
        "done",
        ["connection refused; waiting up to 30 s for it"],
    )


def test_it_gives_up_in_time() -> None:
    with pytest.raises(UnreachableError):
        call(31, UnreachableError("connection refused"), 30)


def test_other_errors_are_no_reason_to_wait() -> None:
    with pytest.raises(ReadError):
        call(1, ReadError("no such privilege"), 30)


def test_zero_tries_once() -> None:
    with pytest.raises(UnreachableError):
        call(1, UnreachableError("connection refused"), 0)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql+psycopg://me@127.0.0.1:1/name?nonsense=1", "nonsense"),
        ("postgresql+psycopg2://me@127.0.0.1:1/name?nonsense=1", "nonsense"),
        ("postgresql+pg8000://me@127.0.0.1:1/name?nonsense=1", "nonsense"),
        *((f"postgresql+{driver}://me@127.0.0.1:1/name?pasword=geheim", "pasword") for driver in ("psycopg", "pg8000")),
        ("postgresql+pg8000://127.0.0.1:1/name", "user"),
        ("postgresql+psycopg://me@127.0.0.1:1/name?sslmode=bogus", "bogus"),
        ("postgresql+psycopg2://me@127.0.0.1:1/name?sslmode=bogus", "bogus"),
    ],
)
def test_what_a_driver_never_takes_is_not_waited_for(command: Command, url: str, says: str) -> None:
    started = time.monotonic()
    ran = command("apply", "shop:Base", "--url", url, "--wait", "60s")
    assert ran.code == 2, ran
    assert "an argument of the connection cannot be used" in ran.err
    assert says in ran.err
    assert "geheim" not in ran.out + ran.err, "a mistyped name may stand before a secret"
    assert [line for line in ran.err.splitlines() if line != "imported"] == [ran.err.splitlines()[-1]]
    assert time.monotonic() - started < 30
