"""For pytest: `pytest_plugins = ["schema_guard.pytest"]` in the conftest.py at the top (docs/testing.md).

There is no entry point: a plugin that pytest finds by itself would be loaded in every project of an environment.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from schema_guard.difference import Impact
from schema_guard.errors import ConfigurationError, GuardError, StepError
from schema_guard.guard import Guard
from schema_guard.many.group import Group
from schema_guard.many.reports import Part
from schema_guard.render.line import plain
from schema_guard.render.text import check_lines

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

__all__ = ["assert_satisfied"]

RUN = "SCHEMA_GUARD_TEST_RUN"
"""Names a directory of this run of pytest; the workers of pytest-xdist inherit it."""
SERVER = "schema_guard_server"


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "A PostgreSQL URL: test databases are made on that server.  [default: SQLite files]"
    parser.getgroup("schema-guard").addoption("--schema-guard-server", dest=SERVER, metavar="URL", help=about)
    parser.addini(SERVER, about)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[RUN] = tempfile.mkdtemp(prefix="schema_guard_")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that started the workers ends last: the template goes."""
    if hasattr(config, "workerinput") or RUN not in os.environ:
        return
    folder = Path(os.environ.pop(RUN))
    made = folder / "postgresql"
    try:
        if made.exists():
            server, name = made.read_text(encoding="utf-8").split("\n")
            _drop(server, name)
    except GuardError as error:
        print(f"schema-guard: a database for tests is left behind: {error.message}", file=sys.stderr)  # noqa: T201
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def schema_guard_migrate() -> Callable[[str], None]:
    """Brings the empty template database, whose URL it is given, to where tests begin. Override it."""
    pytest.fail("override the fixture schema_guard_migrate: docs/testing.md shows how", pytrace=False)


@pytest.fixture(scope="session")
def schema_guard_template(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Template:
    """The migrated database that each test gets a copy of; made once, by whichever worker comes first."""
    server = str(pytestconfig.getoption(SERVER) or pytestconfig.getini(SERVER) or "")
    with _in_one_line():
        template = Template(Path(os.environ[RUN]), server)
    with _locked(template.folder):
        if not template.ready.exists():
            migrate = request.getfixturevalue("schema_guard_migrate")
            with _in_one_line():
                template.create()
            migrate(template.url)
            template.ready.touch()
    return template


@pytest.fixture
def schema_guard_database(schema_guard_template: Template) -> Iterator[str]:
    """The URL of a database of this test's own, a copy of the template."""
    name = f"schema_guard_{uuid4().hex[:12]}"
    with _in_one_line():
        url = schema_guard_template.copy(name)
    yield url
    with _in_one_line():
        schema_guard_template.drop(name)


def assert_satisfied(guard: Guard | Group, database: Any = None, fail_on: str = "weakens") -> None:
    """Fail, with what `schema-guard check` prints, when the database lacks something that the models expect.

    Args:
        guard: of the models; or `Guard.group(..)`, whose members name their databases.
        database: an Engine, an AsyncEngine or a URL; none for a group.
        fail_on: the impact from which on it fails: breaks, weakens or notes.

    Raises:
        ConfigurationError: `fail_on` is no impact.
    """
    impact = Impact.__members__.get(fail_on.upper())
    if impact is None:
        raise ConfigurationError(f"fail_on: expected breaks, weakens or notes, got {fail_on!r}")
    if isinstance(guard, Group):
        parts = [part for part in guard.check() if part.report is None or part.report.remains(impact)]
    else:
        report = guard.check(database)
        parts = [Part("", report)] if report.remains(impact) else []
    if parts:
        pytest.fail("\n".join(map(_said, parts)), pytrace=False)


def _said(part: Part) -> str:
    return f"bind {part.name}: {part.error}" if part.report is None else plain(check_lines(part.report, 1))


class Template:
    """The database that tests get copies of.

    Args:
        folder: of this run.
        server: the URL of a PostgreSQL; empty for SQLite files in that folder.
    """

    def __init__(self, folder: Path, server: str) -> None:
        self.folder, self.server = folder, server
        self.name = folder.name.lower()
        self.ready = folder / "ready"
        if server and not server.startswith("postgres"):
            raise ConfigurationError(f"{SERVER}: expected the URL of a PostgreSQL server, postgresql://user@host/name")

    @property
    def url(self) -> str:
        return self._url(self.name)

    def create(self) -> None:
        if self.server:
            (self.folder / "postgresql").write_text(f"{self.server}\n{self.name}", encoding="utf-8")
            (self.folder / "postgresql").chmod(0o600)
            try:
                _statements(self.server, f"CREATE DATABASE {self.name}")
            except GuardError:
                (self.folder / "postgresql").unlink()
                raise

    def copy(self, name: str) -> str:
        """Returns the URL of the copy."""
        if self.server:
            with _locked(self.folder):  # the server copies a template for one session at a time
                _statements(self.server, f"CREATE DATABASE {name} TEMPLATE {self.name}")
        elif (template := self.folder / f"{self.name}.db").exists():
            shutil.copyfile(template, self.folder / f"{name}.db")
        return self._url(name)

    def drop(self, name: str) -> None:
        if self.server:
            _drop(self.server, name)
        for file in self.folder.glob(f"{name}.db*"):
            file.unlink()

    def _url(self, name: str) -> str:
        if not self.server:
            return f"sqlite:///{self.folder / name}.db"
        from sqlalchemy import make_url

        url = make_url(self.server.replace("postgres://", "postgresql://", 1))  # as SQLAlchemy takes it
        return url.set(database=name).render_as_string(hide_password=False)


def _drop(server: str, name: str) -> None:
    """PostgreSQL 12 has no DROP DATABASE .. WITH (FORCE). DROP DATABASE itself ends what autovacuum does there, which
    only a superuser may."""
    clients = f"datname = '{name}' AND backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()"
    ends = f"SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE {clients}"
    _statements(server, ends, f"DROP DATABASE IF EXISTS {name}")


def _statements(server: str, *texts: str) -> None:
    """Raises GuardError: with what the server said, in one line."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    from schema_guard.database_url import normalise_url
    from schema_guard.dialects.postgresql.failures import unreachable

    url = normalise_url(server, f"--{SERVER.replace('_', '-')}")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for text in texts:
                try:
                    connection.exec_driver_sql(text)
                except DBAPIError as error:
                    place = url.render_as_string(hide_password=True)
                    raise StepError(f"{SERVER} {place}: {text}: {_first_line(error)}") from None
    except DBAPIError as error:
        raise unreachable(error.orig if isinstance(error.orig, Exception) else error, url) from None
    finally:
        engine.dispose()


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


@contextmanager
def _in_one_line() -> Iterator[None]:
    """What is wrong with the server is no fault of a line of Python."""
    try:
        yield
    except GuardError as error:
        raise pytest.fail.Exception(f"schema-guard: {error.message}", pytrace=False) from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
