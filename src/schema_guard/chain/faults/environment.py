"""The database apart from its schema: may this role, over this connection, do what repairs and revisions do?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy.engine import URL

from schema_guard.chain.fault import Fault
from schema_guard.chain.faults.on_postgresql import on_postgresql
from schema_guard.chain.faults.on_sqlite import on_sqlite
from schema_guard.chain.systems import Live
from schema_guard.dialects.base import Facts
from schema_guard.schema import Schema

__all__ = ["environment_faults", "environment_lines"]

_FAULTS: Mapping[str, Callable[[URL, Facts, Live, Schema], Iterator[Fault]]] = {
    "postgresql": on_postgresql,
    "sqlite": on_sqlite,
}


def environment_lines(url: URL, written: URL, facts: Facts) -> list[str]:
    """What was found in order, for people: server, driver, role's search_path."""
    server = facts.server
    lines = [f"{server.dialect} {server.version} at {server.database}"]
    driver = f"driver {url.get_driver_name()}"
    if written.drivername != url.drivername:
        driver += f" (the URL says {written.drivername})"
    lines.append(driver)
    if facts.default_schema is not None:
        lines.append(f"search_path {', '.join(facts.search_path)}; new tables go to {facts.default_schema}")
    return lines


def environment_faults(url: URL, facts: Facts, live: Live, actual: Schema) -> Iterator[Fault]:
    """Faults of the connection, its role and its server. Plain SELECTs; writes nothing."""
    return _FAULTS[live.system.name](url, facts, live, actual)
