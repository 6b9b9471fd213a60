"""`schema-guard revision`: a defensive Alembic revision for what the plan holds."""

from __future__ import annotations

import click

from schema_guard.cli.options import bind_option, scope_options, target_argument
from schema_guard.cli.output import log, print_text
from schema_guard.exit_codes import OK

__all__ = ["revision"]


@click.command(short_help="Write a defensive Alembic revision.")
@target_argument
@click.option("-m", "--message", required=True, help="What it is about, as `alembic revision -m`.")
@click.option("--url", metavar="URL", help="The database whose plan is written.  [default: DATABASE_URL]")
@bind_option
@click.option("--everything", is_flag=True, help="All that the models expect, without looking at a database.")
@click.option("-c", "--config", metavar="FILE", help="alembic.ini, pyproject.toml, or the folder of env.py.")
@click.option("-n", "--name", "section", default="alembic", help="The section of alembic.ini, as Alembic's.")
@click.option("--head", metavar="REVISION", help="The revision that it follows.  [default: the only head]")
@click.option("--rev-id", metavar="ID", help="Its id, at most 32 characters.  [default: made up as Alembic does]")
@scope_options
@click.option("--sql-preview", is_flag=True, help="Write no file; print upgrade() and the statements of the plan.")
@click.option("-v", "--verbose", is_flag=True, help="The traceback of an error.", expose_value=False)
def revision(
    target: str | None,
    message: str,
    url: str | None,
    everything: bool,
    config: str | None,
    section: str,
    head: str | None,
    rev_id: str | None,
    sql_preview: bool,
) -> int:
    """Write one Alembic revision that does what the plan does, on any database of the application.

    It runs on PostgreSQL and SQLite, twice in a row, and where some of it is there already: each of its operations asks
    the catalog first. It imports nothing of the application.
    """
    from schema_guard.cli.request import guard_of, request
    from schema_guard.cli.several import on_one
    from schema_guard.revision.write import text_for, text_for_everything, write_revision

    if everything:
        guard = guard_of({"target": target})[0].guard
        text = text_for_everything(guard)
    else:
        asked = on_one(request(target, url=url), "revision")
        guard = asked.guard
        text = text_for(guard, asked.database)
    if sql_preview:
        print_text(f"{text.imports}\n\n{text.upgrade}\n")
        if not everything:
            from schema_guard.render.sql import plan_sql

            report = guard.check(asked.database)
            print_text(plan_sql(report, guard.plan(asked.database)))
        return OK
    written = write_revision(text, message, config=config, section=section, head=head, revision_id=rev_id)
    if written is None:
        log("nothing to write: the plan has no step that a revision could take")
        return OK
    for name in written.left:
        log(f"{name}: not in the revision; `schema-guard apply` does it")
    print_text(f"{written.path}\n")
    return OK
