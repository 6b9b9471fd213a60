"""A database of its own for each test."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.postgres.cluster import Cluster

__all__ = ["Database", "create", "wait_until"]

PATIENCE = 60.0


@dataclass(frozen=True)
class Database:
    """A database on a server; its name needs no quotes."""

    server: Cluster
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[tuple[Any, ...]]:
        """A psycopg connection as superuser; every statement commits by itself unless told otherwise."""
        return psycopg.connect(_plain(self.url), autocommit=autocommit)

    def copy(self) -> Database:
        """A new database with the same contents. Nobody may be connected to this one."""
        return create(self.server, self.name)

    def drop(self) -> None:
        with psycopg.connect(_plain(self.server.url()), autocommit=True) as connection:
            # WITH (FORCE) came with PostgreSQL 13
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [self.name],
            )
            connection.execute(f"DROP DATABASE IF EXISTS {self.name}")


def create(server: Cluster, template: str = "template0") -> Database:
    """A new database on that server."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    # From 15 on the default writes each page to the log first; copying files is what 14 does.
    strategy = "" if int(server.version.partition(".")[0]) < 15 else " STRATEGY FILE_COPY"
    with psycopg.connect(_plain(server.url()), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}{strategy}")
    return Database(server, name)


def wait_until(connection: psycopg.Connection[tuple[Any, ...]], question: str) -> None:
    """Until the SELECT says true; the connection commits each by itself."""
    deadline = time.monotonic() + PATIENCE
    while connection.execute(question.encode()).fetchone() != (True,):
        assert time.monotonic() < deadline, question
        time.sleep(0.02)


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)
