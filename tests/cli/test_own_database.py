"""TARGET is a Flask application or its `db`: the database that it uses itself is guarded, not one beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.postgres.database import Database

APPLICATION = """
import os
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

db = SQLAlchemy()

class User(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("DATABASE_URL", "sqlite:///app.db")
    app.config["SQLALCHEMY_BINDS"] = {binds}
    db.init_app(app)
    return app
"""


@pytest.fixture
def flask(application: Path) -> Path:
    (application / "shop.py").write_text(APPLICATION.replace("{binds}", "{}"))
    return application


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def test_without_a_url_the_applications_own_is_used(command: Command, flask: Path) -> None:
    ran = command("apply", "shop:create_app()")
    assert ran.code == 0, ran.err
    assert tables(flask / "instance" / "app.db") == {"user"}
    assert not (flask / "app.db").exists()


def test_a_relative_path_means_what_the_application_makes_of_it(
    command: Command, flask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///app.db")
    assert command("apply", "shop:create_app()").code == 0
    assert tables(flask / "instance" / "app.db") == {"user"}
    assert not (flask / "app.db").exists(), "no second, empty database"


def test_a_db_whose_application_is_beside_it(command: Command, flask: Path) -> None:
    with (flask / "shop.py").open("a") as file:
        file.write("app = create_app()\n")
    assert command("apply", "shop:db").code == 0
    assert tables(flask / "instance" / "app.db") == {"user"}


def test_another_file_than_the_applications_is_an_error(
    command: Command, flask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        (flask / "shop.py")
        .read_text()
        .replace('os.environ.get("DATABASE_URL", "sqlite:///app.db")', '"sqlite:///app.db"')
    )
    (flask / "shop.py").write_text(source)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")
    ran = command("apply", "shop:create_app()")
    assert ran.code == 2
    assert (
        f"DATABASE_URL names {flask / 'other.db'}, the application itself uses {flask / 'instance' / 'app.db'}"
        in ran.err
    )
    assert not (flask / "other.db").exists()
    assert command("check", "shop:create_app()", "--url", "sqlite:///nothing.db").code == 2


def test_a_person_may_look_at_another_file_that_is_there(command: Command, flask: Path) -> None:
    with closing(sqlite3.connect(flask / "copy.db")) as connection:
        connection.execute("CREATE TABLE user (id INTEGER PRIMARY KEY, name VARCHAR)")
    ran = command("check", "shop:create_app()", "--url", f"sqlite:///{flask / 'copy.db'}")
    assert (ran.code, "copy.db" in ran.out) == (0, True)


def test_a_guard_of_one_bind_works_on_that_alone(command: Command, flask: Path) -> None:
    (flask / "shop.py").write_text(APPLICATION.replace("{binds}", '{"audit": "sqlite:///audit.db"}'))
    with (flask / "shop.py").open("a") as file:
        file.write(
            "from schema_guard import Guard\n"
            "class Log(db.Model):\n    __bind_key__ = 'audit'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
            "audit = Guard(db.metadatas['audit'])\n"
        )
    assert command("apply", "shop:audit", "--url", f"sqlite:///{flask / 'audit.db'}").code == 0
    assert tables(flask / "audit.db") == {"log"}


def test_models_without_an_application_need_a_url(command: Command, flask: Path) -> None:
    ran = command("check", "shop:db")
    assert ran.code == 2
    assert "no database URL" in ran.err
    assert ran.err.endswith("The application knows its own: name it as TARGET, for example shop:create_app()\n")


def test_a_library_s_function_is_no_factory(flask: Path, command: Command) -> None:
    """`create_engine` begins like one."""
    (flask / "bare.py").write_text(
        "from flask_sqlalchemy import SQLAlchemy\nfrom sqlalchemy import create_engine\n\ndb = SQLAlchemy()\n\n"
        "class Item(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n"
    )
    ran = command("check", "bare:db")
    assert ran.code == 2
    assert ran.err.endswith("name it as TARGET, for example app:create_app()\n")


PLAIN = """
{imports}
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)

{engine}
"""
ENGINES = [
    ("from sqlalchemy import create_engine", 'engine = create_engine("sqlite:///own.db")'),
    (
        "from sqlalchemy.ext.asyncio import create_async_engine",
        'engine = create_async_engine("sqlite+aiosqlite:///own.db")',
    ),
]


@pytest.mark.parametrize(("imports", "engine"), ENGINES, ids=["engine", "async engine"])
@pytest.mark.parametrize("target", ["shop:Base", "shop"])
def test_the_engine_beside_the_models(
    imports: str, engine: str, target: str, command: Command, application: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (application / "shop.py").write_text(PLAIN.format(imports=imports, engine=engine))
    assert command("apply", target).code == 0
    assert tables(application / "own.db") == {"user"}
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")
    ran = command("apply", target)
    assert ran.code == 2
    assert "DATABASE_URL names" in ran.err
    assert not (application / "other.db").exists(), "no second, empty database"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{application / 'own.db'}")
    assert command("check", target).code == 0


def test_of_several_engines_none_is_taken(command: Command, application: Path) -> None:
    imports, engine = ENGINES[0]
    (application / "shop.py").write_text(
        PLAIN.format(imports=imports, engine=f"{engine}\nlog = create_engine('sqlite:///b')")
    )
    ran = command("check", "shop:Base")
    assert (ran.code, "no database URL" in ran.err) == (2, True)


@pytest.mark.parametrize("target", ["shop:db", "shop", "shop:guard"])
def test_a_relative_path_without_the_application(
    command: Command, flask: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Flask-SQLAlchemy would open another file: none is made beside it."""
    with (flask / "shop.py").open("a") as file:
        file.write("from schema_guard import Guard\nguard = Guard(db)\n" if target == "shop:guard" else "")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///app.db")
    ran = command("apply", target)
    assert (ran.code, "names app.db, which is not there: Flask-SQLAlchemy opens a relative path" in ran.err) == (
        2,
        True,
    )
    assert not (flask / "app.db").exists()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{flask}/app.db")
    assert command("apply", target).code == 0


CONNECTED = """
engine = sa.create_engine({url!r}, connect_args={{"options": "-csearch_path=app"}})
"""
TRANSLATED = """
engine = sa.create_engine({url!r}, execution_options={{"schema_translate_map": {{None: "app"}}}})
"""


@pytest.mark.newest_postgres
@pytest.mark.parametrize("engine", [CONNECTED, TRANSLATED], ids=["connect_args", "schema_translate_map"])
@pytest.mark.parametrize("named", [True, False], ids=["DATABASE_URL", "its own"])
def test_the_applications_engine_connects(
    command: Command,
    application: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_database: Database,
    engine: str,
    named: bool,
) -> None:
    """What its URL does not say, its engine does: where names without schema are found, above all."""
    url = postgres_database.url
    source = (application / "shop.py").read_text()
    (application / "shop.py").write_text(f"import sqlalchemy as sa\n{source}{engine.format(url=url)}")
    with postgres_database.connect() as connection:
        connection.execute("CREATE SCHEMA app")
        if named:
            monkeypatch.setenv("DATABASE_URL", url.replace("+psycopg", ""))
        assert command("check", "shop").code == 1
        assert command("apply", "shop").code == 0
        found = connection.execute(
            "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('users', 'proposals')"
        )
        assert found.fetchall() == [("app",)]
    assert command("check", "shop").code == 0
