"""Options that several commands share, and what they come to: a guard and a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["PROGRAM", "apply_options", "database_options", "format_option", "output_options", "target_argument"]

Command = TypeVar("Command", bound=Callable[..., Any])

PROGRAM = ("schema-guard",)
"""What a person types before a command, unless it is another program that runs it."""

target_argument = click.argument("target", required=False, metavar="[TARGET]")


def database_options(command: Command) -> Command:
    """`--url`."""
    return click.option(
        "--url",
        metavar="URL",
        help="The database.  [default: DATABASE_URL]",
    )(command)


def apply_options(command: Command) -> Command:
    """What apply may do, and for how long."""
    for option in (
        click.option(
            "--lock-timeout", metavar="TIME", help="The longest that one try waits for a lock.  [default: 1s]"
        ),
        click.option("--wait", metavar="TIME", help="How long to wait for the database to come up.  [default: 30s]"),
        click.option("--required-only", is_flag=True, default=None, help="Only what breaks the application; no debt."),
        click.option("--budget", metavar="TIME", help="For everything; debt open then stays open.  [default: 60s]"),
        click.option("--ddl-url", metavar="URL", help="The same database, directly, where --url is a pooler's."),
    ):
        command = option(command)
    return command


def format_option(*formats: str) -> Callable[[Command], Command]:
    """`--format`, the first one being the default."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the result is written to stdout.",
    )


def output_options(command: Command) -> Command:
    """`--no-color` and `-v`."""
    command = click.option("--no-color", is_flag=True, help="No colour, also on a terminal (as NO_COLOR=1).")(command)
    return click.option(
        "-v", "--verbose", is_flag=True, help="Everything: queries, statements, the traceback of an error."
    )(command)
