"""What a check says whose answer is remembered: neither click nor what looks at a database is loaded for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from hashlib import file_digest
from threading import Thread

from schema_guard.config import Settings, normalise
from schema_guard.counted import counted, duration
from schema_guard.remembered import digest_of
from schema_guard.requirements import program

__all__ = ["expectations_of", "recalled_texts"]


def expectations_of(digest: str, settings: Settings) -> str:
    """What tells the question that a command line asks from every other; `digest` is that of the file."""
    counts = (settings.policy, settings.accept, settings.include, settings.exclude)
    return digest_of("command", program(), digest, *counts)


class _Digested:
    """A file's digest, told while the database is being connected: of 5,000 tables it takes as long.

    Raises OSError: there is no such file.
    """

    def __init__(self, place: str) -> None:
        self._file = open(place, "rb")  # noqa: PTH123, SIM115
        self._found: str | OSError = ""
        self._reading = Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        try:
            with self._file as file:
                self._found = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self._found = error

    def digest(self, settings: Settings) -> str:
        """With what else decides how the file is read. Raises OSError: it cannot be read."""
        self._reading.join()
        if isinstance(self._found, OSError):
            raise self._found
        return digest_of(self._found, bool(settings.allow_edited))


def recalled_texts(settings: Settings) -> list[str] | None:
    """The lines of a check that found nothing missing; None where that is not remembered.

    Raises:
        ConfigurationError: as `normalise` does.
        OSError: there is no such file.
    """
    begun = time.monotonic()
    place = settings.target or ""
    if not settings.remember or settings.beside or settings.url is None or not place.endswith(".json"):
        return None
    found = normalise(settings.url, quickest=True)
    if found.notes or found.address.system != "postgresql":
        return None
    file = _Digested(place)
    from schema_guard.dialects import added_arguments
    from schema_guard.dialects.postgresql.direct import direct_server
    from schema_guard.dialects.postgresql.memory import recall_by

    direct = direct_server(found.address, added_arguments(found.address))
    if direct is None:
        return None
    recalled = recall_by(direct, lambda: expectations_of(file.digest(settings), settings))
    if recalled is None or recalled.known.ended(datetime.now(UTC).date()):
        return None
    known = recalled.known
    if known.notes and settings.fail_on == "notes":
        return None
    if not all(part.isprintable() for part in (known.application, recalled.place)):
        return None
    server = f"postgresql {recalled.version} at {recalled.place}"
    head = [known.application, server, f"{counted(known.tables, 'table')} expected"]
    left_out = f"not checked, excluded: {counted(known.left_out, 'object')} of the models"
    told = [counted(known.notes, "note")] * bool(known.notes) + [f"{known.accepted:,} accepted"] * bool(known.accepted)
    tail = [*told, f"{duration(time.monotonic() - begun)}, 1 catalog query, no locks", "exit 0"]
    return [
        " · ".join(filter(None, head)),
        *([left_out] if known.left_out else []),
        "",
        f"satisfied: nothing has changed since the check of {known.checked} · {' · '.join(tail)}",
    ]
