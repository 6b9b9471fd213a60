"""How env.py is told which database to use: every way that projects read it from is set to the same one."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from schema_guard.chain.systems import SYSTEMS

__all__ = ["environment_for", "reading_only", "url_for"]

USUAL = ("DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_DATABASE_URL")
_ASYNCHRONOUS = frozenset(driver for system in SYSTEMS.values() for driver in system.asynchronous)


def environment_for(real: URL, to: URL, environment: Mapping[str, str], *, main: bool) -> dict[str, str]:
    """The variables of the process that runs env.py.

    DATABASE_URL names the database `to`; so does each variable that is set to the real database's URL, whatever it is
    called, in the driver that stands there. Of an application with several databases DATABASE_URL is the main one's:
    for another one (`main` is false) it stays as it is.
    """
    changed = dict(environment)
    names = {"DATABASE_URL", *(name for name in USUAL if name in environment)} if main else set()
    for name, value in environment.items():
        parsed = _parsed(value)
        if parsed is not None and _same_place(parsed, real):
            names.add(name)
    for name in names:
        written = _parsed(environment.get(name, "")) or real
        changed[name] = url_for(written, to)
    return changed


def reading_only(environment: Mapping[str, str]) -> dict[str, str]:
    """The same for an env.py that is only described: what connects by libpq, past every engine, can only read."""
    options = f"{environment.get('PGOPTIONS', '')} -c default_transaction_read_only=on".strip()
    return {**environment, "PGOPTIONS": options}


def url_for(written: URL, to: URL) -> str:
    """The URL of `to`, in the driver of `written` where both are of one system, asynchronous where that one is."""
    if written.drivername[:6] == to.drivername[:6]:
        to = to.set(drivername=written.drivername)
    elif "+" in written.drivername and written.drivername.partition("+")[2] in _ASYNCHRONOUS:
        system = SYSTEMS[to.get_backend_name()]
        to = to.set(drivername=f"{system.name}+{system.asynchronous[0]}")
    return to.render_as_string(hide_password=False)


def _parsed(text: str) -> URL | None:
    if "://" not in text:
        return None
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        return None


def _same_place(one: URL, other: URL) -> bool:
    """postgres:// and postgresql+driver:// begin alike, as sqlite:// and sqlite+driver:// do."""
    alike = one.drivername[:6] == other.drivername[:6]
    return alike and (one.host, one.port, one.database) == (other.host, other.port, other.database)
