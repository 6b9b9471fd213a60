"""Nova, the API database: its own chain beside the one of the main database, three revisions."""

from __future__ import annotations

from typing import Any

REQUIRES = ("nova", "psycopg2-binary")
OLDER = "d67eeaabee36"


def models() -> Any:
    from nova.db.api.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    from described.nova import _migrate

    _migrate("api", url, revision)
