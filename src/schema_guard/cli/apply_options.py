"""The options of the commands that may change a database, and the Request that they come to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from schema_guard.cli.options import accept_option, beside_option, database_options, scope_options, target_argument

__all__ = ["apply_options"]

Command = TypeVar("Command", bound=Callable[..., Any])


def apply_options(command: Command) -> Command:
    """TARGET, `--url`, what apply may do and for how long; the command gets all of it as one Request, `asked`."""

    @functools.wraps(command)
    def collected(
        *arguments: Any,
        target: str | None,
        url: str | None,
        ddl_url: str | None,
        budget: str | None,
        required_only: bool | None,
        wait: str | None,
        lock_timeout: str | None,
        accept: tuple[str, ...],
        beside: str | None,
        history: bool | None,
        **others: Any,
    ) -> Any:
        from schema_guard.cli.asking import request

        asked = request(
            target,
            url=url,
            ddl_url=ddl_url,
            budget=budget,
            required_only=required_only,
            wait=wait,
            lock_timeout=lock_timeout,
            accept=accept,
            beside=beside,
            history=history,
        )
        return command(*arguments, asked=asked, **others)

    for option in (
        beside_option,
        scope_options,
        accept_option,
        click.option(
            "--history", is_flag=True, default=None, help="Write what was done into the table schema_guard_history."
        ),
        click.option(
            "--lock-timeout", metavar="TIME", help="The longest that one try waits for a lock.  [default: 1s]"
        ),
        click.option(
            "--wait",
            metavar="TIME",
            help="How long to wait for the database to come up.  [default: 30s, in the budget]",
        ),
        click.option(
            "--required-only",
            is_flag=True,
            default=None,
            help="Only the steps that fix what breaks the application; leave the rest to a later run.",
        ),
        click.option(
            "--budget",
            metavar="TIME",
            help="Time for the whole run; what is not done by then is left for the next run.  [default: 60s]",
        ),
        click.option("--ddl-url", metavar="URL", help="The same database without the pooler that --url goes through."),
        database_options,
        target_argument,
    ):
        collected = option(collected)
    return cast(Command, collected)
