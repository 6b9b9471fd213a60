"""`schema-guard plan`, `apply`, `sql` and `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from schema_guard.cli.apply_options import apply_options
from schema_guard.cli.choices import chosen_schemas
from schema_guard.cli.options import (
    accept_option,
    beside_option,
    bind_option,
    chain_file_options,
    database_options,
    each_schema_option,
    format_option,
    lost_option,
    output_options,
    scope_options,
    target_argument,
)
from schema_guard.cli.output import print_text
from schema_guard.dialects import SUPPORTED
from schema_guard.exit_codes import OK, planned_code
from schema_guard.render.formats import Shown

if TYPE_CHECKING:
    from schema_guard.cli.request import Request
    from schema_guard.report import Report

__all__ = ["apply", "demo", "plan", "sql"]


@click.command(short_help="Show the steps that apply would take.")
@target_argument
@database_options
@accept_option
@scope_options
@beside_option
@chain_file_options
@each_schema_option
@format_option("plan")
@output_options
def plan(
    target: str | None,
    url: str | None,
    accept: tuple[str, ...],
    beside: str | None,
    format_: str,
    no_color: bool,
    verbose: bool,
) -> int:
    """Show the steps that apply would take, with their SQL, locks and hazards, and what is refused. Reads only."""
    from schema_guard.cli.ahead import with_chain
    from schema_guard.cli.asking import request
    from schema_guard.cli.each_schema import on_each_schema
    from schema_guard.cli.several import on_each
    from schema_guard.many.reports import named

    def look(asked: Request) -> tuple[Report, Shown]:
        report = named(with_chain(asked)[0].check(asked.database), asked.bind)
        shown = Shown(
            command="plan",
            exit_code=OK,
            next_command=asked.next_command("apply"),
            apply_code=planned_code(report),
            verbose=verbose,
        )
        return report, shown

    asked = request(target, url=url, accept=accept, beside=beside)
    if chosen_schemas():
        return on_each_schema(asked, "plan", format_, color=not no_color, verbose=verbose)
    return on_each(asked, "plan", look, format_, color=not no_color)


@click.command(short_help="Repair, and say whether the application can start.")
@apply_options
@chain_file_options
@lost_option
@each_schema_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Change nothing: show the plan, and exit with the code that apply would exit with, as far as can be told.",
)
@format_option("apply")
@output_options
def apply(asked: Request, lost: tuple[str, ...], dry_run: bool, format_: str, no_color: bool, verbose: bool) -> int:
    """Repair what can be repaired without destroying anything; say what remains and whether the application can start.

    TIME is a number of seconds, or 500ms, 60s, 2m. SIGINT and SIGTERM stop it gracefully: what a statement has begun
    is rolled back, the report is printed, the exit code is 130 or 143.
    """
    from schema_guard.cli.applying import applied, rehearsed
    from schema_guard.cli.each_schema import on_each_schema
    from schema_guard.cli.progress import log_is_seen
    from schema_guard.cli.several import on_each

    def rehearse(asked: Request) -> tuple[Report, Shown]:
        report = rehearsed(asked, lost)
        code = planned_code(report)
        following = asked.next_command("apply")
        return report, Shown(command="plan", exit_code=code, next_command=following, apply_code=code, verbose=verbose)

    def repair(asked: Request) -> tuple[Report, Shown]:
        done = applied(asked, lost)
        return done.report, done.shown(logged=log_is_seen(), verbose=verbose)

    if chosen_schemas():
        command = "plan" if dry_run else "apply"
        return on_each_schema(asked, command, format_, color=not no_color, verbose=verbose)
    if dry_run:
        return on_each(asked, "plan", rehearse, format_, color=not no_color)
    return on_each(asked, "apply", repair, format_, color=not no_color)


@click.command(short_help="Write an emergency script, without a database.")
@target_argument
@click.option("--dialect", type=click.Choice(SUPPORTED), help="For which database system.")
@click.option("--url", metavar="URL", help="Look at this database, and write exactly what it lacks.")
@bind_option
@scope_options
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.", expose_value=False)
def sql(target: str | None, dialect: str | None, url: str | None) -> int:
    """Write an idempotent emergency script to paste into psql or sqlite3. No database is needed.

    For PostgreSQL each statement asks the catalog first. SQLite has no conditional DDL: without --url the script holds
    only what CREATE .. IF NOT EXISTS can do.
    """
    from schema_guard.cli.emergency import emergency_sql

    print_text(emergency_sql(target, dialect, url))
    return OK


@click.command()
@click.option(
    "--url", metavar="URL", help="A PostgreSQL database: show the tour there as well, in a schema of its own."
)
@click.option("--no-color", is_flag=True, help="No colour, also on a terminal (as NO_COLOR=1).")
def demo(url: str | None, no_color: bool) -> int:
    """A guided tour on a throw-away SQLite database."""
    from schema_guard.cli.demo import walk
    from schema_guard.demo.draft import scene

    return walk(scene(), url, color=not no_color)
