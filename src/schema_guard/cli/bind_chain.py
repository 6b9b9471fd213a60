"""deploy on an application with several databases: the chain works on the main one, the others get apply alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from schema_guard.cli.applying import applied
from schema_guard.cli.location import location_at_hand, serves
from schema_guard.cli.output import log
from schema_guard.cli.progress import log_is_seen
from schema_guard.cli.request import Request
from schema_guard.cli.several import Work, on_each
from schema_guard.many.member import MAIN
from schema_guard.render.formats import Shown

if TYPE_CHECKING:
    from schema_guard.chain.deploy import Deployment

__all__ = ["on_each_bind"]

NOT_SERVED = "the Alembic chain at hand serves the main database; env.py names no other bind, which gets apply alone"


def on_each_bind(asked: Request, on_chain: Work, format_: str, *, color: bool) -> int:
    """As `on_each`: the chain where the main database is, then apply on each of the others.

    A chain whose env.py works on several databases migrates all of them when it is run for the main one.
    """

    def work(one: Request) -> tuple[object, Shown]:
        if one.bind in ("", MAIN):
            return on_chain(one)
        location = location_at_hand()
        if location is not None and not serves(location, one.bind):
            log(f"bind {one.bind}: {NOT_SERVED}")
        done = applied(one)
        shown = done.shown(logged=log_is_seen(), verbose=False)
        return _deployment(done.report), replace(shown, command="deploy")

    return on_each(asked, "deploy", work, format_, color=color)


def _deployment(report: object) -> Deployment:
    """What apply did; the chain ran with the main database, or does not serve this one."""
    from schema_guard.chain.deploy import Deployment

    return Deployment(report=report, of_chain=False)  # type: ignore[arg-type] # a Report
