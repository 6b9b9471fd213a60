"""`schema-guard check`: how the database differs from what the models expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from schema_guard.cli.choices import chosen_schemas
from schema_guard.cli.options import (
    chain_file_options,
    each_schema_option,
    format_option,
    judging_options,
    output_options,
)
from schema_guard.render.formats import Shown

if TYPE_CHECKING:
    from schema_guard.cli.request import Request
    from schema_guard.report import Report

__all__ = ["check"]


@click.command(short_help="Report how the database differs, by impact.")
@judging_options("Exit 1 when a difference of this impact or worse was found.")
@chain_file_options
@each_schema_option
@format_option("check")
@output_options
def check(
    target: str | None,
    url: str | None,
    fail_on: str | None,
    accept: tuple[str, ...],
    format_: str,
    no_color: bool,
    verbose: bool,
) -> int:
    """Report how the database differs from what the models expect, by impact. Reads only."""
    from schema_guard.cli.asking import request
    from schema_guard.cli.several import on_each
    from schema_guard.exit_codes import check_code
    from schema_guard.many.reports import named

    def look(asked: Request) -> tuple[Report, Shown]:
        report = named(asked.guard.check(asked.readable), asked.bind)
        shown = Shown(
            command="check",
            exit_code=check_code(report, asked.fail_on),
            next_command=asked.next_command("plan"),
            keys=asked.fail_on,
            verbose=verbose,
        )
        return report, shown

    asked = request(target, url=url, fail_on=fail_on, accept=accept)
    if chosen_schemas():
        from schema_guard.cli.each_schema import on_each_schema

        return on_each_schema(asked, "check", format_, color=not no_color, verbose=verbose)
    return on_each(asked, "check", look, format_, color=not no_color)
