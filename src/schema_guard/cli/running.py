"""`schema-guard run`: apply, then become the application's own command."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, NoReturn

import click

from schema_guard.cli.apply_options import apply_options
from schema_guard.cli.choices import PROGRAM
from schema_guard.cli.logs import as_json
from schema_guard.cli.options import chain_file_options, lost_option, output_options
from schema_guard.cli.output import log, log_event
from schema_guard.errors import ConfigurationError
from schema_guard.exit_codes import OK
from schema_guard.hidden import without_password
from schema_guard.render.formats import DEFAULT, Shown

if TYPE_CHECKING:
    from schema_guard.cli.request import Request
    from schema_guard.report import Report

__all__ = ["own_arguments", "run"]

END = "--"

RESTORED = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")
"""Python ignores these, and what is ignored stays ignored after exec: the command shall find them as a shell does."""


def own_arguments(arguments: Sequence[str]) -> Sequence[str]:
    """The command line without the command that follows `--`."""
    return arguments[: arguments.index(END)] if END in arguments else arguments


class RunCommand(click.Command):
    """Keeps what follows `--` from being read as options or as TARGET."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = list(own_arguments(args))
        ctx.meta["schema_guard.command"] = args[len(own) + 1 :]
        try:
            return super().parse_args(ctx, list(own))  # which it empties
        except click.UsageError:
            if END in args or not (command := self._behind_target(own)):
                raise
            before = own[: len(own) - len(command)]
            typed = shlex.join((*PROGRAM, "run", *before, END, *command))
            raise click.UsageError(f"the command has to follow {END}: {without_password(typed)}", ctx) from None

    def _behind_target(self, args: Sequence[str]) -> Sequence[str]:
        """What looks like the command, where nothing separates it: all behind TARGET and the options."""
        with_value = {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}
        position = 0
        while position < len(args) and args[position].startswith("-"):
            position += 2 if args[position] in with_value else 1
        while position + 1 < len(args) and args[position + 1].startswith("-"):  # options behind TARGET
            known = args[position + 1].partition("=")[0] in {name for option in self.params for name in option.opts}
            if not known:
                break
            position += 2 if args[position + 1] in with_value else 1
        target = position < len(args) and (":" in args[position] or shutil.which(args[position]) is None)
        return args[position + target :]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), END, "COMMAND..."]


@click.command(cls=RunCommand, short_help="Apply, then exec COMMAND.")
@apply_options
@partial(chain_file_options, short=False)  # `run python -c ..` without its -- must not read -c as its own
@lost_option
@output_options
@click.pass_context
def run(ctx: click.Context, asked: Request, lost: tuple[str, ...], no_color: bool, verbose: bool) -> int:
    """Apply, then exec COMMAND: the same process, so that signals arrive and its exit code is the command's.

    What apply reports goes to stderr. When something that breaks the application remains, COMMAND is not started and
    the exit code is that of apply.
    """
    from schema_guard.cli.applying import applied
    from schema_guard.cli.several import on_each

    def repair(asked: Request) -> tuple[Report, Shown]:
        done = applied(asked, lost)
        return done.report, done.shown(logged=True, verbose=verbose)

    command = _found(ctx.meta["schema_guard.command"])
    with redirect_stdout(StringIO() if as_json() else sys.stderr):  # JSON says the verdict as an event
        code = on_each(asked, "apply", repair, DEFAULT, color=not no_color)
    if code != OK:
        log(f"{command[0]} was not started", level="error")
        return code
    return _become(command)


def _found(command: Sequence[str]) -> Sequence[str]:
    """Looked for before anything is done to the database."""
    if not command:
        raise ConfigurationError("no command to run: schema-guard run TARGET -- COMMAND...")
    if shutil.which(command[0]) is None:
        raise ConfigurationError(f"{command[0]} is not a program that can be run: not found, or not executable")
    return command


def _become(command: Sequence[str]) -> NoReturn:
    from schema_guard.chain.sandbox.starting import end_host

    log_event(f"starting {command[0]}", "starting")
    end_host()  # the command shall have no child that it did not start
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    for name in RESTORED:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvp(command[0], list(command))
    except OSError as error:
        raise ConfigurationError(f"{command[0]} cannot be run: {error.strerror}") from None
