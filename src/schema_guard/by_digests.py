"""A report by digests, of a frozen file or of models that are asked again: only the tables that they do not know are
read and compared.

It is what a whole look would find, or None: where more is found than notes to those tables, what is to be done about it
needs the others as well.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schema_guard.dialects.base import Session
from schema_guard.difference import Impact
from schema_guard.look import Look, compared, looked, plan_of, report_of
from schema_guard.names import Name
from schema_guard.plan import Plan, Policy, Survey
from schema_guard.report import Report
from schema_guard.schema import Schema
from schema_guard.scope import Scope
from schema_guard.sources.frozen.drivers import as_sent
from schema_guard.sources.placeholders import names_to_locate, settled
from schema_guard.sources.source import Digested

__all__ = ["report_by_digests"]

WORTH = 0.5
"""Of all tables, how many the digests must know: of fewer it is not worth while to leave them out."""

_NOTHING = Look(Schema(), Schema(), (), Survey())


def report_by_digests(
    session: Session, source: Digested, policy: Policy, name: str, survey_timeout: float, started: float
) -> Report | None:
    """What a check finds, where that is nothing but notes. Raises as looking does.

    Args:
        session: the database.
        source: a file with digests, of PostgreSQL or of SQLite, or models; nothing is excluded or accepted.
        policy: the guard's.
        name: the application's.
        survey_timeout: seconds for each query that counts rows.
        started: when the command began, by time.monotonic().
    """
    digests, tried = source.digests(session.dialect, comments=policy.comments), source.text_known
    if tried is not None and not session.facts.unfit and session.is_as_tried(tried):
        report = report_of(_NOTHING, Plan(), session, name, started, source)
        return replace(report, tables_expected=tried["tables"], catalog_queries=1)
    if digests is not None and "samples" in digests:
        from schema_guard.by_definitions import add_looks  # a frozen file has no use for it

        add_looks(digests, policy)
    known = session.as_expected(digests) if digests is not None else frozenset()
    if digests is not None and len(known) < len(digests["tables"]) and _may_be_noted(source, digests):
        return None
    if session.facts.unfit or digests is None or not known or len(known) < WORTH * len(digests["tables"]):
        return None
    look = _of_the_rest(session, source, digests, policy, known, survey_timeout)
    if look.warnings or any(each.impact is not Impact.NOTES for each in look.differences):
        return None
    plan = plan_of(look, session, policy)
    if plan.steps or plan.refusals:
        return None
    report = report_of(look, plan, session, name, started, source)
    return replace(report, tables_expected=len(digests["tables"]), catalog_queries=report.catalog_queries + 1)


def _may_be_noted(source: Digested, digests: Mapping[str, Any]) -> bool:
    """Whether a whole check of SQLite may give a digest of all, which takes less than to compare the rest each time."""
    return "samples" in digests and not getattr(source, "text_asked", True)


def _of_the_rest(
    session: Session,
    source: Digested,
    digests: Mapping[str, Any],
    policy: Policy,
    known: frozenset[str],
    survey_timeout: float,
) -> Look:
    begun = time.monotonic()
    if len(known) == len(digests["tables"]) and not digests.get("more"):
        return _NOTHING
    rest = source.rest(session.dialect, known)
    if not (rest.tables or rest.domains or rest.sequences):
        return _NOTHING
    session.locate(*names_to_locate(rest, session.dialect))
    default = session.facts.default_schema
    others = (each.rpartition(".") for each in sorted(known))
    expected = replace(
        as_sent(settled(rest, session.dialect), session.dialect.driver),
        others_expected=tuple(Name(schema or default, table) for schema, _, table in others),
    )
    guarded = Scope().guarded(expected, default)
    actual = session.inspect(expected)
    differences = compared(expected, actual, session, policy)
    return looked(
        session, guarded, actual, differences, accept=(), withhold=None, survey_timeout=survey_timeout, begun=begun
    )
