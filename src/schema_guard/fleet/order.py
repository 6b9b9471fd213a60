"""What is done for one database, in whichever thread, process or machine: an order in, a result out, both data."""

from __future__ import annotations

import threading
import time
import zlib
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache

from schema_guard.address import parse_address
from schema_guard.dialects import check_lasting, open_session
from schema_guard.dialects.stop import Stop
from schema_guard.difference import Impact
from schema_guard.errors import GuardError, StepError, one_line
from schema_guard.execute.limits import Limits
from schema_guard.exit_codes import FAILED, OK, apply_code, check_code
from schema_guard.guard import Guard
from schema_guard.hidden import hide
from schema_guard.look import Withhold
from schema_guard.render.text.deeds import deed, intent
from schema_guard.report import Report
from schema_guard.sources.frozen import FrozenSource
from schema_guard.sources.frozen.document import parse

__all__ = ["UNREACHABLE", "Identity", "Order", "Result", "identify", "stop_all", "unanswered", "unidentified", "work"]

UNREACHABLE = "unreachable"
NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class Order:
    """Do this on that database.

    Args:
        name: what reports call it.
        url: with an installed driver.
        command: check, plan or apply.
        expectations: the text of a frozen file, compressed to a fortieth: each order is sent with it.
        limits: of apply.
        withhold: says which differences are left to something else, as `Guard.withholding` takes it; an executor that
            sends orders elsewhere has to be able to send it.
        fail_on: the impact from which on a check exits with 1.
    """

    name: str
    url: str = field(repr=False)
    command: str
    expectations: bytes = field(repr=False)
    limits: Limits
    withhold: Withhold | None = None
    fail_on: Impact = Impact.BREAKS


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database it is. `skip` is why nothing is done there, `error` and `message` why it is not known."""

    name: str
    identity: str = ""
    skip: str = ""
    error: str = ""
    message: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it, small enough to be sent and kept.

    Args:
        name: what reports call the database.
        satisfied: it lacks nothing that matters.
        breaks: something that breaks the application remains.
        differences: code, impact, object, headline, effect and why it is not repaired, of each that remains.
        steps: how many the plan has, or apply ran.
        deeds: what each of them would do, or did, in a few words; of a check none.
        seconds: how long it took.
        skip: why nothing was done.
        error: the code of what went wrong; empty where nothing did.
        message: the same for people.
        exit_code: what the command would exit with for this database alone.
        worst: the highest impact that remains.
    """

    name: str
    satisfied: bool = False
    breaks: bool = False
    differences: tuple[tuple[str, str, str, str, str, str], ...] = ()
    steps: int = 0
    deeds: tuple[str, ...] = ()
    seconds: float = 0.0
    skip: str = ""
    error: str = ""
    message: str = ""
    exit_code: int = 0
    worst: str = ""

    @property
    def unreachable(self) -> bool:
        return self.error == UNREACHABLE


_running: set[Stop] = set()
_lock = threading.Lock()


def stop_all(signal: int, reason: str) -> None:
    """Stop what runs in this process: what a statement has begun is rolled back."""
    with _lock:
        running = list(_running)
    for stop in running:
        if not stop.asked:
            stop.ask(signal, reason)
        stop.cancel()


def identify(order: Order) -> Identity:
    """Which database the URL leads to, and whether apply can work there. Never raises."""
    hide(order.url)
    try:
        with closing(open_session(order.url)) as session:
            skip = session.unfit() if order.command == "apply" else ""
            # one database under two search_paths is two: each finds tables of its own
            return Identity(order.name, f"{session.identity()} {list(session.facts.search_path)}", skip)
    except GuardError as error:
        return Identity(order.name, error=error.code, message=error.message, exit_code=error.exit_code)


def work(order: Order) -> Result:
    """Do it. Never raises: what goes wrong is in the result."""
    begun = time.monotonic()
    hide(order.url)
    stop = Stop()
    with _lock:
        _running.add(stop)
    try:
        check_lasting(parse_address(order.url))
        guard = _guard(order.expectations)
        if order.withhold is not None and order.command != "check":
            guard = guard.withholding(copy(order.withhold))  # it keeps what it reads of a database
        if order.command == "apply":
            report = guard.apply(order.url, order.limits, stop=stop)
        else:
            report = guard.check(order.url, survey_timeout=order.limits.survey_timeout)
        return _result(order, report, time.monotonic() - begun)
    except GuardError as error:
        return _failed(order, error, begun)
    except Exception as error:  # one database never stops the others
        return _failed(order, StepError(f"unexpected {type(error).__name__}: {one_line(str(error))}"), begun)
    finally:
        with _lock:
            _running.discard(stop)


def unidentified(order: Order, reason: str) -> Identity:
    """In place of what `identify` returns, when its process did not come back."""
    return Identity(order.name, error=NO_ANSWER, message=_no_answer(order, reason), exit_code=FAILED)


def unanswered(order: Order, reason: str) -> Result:
    """In place of what `work` returns, when its process did not come back: what it did is not known."""
    return Result(order.name, error=NO_ANSWER, message=_no_answer(order, reason), exit_code=FAILED)


def _no_answer(order: Order, reason: str) -> str:
    hide(order.url)  # an executor may quote what it was sent
    return one_line(
        f"no answer from the process that worked on it ({reason}): run again, each step that it finished stays"
    )


def _failed(order: Order, error: GuardError, begun: float) -> Result:
    seconds = time.monotonic() - begun
    return Result(order.name, seconds=seconds, error=error.code, message=error.message, exit_code=error.exit_code)


def _result(order: Order, report: Report, seconds: float) -> Result:
    findings = report.findings
    planned = report.plan.steps if report.plan is not None else ()
    ran = [result.step for result in report.results if result.changed]
    deeds = {"apply": [deed(step) for step in ran], "plan": [intent(step) for step in planned]}
    return Result(
        order.name,
        satisfied=report.satisfied,
        breaks=report.remains(Impact.BREAKS),
        differences=tuple(
            (
                each.difference.code,
                each.difference.impact.name,
                each.difference.object,
                each.difference.headline,
                each.difference.effect,
                each.refusal.reason if each.refusal is not None else "",
            )
            for each in findings
        ),
        steps=len(ran) if report.applied else len(planned),
        deeds=tuple(deeds.get(order.command, ())),
        seconds=seconds,
        exit_code=_exit_code(order, report),
        worst="" if report.worst is None else report.worst.name,
    )


def _exit_code(order: Order, report: Report) -> int:
    if order.command == "plan":
        return OK
    return apply_code(report) if order.command == "apply" else check_code(report, order.fail_on)


@lru_cache(maxsize=4)
def _guard(expectations: bytes) -> Guard:
    """Made once for each process."""
    from sqlalchemy import MetaData

    document = parse(zlib.decompress(expectations), "the fleet's expectations", edited=False)
    guard = Guard(MetaData(), name=document.name, policy=document.policy)
    guard.source, guard.accept = FrozenSource(document, "the fleet's expectations"), document.accept
    guard.scope = document.scope
    return guard
