"""`schema-guard revision`: a defensive Alembic revision for what the plan holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from schema_guard.cli.chain import chain_options
from schema_guard.cli.doctors import Place, doctor_of
from schema_guard.cli.options import bind_option, scope_options, target_argument
from schema_guard.cli.output import log, print_text
from schema_guard.errors import ConfigurationError
from schema_guard.exit_codes import OK

if TYPE_CHECKING:
    from schema_guard.guard import Guard

__all__ = ["revision"]

NOTHING_TO_DO = (
    "nothing to write: this database lacks nothing that a revision could make; what the chain leaves out, with this "
    "database repaired by apply, is written with --replay"
)
NOTHING_LEFT_OUT = "nothing to write: the chain makes all that the models expect and that a revision could make"


@click.command(short_help="Write a defensive Alembic revision.")
@target_argument
@click.option("-m", "--message", required=True, help="What it is about, as `alembic revision -m`.")
@click.option("--url", metavar="URL", help="The database whose plan is written.  [default: DATABASE_URL]")
@bind_option
@click.option("--everything", is_flag=True, help="All that the models expect, without looking at a database.")
@click.option(
    "--replay",
    is_flag=True,
    help="What the last revision leaves out, as a replay of the chain on a scratch database says.",
)
@chain_options
@click.option("--head", metavar="REVISION", help="The revision that it follows.  [default: the only head]")
@click.option("--rev-id", metavar="ID", help="Its id, at most 32 characters.  [default: made up as Alembic does]")
@scope_options
@click.option("--sql-preview", is_flag=True, help="Write no file; print upgrade() and the statements of the plan.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.", expose_value=False)
def revision(
    target: str | None,
    message: str,
    url: str | None,
    everything: bool,
    replay: bool,
    place: Place,
    head: str | None,
    rev_id: str | None,
    sql_preview: bool,
) -> int:
    """Write one Alembic revision that does what the plan does, on any database of the application.

    It runs on PostgreSQL and SQLite, twice in a row, and where some of it is there already: each of its operations asks
    the catalog first. It imports nothing of the application.
    """
    from schema_guard.cli.asking import guard_of
    from schema_guard.revision.write import text_for, text_for_everything, write_revision

    if everything and replay:
        raise ConfigurationError("--everything looks at no database, --replay at one: leave one of them out")
    statements = ""
    if everything:
        text = text_for_everything(guard_of({"target": target})[0].guard)
    else:
        with _database(target, url, place, replay=replay) as (guard, database):
            text = text_for(guard, database)
            statements = _statements(guard, database) if sql_preview else ""
    if sql_preview:
        print_text(f"{text.imports}\n\n{text.upgrade}\n{statements}")
        return OK
    written = write_revision(text, message, config=place.config, section=place.section, head=head, revision_id=rev_id)
    if written is None:
        log(NOTHING_LEFT_OUT if replay else NOTHING_TO_DO)
        return OK
    for name in written.left:
        log(f"{name}: not in the revision; `schema-guard apply` does it")
    print_text(f"{written.path}\n")
    return OK


@contextmanager
def _database(target: str | None, url: str | None, place: Place, *, replay: bool) -> Iterator[tuple[Guard, Any]]:
    """The guard and what its plan is for: the database, or a scratch one on which the chain has run."""
    from schema_guard.cli.asking import request
    from schema_guard.cli.several import on_one

    asked = on_one(request(target, url=url), "revision")
    if not replay:
        yield asked.guard, asked.database
        return
    with doctor_of(asked, asked.url, place).at_head() as scratch:
        yield asked.guard, scratch


def _statements(guard: Guard, database: Any) -> str:
    from schema_guard.render.sql import plan_sql

    return plan_sql(guard.check(database), guard.plan(database))
