"""The same application on many databases: a few first, then many at a time, until too many have failed."""

from __future__ import annotations

import hashlib
import shlex
import time
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from schema_guard.difference import Impact
from schema_guard.errors import ConfigurationError
from schema_guard.execute.limits import Limits
from schema_guard.exit_codes import OK
from schema_guard.fleet.order import (
    UNREACHABLE,
    Identity,
    Order,
    Result,
    identify,
    stop_all,
    unanswered,
    unidentified,
    work,
)
from schema_guard.fleet.state import State
from schema_guard.fleet.urls import Entry, entries_of, of_shard
from schema_guard.guard import Guard
from schema_guard.pattern import nearest
from schema_guard.sources.frozen import frozen, text_of

__all__ = ["Fleet", "Halted"]

Done = TypeVar("Done")

LEFT_OUT = "left out by --skip"
SILENCE = 60.0
"""Seconds in which a worker starts, or takes up what another one has lost."""


@dataclass(frozen=True, slots=True)
class Halted:
    """Why no more databases were begun, and how many are left."""

    reason: str = ""
    left: int = 0


class Fleet:
    """Many databases of one application.

    Args:
        guard: what each of them has to satisfy.
        urls: of the databases; NAME=URL names one.
        shard: (K, N): only the K-th part of N, from 1, by a hash that stays the same.
        skip: names of databases that are left out, such as one that stays broken and is known to be.

    Raises:
        ConfigurationError: one is no URL, there is none, none has a name of `skip`, or `skip` names all of
            them, or of the shard.
    """

    def __init__(
        self, guard: Guard, urls: Iterable[str], *, shard: tuple[int, int] | None = None, skip: Collection[str] = ()
    ) -> None:
        entries = entries_of(urls)
        names = [entry.name for entry in entries]
        for name in skip:
            if name not in names:
                near = nearest(name, names)
                meant = f"; {near} is the nearest" if near else ""
                raise ConfigurationError(f"--skip {name}: the list has no database of that name{meant}")
        self._skip = frozenset(skip)
        if self._skip.issuperset(names):
            raise ConfigurationError("--skip leaves out every database of the list: nothing is left to look at")
        self.entries = entries if shard is None else of_shard(entries, *shard)
        # a shard of a short list may be empty; one that --skip empties would say that all is well
        if shard is not None and self.entries and self._skip.issuperset(entry.name for entry in self.entries):
            raise ConfigurationError(
                f"--skip leaves out every database of --shard {shard[0]}/{shard[1]}: nothing is left to look at"
            )
        self._expectations = text_of(frozen(guard.source, guard.name, guard.policy, guard.accept, (), guard.scope))
        self._withhold = guard._withhold
        self.halted = Halted()
        self._stopped = False

    def check(self, **options: object) -> list[Result]:
        """Read only: what each of them lacks. Takes what `run` takes."""
        return list(self.run("check", **options))  # type: ignore[arg-type]

    def apply(self, limits: Limits | None = None, **options: object) -> list[Result]:
        """Repair each of them. Takes what `run` takes; `self.halted` says why some were not begun."""
        return list(self.run("apply", limits, **options))  # type: ignore[arg-type]

    def stop(self, signal: int = 15, reason: str = "SIGTERM") -> None:
        """Begin no more; what runs in this process is stopped, and rolled back."""
        self._stopped = True
        stop_all(signal, reason)

    def run(
        self,
        command: str,
        limits: Limits | None = None,
        *,
        executor: Executor | None = None,
        concurrency: int = 4,
        canary: int = 0,
        max_failures: int | None = None,
        state: str | Path | None = None,
        total_budget: float | None = None,
        patience: float | None = None,
        fail_on: Impact = Impact.BREAKS,
    ) -> Iterator[Result]:
        """One result for each database, as they end.

        Args:
            command: check, plan or apply.
            limits: for each database; the budget too.
            executor: where it is done: threads, processes or machines. Default: threads of this process.
            concurrency: how many databases at a time.
            canary: so many are done first, one after the other; if one of them fails, no other is begun.
            max_failures: after so many failures no more are begun. A database that cannot be
                reached is tried again at the end, and does not count.
            state: a file in which each database that is done has a line: it is skipped in the next run.
            total_budget: seconds after which no more are begun; those that run have what they are given by `limits`.
            patience: seconds without any result after which the executor is given up, because its workers or its
                scheduler are gone. Default: what `limits` give to one database, and a minute.
            fail_on: of check the impact from which on a result's `exit_code` is 1.

        Raises:
            ConfigurationError: the state cannot be written.
        """
        self.halted, self._stopped = Halted(), False
        expectations = zlib.compress(self._expectations.encode())
        with ExitStack() as stack:
            pool = executor or stack.enter_context(ThreadPoolExecutor(max(1, concurrency)))
            kept = None if state is None else stack.enter_context(closing(State(state, self._work(command, fail_on))))
            run = _Run(self, command, pool, max(1, concurrency), kept, max_failures, total_budget)
            if executor is not None:
                given = limits or Limits()
                run.patience = given.budget + given.statement_timeout + SILENCE if patience is None else patience
            done = {} if kept is None else kept.done
            entries = [entry for entry in self.entries if entry.name not in self._skip]
            orders = {
                entry.key: Order(
                    entry.name, entry.url, command, expectations, limits or Limits(), self._withhold, fail_on
                )
                for entry in entries
                if entry.key not in done
            }
            yield from (Result(entry.name, skip=LEFT_OUT) for entry in self.entries if entry.name in self._skip)
            yield from (replace(done[entry.key], skip="done before") for entry in entries if entry.key in done)
            yield from run.all([(entry, orders[entry.key]) for entry in entries if entry.key in orders], canary)

    def _work(self, command: str, fail_on: Impact) -> str:
        wanted = command if fail_on is Impact.BREAKS else f"{command} {fail_on.name}"
        return hashlib.sha256(f"{wanted}\n{self._expectations}".encode()).hexdigest()[:32]

    @property
    def stopped(self) -> bool:
        return self._stopped


