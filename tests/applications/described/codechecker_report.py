"""CodeChecker, the database of a product: its reports, whose ids became BIGINT."""

from __future__ import annotations

from typing import Any

from described.codechecker_config import REQUIRES
from described.codechecker_config import migrate as migrate_chain

__all__ = ["OLDER", "REQUIRES", "migrate", "models"]

OLDER = "fb356f0eefed"


def models() -> Any:
    from codechecker_server.database.run_db_model import Base

    return Base


def migrate(url: str, revision: str) -> None:
    migrate_chain(url, revision, "report")
