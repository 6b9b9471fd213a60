"""What check and apply say of a database that holds exactly what a frozen file expects, without what compares."""

from __future__ import annotations

import time
from collections.abc import Mapping
from os import path

from schema_guard.address import Address
from schema_guard.config import Settings, normalise
from schema_guard.counted import counted, duration
from schema_guard.errors import ConfigurationError
from schema_guard.frozen_text import DIGESTS, FORMAT, MARK, TEXT_KNOWN, Span, frame

__all__ = ["exact_texts"]


VERDICTS = {
    "check": "satisfied: the database has all that the models expect",
    "apply": "the application can start · nothing to do",
}


def exact_texts(command: str, settings: Settings, given: Mapping[str, object]) -> list[str] | None:
    """The lines of a command that found nothing; None where only the whole command can tell.

    Args:
        command: check or apply.
        settings: of its command line, the environment and pyproject.toml.
        given: its command line alone.

    Raises:
        ConfigurationError: as `normalise` does.
        TargetError: the application does not import.
        OSError: there is no such file.
        ValueError: it is no frozen file.
    """
    begun = time.monotonic()
    place = settings.target or ""
    more = settings.policy or settings.accept or settings.include or settings.exclude or settings.beside
    if more or settings.telemetry or settings.url is None:
        return None
    seconds = settings.budget / 4 if settings.budget else None
    if not place.endswith(".json"):
        if command != "check":
            return None
        from schema_guard.cli.exact_models import exact_of_models

        of_models = exact_of_models(given, settings, seconds)
        return None if of_models is None else _lines(command, "", *of_models, begun)
    found = normalise(settings.url, quickest=True)
    if found.notes:
        return None
    if command == "apply" and (settings.ddl_url is not None or settings.history or _is_chain_at_hand()):
        return None
    with open(place, "rb") as file:  # noqa: PTH123 - pathlib takes long to load
        parts = frame(file)
    if parts is None or parts[MARK].value() != FORMAT:
        return None
    exact = _on_sqlite(found.address, parts) if found.address.is_file else _on_server(found.address, parts, seconds)
    if exact is None:
        return None
    return _lines(command, parts["name"].value(), *exact, begun)


def _lines(command: str, name: str, server: str, tables: int, begun: float) -> list[str] | None:
    if not (name.isprintable() and server.isprintable()):
        return None
    return [
        " · ".join(filter(None, (name, server, f"{counted(tables, 'table')} expected"))),
        "",
        f"{VERDICTS[command]} · {duration(time.monotonic() - begun)}, 1 catalog query, no locks · exit 0",
    ]


def _on_server(address: Address, parts: Mapping[str, Span], seconds: float | None) -> tuple[str, int] | None:
    """Where it is, and how many tables are expected."""
    if DIGESTS not in parts:
        return None
    from schema_guard.dialects import added_arguments
    from schema_guard.dialects.postgresql.direct import direct_server
    from schema_guard.dialects.postgresql.exact.look import TIMEOUT, exact_by

    digests = parts[DIGESTS].value()
    server = direct_server(address, added_arguments(address))
    exact = None if server is None else exact_by(server, digests, TIMEOUT if seconds is None else seconds)
    return None if exact is None else (f"postgresql {exact.version} at {exact.place}", exact.tables)


def _on_sqlite(address: Address, parts: Mapping[str, Span]) -> tuple[str, int] | None:
    """The same of a file."""
    file = address.database or ""
    if TEXT_KNOWN not in parts or address != Address("sqlite", database=file) or file.startswith((":", "file:")):
        return None
    if ".." in file:  # which is kept in the place that a check names
        return None
    from schema_guard.dialects.sqlite.exact.look import VERSION, is_exact

    place = path.abspath(file)  # noqa: PTH100 - pathlib takes long to load
    known = parts[TEXT_KNOWN].value()
    return (f"sqlite {VERSION} at {place}", known["tables"]) if is_exact(file, known) else None


def _is_chain_at_hand() -> bool:
    """Whether migrations may have something to say: of revisions that the database has and they have not."""
    from schema_guard.chain.location import location_here

    try:
        return location_here() is not None
    except ConfigurationError:
        return True
