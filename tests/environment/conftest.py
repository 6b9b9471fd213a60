"""The drifted shop on a PostgreSQL of one's own choice, and processes that boot on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.environment.shop import DRIFTED, TARGET, Base
from tests.faults.victim import Ended, Victims
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create

from schema_guard import Guard  # isort: skip


@dataclass(frozen=True)
class Took:
    """How a command ended, and after how many seconds."""

    ended: Ended
    seconds: float

    @property
    def code(self) -> int:
        return self.ended.code

    @property
    def said(self) -> str:
        """Both streams."""
        return self.ended.out + self.ended.err


Command = Callable[..., Took]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """Runs a command in a process of its own: its name, the URL, further arguments; TARGET is the shop's."""
    victims = Victims(tmp_path / "victims")
    victims.run("--version")  # its process has imported everything then: what is measured is the command alone

    def call(name: str, url: str, *arguments: str, target: str = TARGET) -> Took:
        begun = time.monotonic()
        ended = victims.run(name, target, "--url", url, *arguments)
        took = Took(ended, time.monotonic() - begun)
        assert not ended.signal, ended.err
        assert "Traceback" not in took.said
        assert all(line.startswith("schema-guard: ") for line in ended.err.splitlines()), ended.err
        return took

    yield call
    victims.close()


def drifted(server: Cluster) -> Database:
    """A database of that server with the shop's tables as they were long ago."""
    database = create(server)
    done = server.psql(database.name, text=DRIFTED)
    assert done.returncode == 0, done.stderr
    return database


def repaired(database: Database) -> bool:
    """Whether the shop's database has all that the models expect, and nothing invalid."""
    with database.connect() as connection:
        invalid = connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()
        rows = connection.execute("SELECT count(*) FROM orders").fetchone()
    return Guard(Base).check(database.url).satisfied and invalid == (0,) and rows == (2000,)


@pytest.fixture
def shop(postgres_server: Cluster) -> Iterator[Database]:
    """The drifted shop on the suite's server."""
    database = drifted(postgres_server)
    yield database
    database.drop()
