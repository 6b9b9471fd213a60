"""One command on each database of an application: one document, one exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from schema_guard.bind import of_bind, stay_with
from schema_guard.cli.output import log, print_found, print_result
from schema_guard.cli.request import Request
from schema_guard.errors import GuardError
from schema_guard.exit_codes import united_code
from schema_guard.render.formats import Shown
from schema_guard.render.several import Outcome, several

__all__ = ["on_each", "on_one"]

Found = TypeVar("Found")

Work = Callable[[Request], tuple[object, Shown]]


def on_each(asked: Request, command: str, work: Work, format_: str, *, color: bool) -> int:
    """Do it, print what was found, and return the exit code.

    A database that cannot be reached or read keeps no other from being looked at.

    Args:
        asked: for one database, or for several.
        command: its name.
        work: looks at one database; returns what it found, and what is shown beside it.
        format_: one of the command's formats.
        color: whether colour is wanted.

    Raises:
        GuardError: as `work` does, where there is one database alone.
    """
    if not asked.further:
        asked.require()
        found, shown = work(asked)
        print_result(found, format_, shown, color=color)
        return shown.exit_code
    outcomes = []
    for one in asked.every:
        with of_bind(one.bind):
            outcomes.append(_of_one(one, command, work))
    code = united_code([each.shown.exit_code for each in outcomes])
    print_found(several(outcomes, format_, command, code), color=color)
    return code


def _of_one(one: Request, command: str, work: Work) -> Outcome:
    try:
        one.require()
        found, shown = work(one)
        return Outcome(one.bind, shown, found)
    except GuardError as error:
        log(f"bind {one.bind}: {error.message.removeprefix(f'bind {one.bind}: ')}")
        return Outcome(one.bind, Shown(command=command, exit_code=error.exit_code), error=error)


def on_one(asked: Request, command: str) -> Request:
    """For a command that works on one database: the first, or that of `--bind`; the others are named in the log."""
    stay_with(asked.bind)
    if asked.further:
        others = ", ".join(one.bind for one in asked.further)
        log(f"{command} works on one database: {asked.bind}; with --bind on another: {others}")
    if command != "doctor":  # which says more of it, and what the files say
        asked.require()
    elif asked.error is not None:
        raise asked.error
    return asked
