"""Google's Agent Development Kit: `create_all` and nothing else; the older database is of its first schema."""

from __future__ import annotations

from typing import Any

REQUIRES = ("google-adk[db]",)
OLDER = "v0"


def models() -> Any:
    from google.adk.sessions.schemas import v1

    return v1.Base


def migrate(url: str, revision: str) -> None:
    import sqlalchemy as sa
    from google.adk.sessions.schemas import v0, v1

    (v0 if revision == "v0" else v1).Base.metadata.create_all(sa.create_engine(url))
