"""`schema-guard ready`: whether the application can use its database now, for probes and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from schema_guard.cli.options import format_option, judging_options, output_options
from schema_guard.cli.output import print_result
from schema_guard.exit_codes import OK, REMAINS
from schema_guard.render.formats import Shown

if TYPE_CHECKING:
    from schema_guard.cli.request import Request
    from schema_guard.readiness import Readiness
    from schema_guard.report import Report

__all__ = ["ready"]


@click.command(short_help="Say in one line whether the application can use the database.")
@judging_options("Not ready when a difference of this impact or worse was found.")
@format_option("ready")
@output_options
def ready(
    target: str | None,
    url: str | None,
    fail_on: str | None,
    accept: tuple[str, ...],
    format_: str,
    no_color: bool,
    verbose: bool,
) -> int:
    """Say in one line whether the application can use the database: exit 0, or 1 with the reason. Reads only.

    A database that cannot be reached, or read, is not ready. In a running application Guard.ready(engine) answers the
    same without a process of its own.
    """
    from schema_guard.cli.asking import request
    from schema_guard.many.readiness import all_of

    asked = request(target, url=url, fail_on=fail_on, accept=accept)
    readiness = all_of({one.bind: _ready(one) for one in asked.every})
    code = OK if readiness else REMAINS
    print_result(readiness, format_, Shown(command="ready", exit_code=code, verbose=verbose), color=not no_color)
    return code


def _ready(asked: Request) -> Readiness:
    from schema_guard.readiness import readiness_of

    def look() -> Report:
        asked.require()
        return asked.guard.check(asked.readable)

    return readiness_of(look, asked.guard.name, asked.fail_on)
