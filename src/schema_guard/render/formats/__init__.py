"""Output formats, found by name: a file here is a format, and its functions are the commands that have it.

A function takes what the command found and a `Shown`, and returns lines for people or a finished text:

    check(report, shown), plan(report, shown), apply(report, shown)     `Report`
    doctor(diagnosis, shown)                                            `Diagnosis`
    stamp(stamped, shown)                                               `Stamped`
    deploy(deployment, shown)                                           `Deployment`
    compat(compatibility, shown)                                        `Compatibility`
    ready(readiness, shown)                                             `Readiness`
    history(runs, shown)                                                a list of `Run`
    error(error, shown)                                                 `GuardError`, in place of any of them

The modules are small, and import what they need when they are called: the command line imports all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from schema_guard.impact import Impact
from schema_guard.render.line import Line

__all__ = ["COMMANDS", "DEFAULT", "Shown", "formats_of", "renderer"]

COMMANDS = ("check", "plan", "apply", "doctor", "stamp", "deploy", "compat", "ready", "history", "error")
DEFAULT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a format may say beside what the command found.

    Args:
        command: the command that was given; of an error it may be empty.
        exit_code: what the command exits with.
        next_command: what a person would run next.
        keys: the impact from which on the key of a finding is shown, to accept it by.
        apply_code: of a plan: what apply would exit with.
        newer: revisions of a newer release that alembic_version names.
        lost: the command for when the files of these are lost.
        named: which revision's file names one of these, and may replace it.
        logged: the steps were shown as they ended.
        verbose: everything, with -v.
    """

    command: str
    exit_code: int
    next_command: str = ""
    keys: Impact = Impact.BREAKS
    apply_code: int = 0
    newer: tuple[str, ...] = ()
    lost: str = ""
    named: str = ""
    logged: bool = False
    verbose: bool = False


Renderer = Callable[[Any, Shown], list[Line] | str]


def formats_of(command: str) -> tuple[str, ...]:
    """The names of the formats that a command has, the default first."""
    names = sorted(module.name for module in iter_modules(__path__))
    found = [name for name in names if renderer(name, command) is not None]
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


def renderer(format_: str, command: str) -> Renderer | None:
    """The function that renders the command's result in that format, None where there is none."""
    if format_ not in (module.name for module in iter_modules(__path__)):
        return None
    found: Renderer | None = getattr(import_module(f"{__name__}.{format_}"), command, None)
    return found
