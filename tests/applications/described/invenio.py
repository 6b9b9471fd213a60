"""Invenio: one database of many packages, UUIDs and JSON that keep their versions, and a chain in each package."""

from __future__ import annotations

from typing import Any

REQUIRES = (
    "invenio-access",
    "invenio-accounts",
    "invenio-files-rest",
    "invenio-oauthclient",
    "invenio-pidstore",
    "invenio-records",
    "invenio-db[postgresql,versioning]",
)
MIGRATES = ()


def models() -> Any:
    import importlib

    from invenio_db import db
    from sqlalchemy.orm import configure_mappers

    for package in ("access", "accounts", "files_rest", "oauthclient", "pidstore", "records"):
        importlib.import_module(f"invenio_{package}.models")
    configure_mappers()  # Continuum makes its tables here
    return db
