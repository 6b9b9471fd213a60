"""What a server said, in whatever language lc_messages chose: the SQLSTATE decides."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from schema_guard.dialects.postgresql.failures import unreachable
from schema_guard.errors import UnreachableError

URL = make_url("postgresql+pg8000://app@db/shop")


class ServerError(Exception):
    """As pg8000 raises it: the fields of the protocol."""


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("zu viele Verbindungen von Rolle »app«", "or the CONNECTION LIMIT of the role or of the database, is reached"),
        ('too many connections for role "app"', 'ALTER ROLE "app" CONNECTION LIMIT 2;'),
        ('too many connections for database "shop"', 'ALTER DATABASE "shop" CONNECTION LIMIT 2;'),
        ("sorry, too many clients already", "; max_connections of the server is reached"),
    ],
)
def test_a_limit_that_is_reached(message: str, says: str) -> None:
    error = unreachable(ServerError({"S": "FATAL", "C": "53300", "M": message}), URL)
    assert isinstance(error, UnreachableError)
    assert (error.full, error.lasting) == (True, False)
    assert says in error.message
