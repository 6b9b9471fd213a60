"""Sends a statement of which nothing is left, and says what it proves that the server does not do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import CANCELLED, Diagnosis, diagnose, is_disconnect, is_waiting
from schema_guard.dialects.postgresql.link import Link, set_local
from schema_guard.dialects.postgresql.lost_name import may_come
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.trial_rows import OF_NAMES
from schema_guard.refused_write import UNANSWERED, RefusedWrite

__all__ = ["Against", "against", "lost", "unanswered", "works"]

_IN_ITS_SESSION = "unless the application makes it in its session"
_TOO_LONG = "it took too long"


class Against(NamedTuple):
    """What the server has against a statement."""

    diagnosis: Diagnosis
    unanswered: str = ""
    """Why the server said nothing of the statement itself: a lock, or a timeout."""
    may_come: bool = False
    """It names what is not there, and what the application may make in its session."""


def works(link: Link, statement: str, within: float = 0.0) -> bool:
    """Whether the server has nothing against it; `within`: seconds, where it has fewer than the transaction gives."""
    return _error(link, statement, within) is None


def against(link: Link, statement: str, bodies_of: Sequence[int] = (), within: float = 0.0) -> Against | None:
    """What the server has against it; the locks that it took for the answer are let go.

    Args:
        link: a connection in a transaction.
        statement: one that leaves nothing.
        bodies_of: the OIDs of the functions whose bodies it checks.
        within: as of `works`.
    """
    error = _error(link, statement, within)
    if error is None:
        return None
    diagnosis = diagnose(error)
    if is_waiting(error):
        return Against(diagnosis, unanswered=_TOO_LONG if diagnosis.sqlstate == CANCELLED else _locked(link))
    return Against(diagnosis, may_come=diagnosis.sqlstate in OF_NAMES and may_come(link, diagnosis, bodies_of))


def lost(verb: str, said: Against, doubt: str = "") -> RefusedWrite:
    """A function that names what is not there; `doubt`: why it may work all the same."""
    doubts = (doubt, _IN_ITS_SESSION if said.may_come else "")
    return RefusedWrite(verb, said.diagnosis.message, "code", doubt=", ".join(filter(None, doubts)))


def unanswered(verb: str, said: Against) -> RefusedWrite:
    """It may work, or may not."""
    return RefusedWrite(verb, said.unanswered, UNANSWERED, doubt="could not be asked")


def _error(link: Link, statement: str, within: float) -> DriverError | None:
    try:
        with link.part_undone():
            if within:
                link.run(set_local({"statement_timeout": round(within * 1000)}))
            link.rows(statement)
    except DriverError as error:
        if is_disconnect(error):
            raise
        return error
    return None


def _locked(link: Link) -> str:
    """By which table, as far as it is still locked."""
    try:
        with link.part_undone():
            names = [str(name) for (name,) in link.rows(query("locked_tables"))]
    except DriverError as error:
        if is_disconnect(error):
            raise
        names = []
    return f"{' or '.join(names) or 'a table that it reads'} is locked"
