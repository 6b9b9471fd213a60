"""`schema-guard fleet check|plan|apply`: the same application on many databases."""

from __future__ import annotations

import functools
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from schema_guard.cli.choices import PROGRAM, chosen_binds
from schema_guard.cli.options import (
    accept_option,
    bind_option,
    chain_file_options,
    output_options,
    scope_options,
    target_argument,
)

if TYPE_CHECKING:
    from schema_guard.execute.limits import Limits
    from schema_guard.fleet import Fleet
    from schema_guard.fleet.order import Result

__all__ = ["fleet"]

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group(short_help="check, plan or apply on many databases.")
def fleet() -> None:
    """The same application on many databases: a list of URLs, one report with a line for each and a summary.

    A few may be done first (--canary), the others many at a time, until too many have failed. With --state a run that
    was interrupted goes on where it was. A database that is listed twice is asked once.
    """


def fleet_options(command: Command) -> Command:
    """What the three have in common; the command gets it as `given`."""
    names = (
        "target",
        "urls",
        "urls_from",
        "canary",
        "concurrency",
        "max_failures",
        "state",
        "total_budget",
        "shard",
        "skip",
        "accept",
        "format_",
        "verbose",
        "no_color",
    )

    @functools.wraps(command)
    def collected(**options: Any) -> Any:
        given = {name: options.pop(name) for name in names}
        return command(given=given, **options)

    formats = click.Choice(["text", "json"])
    number = click.IntRange(min=0)
    for option in (
        output_options,
        click.option(
            "--format", "format_", type=formats, default="text", show_default=True, help="The format of the report."
        ),
        scope_options,
        chain_file_options,
        bind_option,
        accept_option,
        click.option(
            "--skip",
            metavar="NAME",
            multiple=True,
            help="Leave out the database of this name: it is known to stay broken. May be repeated.",
        ),
        click.option("--shard", metavar="K/N", help="Only the K-th of N parts, by a hash of each URL's database."),
        click.option("--state", metavar="FILE", help="Record here which databases are done, and skip them next time."),
        click.option("--max-failures", type=number, metavar="N", help="Stop after N databases have failed."),
        click.option(
            "--concurrency",
            type=click.IntRange(min=1),
            metavar="N",
            default=4,
            show_default=True,
            help="How many databases at a time.",
        ),
        click.option(
            "--canary",
            type=number,
            default=0,
            metavar="N",
            help="Begin with N databases, and stop if one of them fails.",
        ),
        click.option("--total-budget", metavar="TIME", help="Begin no more after this time."),
        click.option("--urls-from", metavar="COMMAND", help="A command that prints the list."),
        click.option("--urls", metavar="FILE", help="A URL on each line, or NAME=URL; - is standard input."),
        target_argument,
    ):
        collected = option(collected)
    return cast(Command, collected)


@fleet.command(short_help="Report what each database lacks.")
@fleet_options
@click.option(
    "--fail-on",
    type=click.Choice(["breaks", "weakens", "notes"]),
    help="Exit 1 when a database has differences of this impact or a higher one.  [default: breaks]",
)
def check(given: dict[str, Any], fail_on: str | None) -> int:
    """Report what each database lacks, by difference. Reads only."""
    return _run("check", given, {"fail_on": fail_on})


@fleet.command(short_help="Say how many steps each database takes.")
@fleet_options
def plan(given: dict[str, Any]) -> int:
    """Say how many steps apply would take on each database, and what is refused. Reads only."""
    return _run("plan", given, {})


@fleet.command(short_help="Repair each database.")
@fleet_options
@click.option("--budget", metavar="TIME", help="Time for each database.  [default: 60s]")
@click.option("--lock-timeout", metavar="TIME", help="The longest that one try waits for a lock.  [default: 1s]")
@click.option(
    "--required-only",
    is_flag=True,
    default=None,
    help="Only the steps that fix what breaks the application; leave the rest to a later run.",
)
def apply(given: dict[str, Any], budget: str | None, lock_timeout: str | None, required_only: bool | None) -> int:
    """Repair each database. Read replicas and poolers that lend connections by the transaction are skipped.

    SIGINT and SIGTERM begin no more; what a statement has begun is rolled back.
    """
    return _run("apply", given, {"budget": budget, "lock_timeout": lock_timeout, "required_only": required_only})


