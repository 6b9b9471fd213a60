"""Each scenario on each database and version that it names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schema_guard import Guard
from tests.postgres.binaries import versions, versions_named
from tests.postgres.cluster import start
from tests.scenarios.document import Document, documents
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.scenarios.snapshots import Book, Snapshots
from tests.scenarios.stage import Stage

BOOK = pytest.StashKey[Book | None]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stage" in metafunc.fixturenames:
        newest = metafunc.definition.get_closest_marker("newest_postgres")
        wanted = versions()[:1] if newest is not None and not versions_named() else versions()
        sqlite = newest is None or newest.kwargs.get("sqlite", True)
        cases = [(document, target) for document in documents() for target in _targets(document, wanted, sqlite=sqlite)]
        names = [f"{document.name}-{target}" for document, target in cases]
        metafunc.parametrize(("document", "stage"), [(case[0], case) for case in cases], indirect=["stage"], ids=names)


def _targets(document: Document, wanted: list[str], *, sqlite: bool) -> Iterator[str]:
    for version in wanted:
        if document.runs_on("postgresql", tuple(int(part) for part in version.split("."))):
            yield f"postgresql {version}"
    if sqlite and document.runs_on("sqlite"):
        yield "sqlite"


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update") and config.getoption("numprocesses", None):
        raise pytest.UsageError("--update writes what one process saw: leave out -n")
    config.stash[BOOK] = Book() if config.getoption("--update") else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    book = session.config.stash[BOOK]
    if book is not None:
        book.write()


@pytest.fixture
def guard(document: Document, stage: Stage) -> Iterator[Guard]:
    """What the section Models describes."""
    models = document.models(stage.dialect)
    if "guard" in models:
        yield models["guard"]
    else:
        yield Guard(models["models"], backfills=models.get("backfills", ()), policy=models.get("policy"))


@pytest.fixture
def snapshots(request: pytest.FixtureRequest, document: Document, stage: Stage) -> Snapshots:
    return Snapshots(document, stage.target, request.config.stash[BOOK])


@pytest.fixture
def stage(request: pytest.FixtureRequest, server_room: Path, sqlite_file: Path) -> Iterator[Stage]:
    """The scenario's database as it is before."""
    document, target = request.param
    dialect, _, version = target.partition(" ")
    before = document.text("Database before", "sql", dialect)
    made: PostgresqlStage | SqliteStage
    if dialect == "postgresql":
        made = PostgresqlStage.on(start(version, server_room), document.front.get("Role", "postgres"))
    else:
        made = SqliteStage(sqlite_file)
    try:
        made.set_up(before)
        yield made
    finally:
        made.close()
