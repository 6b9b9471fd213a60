"""Two applications on one database, each with a chain of its own, deployed at the same moment by real processes."""

from __future__ import annotations

import itertools
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.concurrency.releases import MODELS, REVISION
from tests.warm.programs import Programs

ROOT = Path(__file__).parents[2]
ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool
from shop import Base

def ours(name, type_, parents):
    return type_ != "table" or name in Base.metadata.tables

with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(
        connection=connection, target_metadata=Base.metadata, include_name=ours, version_table={table!r}
    )
    with context.begin_transaction():
        context.run_migrations()
"""
INI = "[alembic]\nscript_location = %(here)s/migrations\n"


@dataclass(frozen=True)
class Application:
    """One table, which the first revision makes, the second fills and the third widens."""

    folder: Path
    name: str
    table: str
    """Its version table."""
    python: str

    def write(self) -> None:
        columns = 'Column("cents", Integer), Column("note", Integer)'
        versions = self.folder / "migrations" / "versions"
        versions.mkdir(parents=True)
        (self.folder / "shop.py").write_text(MODELS.format(table=self.name, columns=columns))
        (self.folder / "alembic.ini").write_text(INI)
        (self.folder / "migrations" / "env.py").write_text(ENV.format(table=self.table))
        made = f'op.create_table("{self.name}", sa.Column("id", sa.Integer, primary_key=True)'
        bodies = (
            f'{made}, sa.Column("cents", sa.Integer))',
            f'op.execute("INSERT INTO {self.name} (cents) VALUES (7)")',
            f'op.add_column("{self.name}", sa.Column("note", sa.Integer))',
        )
        for number, body in enumerate(bodies, 1):
            down = self.revision(number - 1) if number > 1 else None
            (versions / f"r{number}.py").write_text(REVISION.format(id=self.revision(number), down=down, upgrade=body))

    def revision(self, number: int) -> str:
        return f"{self.name}{number}"

    def start(self, url: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-m", "schema_guard", *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(self.folder)]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def rows(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Of the last statement."""
    found: list[tuple[object, ...]] = []
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(text(statement))
            found = [tuple(row) for row in result] if result.returns_rows else []
    return found


def deployed_at_once(applications: tuple[Application, ...], url: str, *arguments: str, processes: int = 1) -> None:
    """So many processes of each; each application is at its last revision then, and each revision ran once."""
    running = [
        application.start(url, "deploy", "shop:Base", *arguments)
        for application, _ in itertools.product(applications, range(processes))
    ]
    for process in running:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    for application in applications:
        assert rows(url, f"SELECT version_num FROM {application.table}") == [(application.revision(3),)]
        assert rows(url, f"SELECT cents, note FROM {application.name}") == [(7, None)]


@pytest.fixture
def applications(tmp_path: Path, warm: Programs) -> tuple[Application, ...]:
    """One of them with Alembic's own name for the version table."""
    made = (
        Application(tmp_path / "one", "orders", "alembic_version", warm.python),
        Application(tmp_path / "two", "audit", "audit_version", warm.python),
    )
    for application in made:
        application.write()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_file')}"
    return str(request.getfixturevalue("postgres"))


def test_on_an_empty_database_and_again(applications: tuple[Application, ...], url: str) -> None:
    deployed_at_once(applications, url, processes=2)
    deployed_at_once(applications, url, "--repair-chain")


def test_where_one_of_them_has_lost_its_stamp(applications: tuple[Application, ...], url: str) -> None:
    """The other one's version table, and what it names, say nothing about this one's chain."""
    one, two = applications
    deployed_at_once(applications, url)
    rows(url, f"DELETE FROM {two.table}")
    deploy = two.start(url, "deploy", "shop:Base", "--repair-chain")
    said, _ = deploy.communicate(timeout=120)
    assert (deploy.returncode, "audit2 leaves no trace" in said) == (1, True), said
    assert two.start(url, "stamp", "shop:Base", "--revision", two.revision(3)).wait(timeout=120) == 0
    assert rows(url, f"SELECT version_num FROM {one.table}") == [(one.revision(3),)]
    deployed_at_once(applications, url, "--repair-chain")


def test_where_both_name_the_same_table_for_their_stamps(applications: tuple[Application, ...], url: str) -> None:
    """The one that comes second takes the other one for a newer release of itself, and changes nothing."""
    one, two = applications
    for application in applications:
        (application.folder / "migrations" / "env.py").write_text(ENV.format(table="alembic_version"))
    running = [application.start(url, "deploy", "shop:Base") for application in applications]
    codes = sorted(process.wait(timeout=120) for process in running)
    said = [str(process.stdout.read()) for process in running if process.stdout is not None]
    assert codes == [0, 1], said
    first, second = (one, two) if running[0].returncode == 0 else (two, one)
    assert rows(url, "SELECT version_num FROM alembic_version") == [(first.revision(3),)]
    assert rows(url, f"SELECT cents FROM {first.name}") == [(7,)]
    assert any(f"alembic_version names {first.revision(3)}" in each for each in said)
    (second.folder / "migrations" / "env.py").write_text(ENV.format(table="second_version"))
    assert second.start(url, "deploy", "shop:Base").wait(timeout=120) == 0
    assert rows(url, f"SELECT cents FROM {second.name}") == [(7,)]
    assert rows(url, "SELECT version_num FROM alembic_version") == [(first.revision(3),)]
