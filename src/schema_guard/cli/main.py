"""Runs a command and turns whatever happens into one line on stderr and an exit code."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import click

from schema_guard.bind import of_bind
from schema_guard.cli.choices import PROGRAM
from schema_guard.cli.commands import group
from schema_guard.cli.logs import choose
from schema_guard.cli.output import log, log_event, log_text, output_failure, print_text
from schema_guard.cli.running import own_arguments
from schema_guard.counted import listed
from schema_guard.errors import ConfigurationError, GuardError, StepError, one_line
from schema_guard.exit_codes import INTERRUPTED, OK, USAGE
from schema_guard.render.formats import DEFAULT, Shown, renderer
from schema_guard.requirements import unmet

__all__ = ["guarded", "leave", "main", "run"]

READS_ONLY = frozenset(("check", "plan", "ready", "doctor", "history", "compat", "sql"))
KEPT = "every step that was finished stays, run again to go on"


def main() -> NoReturn:
    """The `schema-guard` command."""
    # A short process that makes many objects and hardly a cycle: looking for cycles was a tenth of a check.
    gc.set_threshold(100_000, 50, 50)
    leave(run(sys.argv[1:]))


def leave(code: int) -> NoReturn:
    """End the process with this exit code; threads that the application started do not keep it."""
    if "threading" in sys.modules:
        from schema_guard.cli.ending import end_in_time

        raise end_in_time(code)
    sys.exit(code)


def run(arguments: Sequence[str], program: tuple[str, ...] = PROGRAM) -> int:
    """Run one command line; returns its exit code. Never raises, never prints a traceback unless asked with -v.

    Args:
        arguments: the command and what belongs to it.
        program: what a person types before the command; messages name commands by it. Where it is not the program's own
            name, it says TARGET as well.
    """

    def command() -> int:
        _refuse_empty(own_arguments(arguments))
        code = group.main(
            list(arguments or ["--help"]), prog_name=" ".join(program), standalone_mode=False, obj=program
        )
        return int(code or OK) if arguments else USAGE

    code = guarded(command, own_arguments(arguments))
    log_event(f"exit {code}", "finished", exit_code=code)
    return code


def _refuse_empty(arguments: Sequence[str]) -> None:
    """`--accept "$KEY"` is that where nobody has set the variable: less would be done than was meant, or more."""
    for before, word in pairwise(("", *arguments)):
        option, equals, value = word.partition("=")
        if not word.strip() and before.startswith("-") and "=" not in before:
            option, equals = before, "="
        if option.startswith("-") and equals and not value.strip():
            raise ConfigurationError(f"{option} has no value: is a variable not set? Give one, or leave it out")


def guarded(command: Callable[[], int], arguments: Sequence[str]) -> int:
    """Call, and turn whatever is raised into one line on stderr and an exit code.

    Args:
        command: returns an exit code.
        arguments: the command line; it says whether tracebacks are wanted, and in which format.
    """
    choose(arguments, _command(arguments))
    with of_bind(""):
        return _guarded(command, arguments)


def _guarded(command: Callable[[], int], arguments: Sequence[str]) -> int:
    try:
        return command()
    except GuardError as error:
        return _failed(arguments, error)
    except click.ClickException as error:
        return _failed(arguments, ConfigurationError(_usage(error)))
    except (KeyboardInterrupt, click.Abort):
        reads = _command(arguments) in READS_ONLY
        log("interrupted; nothing was changed" if reads else f"interrupted; {KEPT}")
        return INTERRUPTED
    except Exception as error:  # a mistake of ours or of the application's: still one line
        return _failed(arguments, _unexpected(error), error)


def _failed(arguments: Sequence[str], error: GuardError, cause: BaseException | None = None) -> int:
    verbose = _verbose(arguments)
    if verbose:
        log_text("".join(traceback.format_exception(cause or error)))
    log(error.message, level="error", event="error", code=error.code, exit_code=error.exit_code)
    if (render := renderer(_format(arguments), "error")) is not None:
        shown = Shown(command=_command(arguments), exit_code=error.exit_code)
        with suppress(ConfigurationError):  # what is wrong stands on stderr
            print_text(str(render(error, shown)))
    return error.exit_code


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    help_command = f" (see {context.command_path} --help)" if context is not None else ""
    said = one_line(error.format_message()).rstrip(".")
    if isinstance(error, click.NoSuchOption) and context is not None and (others := _that_know(error, context)):
        have = "has" if len(others) == 1 else "have"
        own = " ".join(context.command_path.split()[1:])
        said = f"No such option {error.option_name!r} of {own}; {listed(others)} {have} it"
    return f"{said}{help_command}"


def _that_know(error: click.NoSuchOption, context: click.Context | None) -> list[str]:
    """The other commands that have this option, of the same group before those of the one around it: it was typed for
    one of them."""
    while context is not None and (context := context.parent) is not None:
        commands = context.command.commands if isinstance(context.command, click.Group) else {}
        known: list[str] = []
        for name in sorted(commands):
            with suppress(ImportError):  # what the command needs is not installed
                options = commands[name].params
                known += [name] if any(error.option_name in option.opts for option in options) else []
        if known:
            return known
    return []


def _unexpected(error: Exception) -> GuardError:
    out_of_range = unmet()  # an unsupported version of a package is the likeliest cause
    if out_of_range is not None:
        return ConfigurationError(out_of_range)
    if isinstance(error, FileNotFoundError) and not _in_a_directory():
        return ConfigurationError("the working directory does not exist any more: change to one that does (cd)")
    if isinstance(error, OSError) and (failure := output_failure()) is not None:
        return failure  # the help, which click writes itself
    said = one_line(str(error))
    return StepError(f"unexpected {type(error).__name__}{f': {said}' if said else ''} (-v shows where)")


def _in_a_directory() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _verbose(arguments: Sequence[str]) -> bool:
    return any(argument in ("-v", "--verbose") for argument in arguments)


def _format(arguments: Sequence[str]) -> str:
    """The format that was asked for, also when the command line could not be parsed."""
    joined = [argument.partition("=")[2] for argument in arguments if argument.startswith("--format=")]
    apart = [value for option, value in pairwise(arguments) if option == "--format"]
    return next(iter((*joined, *apart)), DEFAULT)


def _command(arguments: Sequence[str]) -> str:
    return next((argument for argument in arguments if argument in group.commands), "")
