"""`schema-guard history`: what apply did to a database, as it was recorded there."""

from __future__ import annotations

import click

from schema_guard.cli.options import database_options, format_option, output_options, target_argument
from schema_guard.cli.output import print_result
from schema_guard.exit_codes import OK
from schema_guard.render.formats import Shown

__all__ = ["history"]


@click.command(short_help="Show what apply did, where that was recorded.")
@target_argument
@database_options
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many runs to show, the newest first.",
)
@format_option("history")
@output_options
def history(target: str | None, url: str | None, limit: int, format_: str, no_color: bool, verbose: bool) -> int:
    """Show what apply did to the database, the newest first: who, when, from where, which release. Reads only.

    Runs are recorded with --history, or history = true in pyproject.toml, in the table schema_guard_history.
    """
    from contextlib import closing

    from schema_guard.cli.asking import request
    from schema_guard.cli.several import on_one
    from schema_guard.dialects import open_session
    from schema_guard.history.table import runs

    asked = on_one(request(target, url=url), "history")
    with closing(open_session(asked.readable)) as session:
        found = runs(session, limit)
    print_result(found, format_, Shown(command="history", exit_code=OK, verbose=verbose), color=not no_color)
    return OK
