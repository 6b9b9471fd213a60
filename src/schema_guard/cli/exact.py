"""What check and apply say of a database that holds exactly what a frozen file expects, without what compares."""

from __future__ import annotations

import time
from pathlib import Path

from schema_guard.config import Settings, normalise
from schema_guard.counted import counted, duration
from schema_guard.errors import ConfigurationError
from schema_guard.frozen_text import DIGESTS, FORMAT, MARK, frame, is_whole

__all__ = ["exact_texts"]


VERDICTS = {
    "check": "satisfied: the database has all that the models expect",
    "apply": "the application can start · nothing to do",
}


def exact_texts(command: str, settings: Settings) -> list[str] | None:
    """The lines of a command that found nothing; None where only the whole command can tell.

    Args:
        command: check or apply.
        settings: of its command line, the environment and pyproject.toml.

    Raises:
        ConfigurationError: as `normalise` does.
        OSError: there is no such file.
        ValueError: it is no frozen file.
    """
    begun = time.monotonic()
    place = settings.target or ""
    more = settings.policy or settings.accept or settings.include or settings.exclude or settings.beside
    if more or settings.telemetry or settings.url is None or not place.endswith(".json"):
        return None
    found = normalise(settings.url, quickest=True)
    if found.notes or found.address.system != "postgresql":
        return None
    if command == "apply" and (settings.ddl_url is not None or settings.history or _is_chain_at_hand()):
        return None
    text = Path(place).read_bytes()
    if not is_whole(text):
        return None
    parts = frame(text)
    if DIGESTS not in parts or parts[MARK].value() != FORMAT:
        return None
    from schema_guard.dialects import added_arguments
    from schema_guard.dialects.postgresql.direct import direct_server
    from schema_guard.dialects.postgresql.exact.look import TIMEOUT, exact_by

    digests, name = parts[DIGESTS].value(), parts["name"].value()
    del text, parts
    server = direct_server(found.address, added_arguments(found.address))
    exact = None if server is None else exact_by(server, digests, settings.budget / 4 if settings.budget else TIMEOUT)
    if exact is None or not all(part.isprintable() for part in (name, exact.place)):
        return None
    head = [
        name,
        f"postgresql {exact.version} at {exact.place}",
        f"{counted(len(digests['tables']), 'table')} expected",
    ]
    return [
        " · ".join(filter(None, head)),
        "",
        f"{VERDICTS[command]} · {duration(time.monotonic() - begun)}, 1 catalog query, no locks · exit 0",
    ]


def _is_chain_at_hand() -> bool:
    """Whether migrations may have something to say: of revisions that the database has and they have not."""
    from schema_guard.chain.location import find_location

    here = Path.cwd()
    try:
        return here != Path(here.anchor) and find_location() is not None
    except ConfigurationError:
        return True
