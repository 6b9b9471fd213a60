"""What the server or the driver said, as this package's errors: one line, with the SQLSTATE, without a password.

SQLSTATEs: PostgreSQL manual, appendix A.
"""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.server import Place
from schema_guard.errors import ConfigurationError, ReadError, StepError, UnreachableError, one_line
from schema_guard.names import in_quotes

__all__ = [
    "Diagnosis",
    "diagnose",
    "extension_for",
    "is_disconnect",
    "is_vanished",
    "is_waiting",
    "read_failed",
    "said",
    "settings_failed",
    "step_failed",
    "unreachable",
    "unread",
    "without_values",
]

LOCK_NOT_AVAILABLE = "55P03"
DENIED = "42501"
DEADLOCK = "40P01"
UNDEFINED_FUNCTION = "42883"
"""Or an operator (manual, appendix A)."""
INVALID_SCHEMA = "3F000"
CANCELLED = "57014"
UNDEFINED_OBJECT = "42704"
VANISHED = frozenset({"42P01", "42704", "42703", "3F000", "XX000"})
"""A relation, type, column or schema went away while it was read (XX000: `cache lookup failed`, `could not open`)."""

_KEY_COLUMNS = r"([^()=]*\([^=]*\))=\("
"""`Key (a, b)` of `Key (a, b)=(1, 2) is duplicated.`"""
_QUOTED_VALUE = r"(?s)\s*[:：]\s*[\"'«„“].*"
_METHOD = r"\W(gist|gin)\W"

TOO_MANY = "53300"
_OF_ROLE = r'too many connections for role "(.*?)"(?= |$)'
_OF_DATABASE = r'too many connections for database "(.*?)"(?= |$)'
_OF_SERVER = ("too many clients already", "remaining connection slots are reserved")

_WHY_UNREACHABLE = {
    "28P01": "password authentication failed",
    "28000": "the server does not let this role connect",
    "3D000": "the database does not exist",
    "57P03": "the server is starting up or shutting down",
    TOO_MANY: "too many connections",
}
_TIME_LIMITS = {
    "57014": "statement_timeout",
    "25P03": "idle_in_transaction_session_timeout",
    "25P04": "transaction_timeout",
    "57P05": "idle_session_timeout",
}
_TIMED_OUT = {
    "due to idle-in-transaction timeout": "idle_in_transaction_session_timeout",
    "due to transaction timeout": "transaction_timeout",
    "due to idle-session timeout": "idle_session_timeout",
}
"""What asyncpg says of them, without the state."""
NO_ROLE = "the role does not exist"
_LASTING_STATES = frozenset({"28P01", "28000", "3D000"})
_LASTING = frozenset({NO_ROLE, *(_WHY_UNREACHABLE[state] for state in _LASTING_STATES)})
"""What waiting does not fix: the server answered, and does not let this role or to this database."""


_NOT_TAKEN = (
    r"invalid connection option|bad value for connect_timeout"
    r"|invalid (?:sslmode|port number|target_session_attrs|channel_binding|gssencmode"
    r"|load_balance_hosts|ssl_\w+|require_auth|integer value|port|sslnegotiation)"
    r"|got an unexpected keyword argument|missing \d+ required positional argument"
)
"""What psycopg, psycopg2, pg8000 and asyncpg say before they connect."""


class Diagnosis(NamedTuple):
    """`sqlstate` is empty when the server said nothing (a lost connection)."""

    sqlstate: str
    message: str
    detail: str = ""
    context: str = ""
    """Which functions it arose in."""
    severity: str = ""
    """ERROR or FATAL; empty where nobody tells."""


def diagnose(error: BaseException) -> Diagnosis:
    """Read the SQLSTATE and message wherever the driver (psycopg, psycopg2, pg8000, asyncpg) keeps them."""
    original = getattr(error, "orig", None) or error  # of a DriverError, or of one of SQLAlchemy's
    fields = original.args[0] if original.args and isinstance(original.args[0], dict) else None
    if fields is not None:  # pg8000 gives the protocol's own field letters
        return Diagnosis(*(str(fields.get(letter, "")) for letter in "CMDWV"))
    diag = getattr(original, "diag", None)
    source = diag if diag is not None else original.__cause__ or original
    states = (getattr(holder, field, None) for holder in (original, source) for field in ("sqlstate", "pgcode"))
    sqlstate = next((state for state in states if state), "")
    message = getattr(source, "message_primary", None) or getattr(source, "message", None) or str(original)
    detail = getattr(source, "message_detail", None) or getattr(source, "detail", None) or ""
    context = getattr(source, "context", None) or ""
    severity = getattr(source, "severity_nonlocalized", None) or getattr(source, "severity_en", None) or ""
    return Diagnosis(str(sqlstate or ""), str(message), str(detail), str(context), str(severity))


