"""Fixtures of the whole suite: a real PostgreSQL server, a fresh database on it, a fresh SQLite file."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.postgres.binaries import versions
from tests.postgres.cluster import Cluster, in_memory, make_room, start
from tests.postgres.database import Database, create
from tests.postgres.keeper import Keeper
from tests.sample import sampled
from tests.warm.programs import Programs

ROOM = "SCHEMA_GUARD_TEST_ROOM"
"""Tells the workers of one run where its servers live."""
KEEPER = pytest.StashKey[Keeper]()


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts the suite in the background ignores SIGINT for it, and what the tests start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        room = make_room()
        os.environ[ROOM] = str(room)
        if (memory := in_memory()) is not None:
            # SQLite waits for a disk at each commit, which is most of what a test on a file takes. Removed with the
            # room; --basetemp, or this variable, keeps the files of a test elsewhere.
            (room / "files").mkdir()
            (room / "files" / "data").symlink_to(memory)
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
        config.stash[KEEPER] = Keeper(room)


def pytest_unconfigure(config: pytest.Config) -> None:
    keeper = config.stash.get(KEEPER, None)
    if keeper is not None:
        keeper.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sample", action="store_true", help="each test once: tests/sample.py")
    parser.addoption("--update", action="store_true", help="write the snapshots of tests/scenarios again")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "postgres_server" in metafunc.fixturenames and metafunc.definition.get_closest_marker("every_postgres"):
        metafunc.parametrize("postgres_server", versions(), indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a PostgreSQL server, by its fixtures or by its scenario's database, before -m chooses."""
    fixtures = set(getattr(item, "fixturenames", ()))
    case = item.callspec.params.get("stage") if hasattr(item, "callspec") else None
    of_scenario = isinstance(case, tuple) and str(case[1]).startswith("postgresql")
    if of_scenario or case == "postgresql" or "postgres_server" in fixtures:
        item.add_marker("server")


@pytest.hookimpl(trylast=True)  # the marks of each folder are there
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--sample"):
        taken = sampled(items, versions())
        config.hook.pytest_deselected(items=list(set(items).difference(taken)))
        items[:] = taken


@pytest.fixture(autouse=True)
def _forget_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the modules that a test wrote: the next test has others of the same names."""
    before = set(sys.modules)
    yield
    written = tmp_path_factory.getbasetemp()
    places = {name: _places(sys.modules[name]) for name in set(sys.modules) - before}  # some ask for their parent's
    for name, own in places.items():
        if any(Path(place).is_relative_to(written) for place in own):
            del sys.modules[name]


def _places(module: ModuleType) -> list[str]:
    """A module's file, or the directories of a package without `__init__.py`."""
    return [file] if (file := getattr(module, "__file__", None)) else list(getattr(module, "__path__", ()))


@pytest.fixture(scope="session")
def server_room() -> Path:
    """Where this run's servers live."""
    return Path(os.environ[ROOM])


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest, server_room: Path) -> Cluster:
    """A running server: the newest version, or each one for tests marked `every_postgres`."""
    return start(getattr(request, "param", versions()[0]), server_room)


@pytest.fixture(scope="session")
def warm() -> Iterator[Programs]:
    """Programs that start at once."""
    programs = Programs()
    yield programs
    programs.close()


@pytest.fixture
def postgres_database(postgres_server: Cluster) -> Iterator[Database]:
    """A fresh database, dropped afterwards."""
    database = create(postgres_server)
    yield database
    database.drop()


@pytest.fixture
def postgres(postgres_database: Database) -> str:
    """The URL of a fresh database for psycopg, as superuser."""
    return postgres_database.url


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """Where a SQLite file of this test lies; there is none yet."""
    return tmp_path / "test.db"
