"""`schema-guard compat`: whether another release works on the database that this one leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from schema_guard.cli.choices import chain_words
from schema_guard.cli.doctors import doctor_of, place_of
from schema_guard.cli.options import chain_file_options, format_option, output_options, scope_options, target_argument
from schema_guard.cli.output import print_result
from schema_guard.exit_codes import OK, REMAINS
from schema_guard.render.formats import Shown

if TYPE_CHECKING:
    from sqlalchemy import URL

    from schema_guard.chain.doctor import Doctor
    from schema_guard.guard import Guard

__all__ = ["compat"]


@click.command(short_help="Say which statements of another release would fail after this one.")
@target_argument
@click.option("--against", metavar="RELEASE", required=True, help="Its frozen file, or git:REF:path.")
@click.option(
    "--scratch",
    "--scratch-url",
    "scratch",
    metavar="URL",
    help="A PostgreSQL server for the scratch database.  [default: SQLite]",
)
@scope_options
@click.option("--beside", is_flag=True, help="Deploy this release as with `--beside RELEASE`.")
@chain_file_options
@click.option("-x", "x", multiple=True, metavar="NAME=VALUE", help="For env.py, as Alembic's -x.")
@format_option("compat")
@output_options
def compat(
    target: str | None,
    against: str,
    scratch: str | None,
    beside: bool,
    x: tuple[str, ...],
    format_: str,
    no_color: bool,
    verbose: bool,
) -> int:
    """Say which statements of RELEASE fail once this release's revisions and repairs were run, and whether rolling back
    is safe. Exits with 1 when one fails.

    It is tried: a scratch database is created as RELEASE expects it, this release's chain and plan run on it, and
    RELEASE's expectations are checked and its statements run there. No real database is touched.
    """
    from schema_guard.address import address_of
    from schema_guard.cli.asking import guard_of
    from schema_guard.cli.request import Request
    from schema_guard.compat.trial import Trial
    from schema_guard.config import normalise_url
    from schema_guard.sources.frozen import release_of

    loaded, settings = guard_of({"target": target})
    release = release_of(against, edited=bool(settings.allow_edited))
    guard = loaded.guard.beside(release, release.path) if beside else loaded.guard
    arguments = () if target is None else (target,)

    def doctor(guard: Guard, url: URL) -> Doctor:
        there = settings._replace(url=url.render_as_string(hide_password=False), ddl_url=None)
        return doctor_of(Request(guard, address_of(url), there, arguments, options=chain_words()), url, place_of(x))

    found = Trial(
        guard.silent(), release, doctor, None if scratch is None else normalise_url(scratch, "--scratch")
    ).run()
    code = OK if found.safe else REMAINS
    print_result(found, format_, Shown(command="compat", exit_code=code, verbose=verbose), color=not no_color)
    return code