def is_disconnect(error: DriverError) -> bool:
    """Whether the connection is gone: the driver says so, or the server ended it (class 57P, 08).

    With these states postgres_fdw and dblink also tell of another server's connection, which this one does not end.
    """
    said = diagnose(error)
    return error.connection_invalidated or (said.sqlstate.startswith(("57P", "08")) and said.severity != "ERROR")


def is_vanished(error: DriverError) -> bool:
    """Whether something was dropped between two looks at the catalog."""
    return diagnose(error).sqlstate in VANISHED


def is_waiting(error: DriverError) -> bool:
    """Whether the statement failed because it had to wait for somebody else: trying again may work."""
    return diagnose(error).sqlstate in {LOCK_NOT_AVAILABLE, DEADLOCK, CANCELLED}


def unreachable(error: Exception, url: Place) -> UnreachableError | ConfigurationError:
    """One line on why there is no connection; what the driver does not take of the URL stays wrong however long."""
    diagnosis = diagnose(error)
    said = one_line(diagnosis.message)
    if not diagnosis.sqlstate and re.search(_NOT_TAKEN, said):
        # without the arguments: a mistyped one ("pasword") may hold a secret that nothing tells
        where = url.render_as_string(hide_password=True).partition("?")[0]
        return ConfigurationError(f"an argument of the connection cannot be used: {said} ({where})")
    why = _from_network(error) or _from_text(said) or _WHY_UNREACHABLE.get(diagnosis.sqlstate, "")
    where = url.render_as_string(hide_password=True)
    message = f"cannot connect to {where}: {f'{why} ({said})' if why and why not in said else said}"
    full = _limit_reached(said, diagnosis.sqlstate)
    ending = _time_limit(said, diagnosis.sqlstate, url) or _closed(said)
    lasting = why in _LASTING or diagnosis.sqlstate in _LASTING_STATES or bool(ending)
    message = "; ".join(part for part in (message, full, ending) if part)
    return UnreachableError(message, lasting=lasting, full=bool(full))


def _closed(said: str) -> str:
    """What opens a database that takes no connection, as template0 is made; there is no state of its own for that."""
    found = re.search(r'database "(.*?)" is not currently accepting connections', said)
    return f"from another database: ALTER DATABASE {in_quotes(found[1])} ALLOW_CONNECTIONS true;" if found else ""


def _time_limit(said: str, sqlstate: str, url: Place) -> str:
    """Which setting ends the session before it can be used, and the statement that counts for more than any other."""
    setting = _TIME_LIMITS.get(sqlstate) or next((name for text, name in _TIMED_OUT.items() if text in said), "")
    if not setting:
        return ""
    role, database = (in_quotes(name) if name else ".." for name in (url.username, url.database))
    longer = f"ALTER ROLE {role} IN DATABASE {database} SET {setting} = '30s';"
    return f"{setting} of the role, the database or the server is too short for the first answer: {longer}"


def _limit_reached(said: str, sqlstate: str) -> str:
    """Which limit it is, and what to do; empty when it is none.

    Which one of them it is only the words say, and lc_messages of the server decides their language. Where libpq could
    not connect there is no SQLSTATE either.
    """
    needs = "check needs one connection; apply works with one, and uses a second one where it may"
    if role := re.search(_OF_ROLE, said):
        return f"the role's CONNECTION LIMIT is reached; {needs}: ALTER ROLE {in_quotes(role[1])} CONNECTION LIMIT 2;"
    if database := re.search(_OF_DATABASE, said):
        name = in_quotes(database[1])
        return f"the database's CONNECTION LIMIT is reached; {needs}: ALTER DATABASE {name} CONNECTION LIMIT 2;"
    if any(words in said for words in _OF_SERVER):
        return f"max_connections of the server is reached; {needs}: end sessions that are not needed, or raise it"
    if sqlstate == TOO_MANY:
        limits = "max_connections of the server, or the CONNECTION LIMIT of the role or of the database, is reached"
        return f"{limits}; {needs}: end sessions that are not needed, or raise it"
    return ""


def read_failed(error: DriverError, what: str) -> ReadError | UnreachableError:
    """A connection that was lost is worth waiting for; anything else is not."""
    if is_disconnect(error):
        return UnreachableError(f"the connection was lost while reading {what}: {diagnose(error).message}")
    return unread(error, what)