Pair = tuple[Entry, Order]


@dataclass
class _Run:
    """One run of a fleet."""

    fleet: Fleet
    command: str
    pool: Executor
    concurrency: int
    state: State | None
    max_failures: int | None
    total_budget: float | None
    patience: float | None = None
    """None: our own threads, which come back."""
    given_up: bool = False
    silent: dict[str, Result] = field(default_factory=dict)
    """Those that could not be reached when they were to be identified: that was their first try."""
    twins: dict[str, list[Entry]] = field(default_factory=dict)
    """By the name of one: other entries that lead to the same database."""
    failures: int = 0
    begun: float = field(default_factory=time.monotonic)

    def all(self, pairs: Sequence[Pair], canary: int) -> Iterator[Result]:
        """The canaries, the others, and at the end those that did not answer before."""
        pairs, told = self._distinct(pairs)
        yield from told
        first, rest = pairs[:canary], pairs[canary:]
        for number, pair in enumerate(first):
            results = list(self._some([pair], unless=self._over))
            yield from results
            failed = any(_is_failure(result, self.command) for result in results)
            if failed or not results:
                name = pair[0].name
                way_on = f"repair it, or go on without it: --skip {shlex.quote(name)}"
                reason = f"{name} failed, one of the first {canary}; {way_on}" if failed else self._why()
                self.fleet.halted = Halted(reason, len(pairs) - number - len(results))
                return
        again = {entry.name: self.silent[entry.name] for entry, _ in rest if entry.name in self.silent}
        known = [pair for pair in rest if pair[0].name not in again]
        left = len(known)
        for result in self._some(known, unless=self._over):
            left -= 1
            if result.unreachable:
                again[result.name] = result
                continue
            yield result
        if left:
            self.fleet.halted = Halted(self._why(), left)
        for result in self._some([pair for pair in rest if pair[0].name in again], unless=self._over):
            del again[result.name]
            yield result
        yield from again.values()

    def _distinct(self, pairs: Sequence[Pair]) -> tuple[list[Pair], list[Result]]:
        """Each database once, whatever the URLs that lead there; those where nothing is to be done, with the reason."""
        found = {identity.name: identity for _, identity in self._each(identify, pairs, self._ended, unidentified)}
        known: dict[str, str] = {}
        kept: list[Pair] = []
        told: list[Result] = []
        for entry, order in pairs:
            identity = found.get(entry.name, Identity(entry.name))
            first = known.get(identity.identity) if identity.identity else None
            if identity.skip or first is not None:
                told.append(Result(entry.name, skip=identity.skip or f"the same database as {first}"))
                if first is not None:
                    self.twins.setdefault(first, []).append(entry)
                continue
            if identity.identity:
                known[identity.identity] = entry.name
            elif identity.error == UNREACHABLE:
                code, said = identity.exit_code, identity.message
                self.silent[entry.name] = Result(entry.name, error=UNREACHABLE, message=said, exit_code=code)
            kept.append((entry, order))
        return kept, told

    def _some(self, pairs: Sequence[Pair], unless: Callable[[], bool]) -> Iterator[Result]:
        for entry, result in self._each(work, pairs, unless, unanswered):
            failed = _is_failure(result, self.command)
            self.failures += failed and not result.unreachable
            if self.state is not None:
                locked = self.command == "apply" and result.exit_code != OK  # another run may find it free
                for each in (entry, *self.twins.get(entry.name, ())):
                    self.state.add(each, replace(result, name=each.name), done=not (failed or locked))
            yield result

    def _each(
        self,
        call: Callable[[Order], Done],
        pairs: Sequence[Pair],
        unless: Callable[[], bool],
        lost: Callable[[Order, str], Done],
    ) -> Iterator[tuple[Entry, Done]]:
        """The results as they come, `lost` of those that an executor does not bring back; no more are begun once
        `unless` says so.
        """
        pending = deque(pairs)
        running: dict[Future[Done], Pair] = {}
        while pending or running:
            while pending and len(running) < self.concurrency and not unless():
                entry, order = pending.popleft()
                try:
                    running[self.pool.submit(call, order)] = (entry, order)
                except Exception as error:  # a pool whose process was killed takes nothing more
                    yield entry, lost(order, _named(error))
            if not running:
                return
            for future, reason in self._ends(running):
                entry, order = running.pop(future)
                yield entry, lost(order, reason) if reason else future.result()

    def _ends(self, running: Mapping[Future[Done], Pair]) -> list[tuple[Future[Done], str]]:
        """The next that end, at least one, and why one has no result."""
        done = wait(running, timeout=self.patience, return_when=FIRST_COMPLETED).done
        if done:
            return [(future, _lack(future)) for future in done]
        self.given_up = True
        for future in running:
            future.cancel()
        return [(future, self._silence()) for future in running]

    def _silence(self) -> str:
        return f"there was no result for {self.patience:g} s"

    def _ended(self) -> bool:
        late = self.total_budget is not None and time.monotonic() >= self.begun + self.total_budget
        return self.fleet.stopped or self.given_up or late

    def _over(self) -> bool:
        return self._ended() or (self.max_failures is not None and self.failures >= self.max_failures)

    def _why(self) -> str:
        """Why no more are begun."""
        if self.fleet.stopped:
            return "stopped"
        if self.given_up:
            return self._silence()
        if self._ended():
            return f"the total budget of {self.total_budget:g} s is used up"
        return f"{self.failures} failed; repair them, or go on without one: --skip NAME"


def _lack(future: Future[Any]) -> str:
    try:
        future.result()
    except Exception as error:  # cancelled, or the process or machine is gone
        return _named(error)
    return ""


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _is_failure(result: Result, command: str) -> bool:
    """The application could not start there, or nobody knows; what a check or a plan finds is no failure."""
    return bool(result.error) or (command == "apply" and result.breaks)
