"""Commands beside `flask run` and `flask db`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import select

from mdraft.cleanup import remove_expired
from mdraft.models import AllowlistEntry
from mdraft.web.database import db

__all__ = ["init_app"]


def init_app(app: Flask) -> None:
    app.cli.add_command(cleanup)
    app.cli.add_command(invite)


@click.command("cleanup")
@click.option("--batch", default=500, show_default=True, type=click.IntRange(1, 10_000), help="Rows a transaction.")
@with_appcontext
def cleanup(batch: int) -> None:
    """Remove what anonymous visitors left and nobody claimed in time."""
    proposals, conversions = remove_expired(db.session(), batch)
    click.echo(f"removed {proposals} proposals and {conversions} conversions that had expired")


@click.command("invite")
@click.argument("email")
@click.option("--plan", default="F&F", show_default=True)
@with_appcontext
def invite(email: str, plan: str) -> None:
    """Let EMAIL register where REGISTRATION=invited."""
    email = email.strip().lower()
    if db.session.scalar(select(AllowlistEntry).where(AllowlistEntry.email == email)) is None:
        db.session.add(AllowlistEntry(email=email, plan=plan))
        db.session.commit()
    click.echo(f"{email} may register")