def settings_failed(error: DriverError, place: Place) -> ReadError | UnreachableError:
    """Of what a session begins with: a time limit that ends even that is named, with the statement that ends it."""
    found = diagnose(error)
    ending = _time_limit(one_line(found.message), found.sqlstate, place)
    if not ending:
        return read_failed(error, "the settings of the session")
    return UnreachableError(f"could not begin a session: {one_line(found.message)}; {ending}", lasting=True)


def unread(error: DriverError, what: str) -> ReadError:
    """What can be done without."""
    return ReadError(f"could not read {what}: {said(error)}")


def said(error: DriverError) -> str:
    """What the server said, without a row's contents."""
    return _said(diagnose(error))


def step_failed(error: DriverError, subject: str) -> StepError:
    diagnosis = diagnose(error)
    if is_disconnect(error) or not diagnosis.sqlstate:
        return StepError(
            f"{subject}: the connection was lost, whether the step was done is unknown: {diagnosis.message}"
        )
    return StepError(f"{subject}: {_said(diagnosis)}{_fix(diagnosis)}")


def _fix(diagnosis: Diagnosis) -> str:
    fix = _extension(diagnosis) or _ROOM.get(diagnosis.sqlstate, "")
    return f"; {fix}" if fix else ""


_ROOM = {
    "53100": "free space on that disk of the server, then run again",
    "53400": "raise that limit for this role, then run again",
}
"""Classes of PostgreSQL's appendix A: disk_full; configuration_limit_exceeded, such as temp_file_limit."""


def extension_for(error: BaseException) -> str:
    """The statement that creates the extension which the server lacks; empty where none is known."""
    return _extension(diagnose(error))


def _extension(diagnosis: Diagnosis) -> str:
    """Scalars have operators for GiST and GIN by an extension only (manual, appendix F, btree_gist and btree_gin)."""
    method = re.search(_METHOD, diagnosis.message)
    if diagnosis.sqlstate != UNDEFINED_OBJECT or method is None or "_ops" in diagnosis.message:
        return ""
    return f"CREATE EXTENSION btree_{method[1]};"


def _said(diagnosis: Diagnosis) -> str:
    """State, message and detail, but never a row's contents: they may be anybody's secrets.

    A server puts values into the detail of class 23 (a row; `Key (email)=(..)`) and into messages of class 22, behind
    a colon and in quotes; in which language it writes, lc_messages decides.
    """
    return f"{diagnosis.sqlstate or 'no SQLSTATE'} {_without_values(diagnosis)}"


def without_values(error: BaseException) -> str:
    """What the server said, without its state and a row's contents; empty when it said nothing."""
    diagnosis = diagnose(error)
    return _without_values(diagnosis) if diagnosis.sqlstate else ""


def _without_values(diagnosis: Diagnosis) -> str:
    message, detail = diagnosis.message, diagnosis.detail
    if diagnosis.sqlstate.startswith("23"):
        columns = re.match(_KEY_COLUMNS, detail)
        detail = columns[1] if columns else ""
    elif diagnosis.sqlstate.startswith("22"):
        message, detail = re.sub(_QUOTED_VALUE, "", message), ""
    return f"{message}{f' ({detail})' if detail else ''}"


def _from_network(error: BaseException | None) -> str:
    """What the operating system said, somewhere below what the driver raised."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return "nothing listens there"
        if isinstance(error, socket.gaierror):
            return "the host name is not known"
        if isinstance(error, TimeoutError):
            return "no answer in time"
        error = getattr(error, "orig", None) or error.__cause__
    return ""


def _from_text(said: str) -> str:
    """libpq reports failures before the session exists without a SQLSTATE; its words are stable in English."""
    lowered = said.lower()
    if "password authentication failed" in lowered or "no password supplied" in lowered:
        return _WHY_UNREACHABLE["28P01"]
    if 'role "' in lowered and "does not exist" in lowered:
        return NO_ROLE
    if 'database "' in lowered and "does not exist" in lowered:
        return _WHY_UNREACHABLE["3D000"]
    if "no pg_hba.conf entry" in lowered or "authentication failed" in lowered:
        return _WHY_UNREACHABLE["28000"]
    if "starting up" in lowered or "shutting down" in lowered:
        return _WHY_UNREACHABLE["57P03"]
    if "refused" in lowered:
        return "nothing listens there"
    if "timeout expired" in lowered or "timed out" in lowered:
        return "no answer in time"
    if "resolve host" in lowered or "translate host" in lowered:
        return "the host name is not known"
    return ""
