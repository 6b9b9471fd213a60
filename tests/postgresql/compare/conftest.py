"""A role that is no superuser, for what a policy, a view or a right decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.postgres.database import Database


@pytest.fixture
def role(postgres_database: Database) -> Iterator[str]:
    """Its name, as which nothing is made yet; with `_owner` behind it another one, removed like it."""
    name = f"r_{postgres_database.name}"
    yield name
    with postgres_database.connect() as connection:
        for each in (name, f"{name}_owner"):
            with suppress(Exception):
                connection.execute(f"DROP OWNED BY {each}; DROP ROLE {each}".encode())
