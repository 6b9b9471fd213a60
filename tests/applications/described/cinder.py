"""Cinder: OpenStack's volumes; soft deletion, names of constraints by hand, tables that refer to themselves."""

from __future__ import annotations

from typing import Any

REQUIRES = ("cinder", "psycopg2-binary")
OLDER = "921e1a36b076"


def models() -> Any:
    from cinder.db.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    import sqlalchemy as sa
    from cinder.db.migration import db_sync

    engine = sa.create_engine(url)
    db_sync(None if revision == "head" else revision, engine)
    engine.dispose()
