"""Domains and sequences that are missing, made among the temporary objects: what the server refuses there, it refuses.

It happens in a transaction that is rolled back, as with the copies of tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.event_triggers import EventTrigger, accused
from schema_guard.dialects.postgresql.failures import diagnose, extension_for, is_disconnect, without_values
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.trial_copy import CERTAIN, OTHERS_NAME, UNMADE
from schema_guard.dialects.postgresql.trial_rows import made_by
from schema_guard.dialects.violators import mentions
from schema_guard.difference import Difference, DomainMissing, SchemaMissing, SequenceMissing
from schema_guard.hidden import without_password
from schema_guard.plan import REFUSED, Definition, Rejection
from schema_guard.schema import Name

__all__ = ["refused_objects"]


def refused_objects(
    link: Link,
    differences: Sequence[Difference],
    quote: Callable[[Name | str], str],
    timeout: float,
    triggers: Sequence[EventTrigger] = (),
) -> dict[Definition, Rejection]:
    """What the server refuses of them.

    Args:
        link: a connection under the application's own search_path.
        differences: what compare found.
        quote: the dialect's quoting.
        timeout: seconds for each statement.
        triggers: event triggers, which may refuse the trial alone.

    Raises what the link raises.
    """
    found: dict[Definition, Rejection] = {}
    asked: list[tuple[Definition, str]] = []
    for each in differences:
        if isinstance(each, DomainMissing) and each.holder is None:
            asked.append(((each.domain.name, each.domain), each.domain.ddl))
        elif isinstance(each, SequenceMissing) and each.holder is None:
            asked.append(((each.sequence.name, each.sequence), each.sequence.ddl))
    if not asked:
        return found
    schemas = (each.name for each in differences if isinstance(each, SchemaMissing))
    coming = {*made_by(differences), *schemas}
    with link.trying(timeout):
        for (name, noun), create in asked:
            written = f" {quote(name)} "
            if f"{create} ".count(written) != 1:
                continue
            trial = f"{create} ".replace(written, f" {quote(Name('pg_temp', name.name))} ")
            if (rejection := _refused(link, trial, coming, triggers)) is not None:
                found[name, noun] = rejection
    return found


def _refused(link: Link, trial: str, coming: Collection[str], triggers: Sequence[EventTrigger]) -> Rejection | None:
    """What the server says; None where it proves nothing, such as what the plan itself makes first."""
    try:
        with link.part_undone():
            link.run(trial)
    except DriverError as error:
        if is_disconnect(error):
            raise
        diagnosis = diagnose(error)
        state, said = diagnosis.sqlstate, diagnosis.message
        if not state.startswith(CERTAIN) or state in OTHERS_NAME or any(accused(error, triggers)):
            return None
        if state in UNMADE and any(mentions(said, name) for name in coming):
            return None
        said = without_password(f"the server refuses it: {without_values(error)}")
        return Rejection(said, REFUSED, "", advice=(extension_for(error) or "correct it in the models",))
    return None
