"""What the application's own env.py keeps from autogenerate is left out by the guard as well."""

from __future__ import annotations

from dataclasses import replace

from schema_guard.cli.location import location_at_hand
from schema_guard.cli.output import log
from schema_guard.cli.request import Request, is_frozen
from schema_guard.counted import counted, first_of
from schema_guard.errors import GuardError
from schema_guard.many.member import MAIN
from schema_guard.scope import Scope
from schema_guard.selector import selectors_of

__all__ = ["without_left_out"]

MOST_NAMED = 6


def without_left_out(asked: Request) -> Request:
    """The same, without what include_object and include_name of the env.py at hand say False to; told in the log.

    env.py is run for it, as a chain's diagnosis does, only where it holds one of the two names. A frozen file is never
    asked about the application: `--exclude` says it there.
    """
    if asked.bind not in ("", MAIN) or asked.error is not None or is_frozen(asked.guard):
        return asked
    location = location_at_hand()
    if location is None:
        return asked
    from schema_guard.chain.files import may_leave_out, read_chain

    found = read_chain(location)
    if found is None or not may_leave_out(found[1]):
        return asked
    from schema_guard.cli.doctors import doctor_of

    try:
        project = doctor_of(asked, asked.url).describe()
    except GuardError:
        return asked  # Alembic is not installed here
    if project is None or not project.described:
        log("env.py did not run: what its include_object or include_name leaves out is checked as well")
        return asked
    patterns = project.left_out
    if not patterns:
        return asked
    number = counted(len(patterns), "object")
    names = first_of(patterns, MOST_NAMED)
    log(f"env.py (include_object, include_name) keeps {number} from autogenerate: not checked either: {names}")
    scope = Scope(exclude=selectors_of(list(patterns), "env.py"))
    return replace(asked, guard=asked.guard.changed(scope=scope))