def _run(command: str, given: dict[str, Any], own: dict[str, Any]) -> int:
    from schema_guard.cli.ahead import of_fleet
    from schema_guard.cli.asking import guard_of
    from schema_guard.cli.output import log, print_found
    from schema_guard.cli.request import limits_of
    from schema_guard.cli.stopping import stoppable
    from schema_guard.exit_codes import united_code
    from schema_guard.fleet import Fleet
    from schema_guard.render.fleet import fleet_json, fleet_lines

    loaded, settings = guard_of({"target": given["target"], "accept": given["accept"], **own})
    if len(loaded.members) > 1:
        bind, *others = (member.name for member in loaded.members)
        log(f"the fleet is of databases of the bind {bind}; --bind names another: {', '.join(others)}")
    fleet = Fleet(
        of_fleet(loaded.guard, given["target"]),
        _lines(given["urls"], given["urls_from"]),
        shard=_shard(given["shard"]),
        skip=given["skip"],
    )
    begun = time.monotonic()
    results: list[Result] = []
    with stoppable() as stop:
        stop.cancel = lambda: fleet.stop(stop.signal, stop.reason)
        for result in _results(fleet, command, given, limits_of(settings), settings.fail_on):
            results.append(result)
            _log(result, given)
    codes = [result.exit_code for result in results]
    if fleet.halted.left:
        codes.append(1)
    code = 128 + stop.signal if stop.asked else united_code(codes)
    seconds = time.monotonic() - begun
    if given["format_"] == "json":
        print_found(fleet_json(command, results, fleet.halted, code), color=False)
    else:
        alone = _of_one(given["target"])
        lines = fleet_lines(command, results, fleet.halted, seconds, code, alone=alone, verbose=given["verbose"])
        print_found(lines, color=not given["no_color"])
    return code


def _results(fleet: Fleet, command: str, given: dict[str, Any], limits: Limits, fail_on: str | None) -> Any:
    from schema_guard.impact import Impact

    return fleet.run(
        command,
        limits,
        fail_on=Impact[fail_on.upper()] if fail_on and command == "check" else Impact.BREAKS,
        concurrency=given["concurrency"],
        canary=given["canary"],
        max_failures=given["max_failures"],
        state=given["state"],
        total_budget=_time("--total-budget", given["total_budget"]),
    )


def _of_one(target: str | None) -> str:
    """The command that says all of one database; a person writes its URL."""
    named = [*PROGRAM, "check", *([] if target is None else [target])]
    for name in chosen_binds():
        named += ["--bind", name, "--bind-url", f"{name}=URL"]
    return shlex.join([*named, *([] if chosen_binds() else ["--url", "URL"])])


def _log(result: Result, given: dict[str, Any]) -> None:
    from schema_guard.cli.output import is_quiet, log

    if result.error or (given["verbose"] and not is_quiet()):
        log(f"{result.name}: {result.message or result.skip or 'done'}")


def _lines(place: str | None, command: str | None) -> list[str]:
    from schema_guard.errors import ConfigurationError

    if (place is None) == (command is None):
        raise ConfigurationError("the list of databases is missing: --urls FILE or --urls-from COMMAND, one of them")
    if place is None:
        return _printed(str(command))
    if place == "-":
        return sys.stdin.read().splitlines()
    try:
        return Path(place).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"--urls {place} cannot be read: {reason}") from None


def _printed(command: str) -> list[str]:
    """What the command prints; half a list is none."""
    import subprocess

    from schema_guard.errors import ConfigurationError

    ran = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=False)
    if ran.returncode:
        raise ConfigurationError(f"--urls-from {command}: it ended with exit {ran.returncode}")
    return ran.stdout.decode("utf-8-sig", "replace").splitlines()


def _time(option: str, text: str | None) -> float | None:
    from schema_guard.config import seconds
    from schema_guard.errors import ConfigurationError

    try:
        return None if text is None else seconds(text)
    except ValueError as error:
        raise ConfigurationError(f"{option} {text}: {error}") from None


def _shard(text: str | None) -> tuple[int, int] | None:
    from schema_guard.errors import ConfigurationError

    if text is None:
        return None
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ConfigurationError(f"--shard {text}: expected K/N, with K from 1 to N")
    return int(number), int(count)
