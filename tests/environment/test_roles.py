"""Roles that may do little, and a server that takes no writes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment.conftest import Command, drifted
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database
from tests.postgres.own import OwnServer, new_home


@pytest.fixture
def reader(shop: Database) -> Iterator[str]:
    """The URL of a role that may read, and nothing else: no TEMP, no CREATE."""
    role = f"reader_{uuid.uuid4().hex[:8]}"
    with shop.connect() as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"REVOKE ALL ON DATABASE {shop.name} FROM PUBLIC")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        connection.execute(f"GRANT CONNECT ON DATABASE {shop.name} TO {role}")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    yield shop.server.url(shop.name, user=role)
    with shop.connect() as connection:
        connection.execute(f"DROP OWNED BY {role}")
        connection.execute(f"DROP ROLE {role}")


def test_a_role_without_temp_and_ddl(shop: Database, reader: str, command: Command) -> None:
    """check finds all that the owner finds, and what the role may not do; apply changes nothing, and plan names the
    statements for the owner."""
    found = _differences(command("check", reader, "--format", "json").ended.out)
    assert "privilege-missing" in {code for code, _ in found}
    found = [each for each in found if each[0] != "privilege-missing"]
    assert found == _differences(command("check", shop.url, "--format", "json").ended.out)
    took = command("apply", reader)
    assert took.code == 1, took.said
    assert "belongs to another role" in took.said
    assert "ALTER TABLE public.orders ADD COLUMN note VARCHAR(200);" in command("plan", reader).said
    assert found == _differences(command("check", shop.url, "--format", "json").ended.out)


def test_a_hot_standby(postgres_server: Cluster, server_room: Path, command: Command) -> None:
    """check and plan find there what they find on the primary; apply changes nothing and says where to go."""
    settings = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
    with OwnServer(postgres_server, new_home(server_room, "primary"), settings) as primary:
        database = drifted(primary.cluster)
        standby = OwnServer(postgres_server, new_home(server_room, "standby"), settings)
        standby.as_standby_of(primary)
        try:
            url = standby.cluster.url(database.name)
            found = _differences(command("check", url, "--format", "json").ended.out)
            assert found == _differences(command("check", database.url, "--format", "json").ended.out)
            assert command("plan", url).code == 0
            took = command("apply", url)
        finally:
            standby.close()
    assert took.code == 1, took.said
    assert "standby" in took.said or "read-only" in took.said


def _differences(document: str) -> list[tuple[str, str]]:
    return sorted((found["code"], found["object"]) for found in json.loads(document)["differences"])
