"""GNS3's controller: asynchronous; `create_all` makes the tables and first rows, its chain only alters them."""

from __future__ import annotations

from typing import Any

REQUIRES = ("gns3-server",)
OLDER = "base"
MIGRATES = ()


def models() -> Any:
    from gns3server.db.models import Base

    return Base


def before_create_all(engine: Any) -> None:
    with engine.connect() as connection:  # its listeners commit, which engine.begin() does not allow
        models().metadata.create_all(connection)
        connection.commit()
