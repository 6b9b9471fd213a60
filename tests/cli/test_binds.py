"""An application with several databases: one run, one report, one verdict, and each finding names its bind."""

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from schema_guard import Guard
from schema_guard.frozen_text import DIGESTS, TEXT_KNOWN, document
from schema_guard.pytest import assert_satisfied
from tests.cli.conftest import Command
from tests.postgres.database import Database
from tests.pure.render.test_html import Page

APPLICATION = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

db = SQLAlchemy()

class User(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]

class Entry(db.Model):
    __bind_key__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = MAIN
    app.config["SQLALCHEMY_BINDS"] = BINDS
    db.init_app(app)
    return app

app = create_app()
"""
USER = "CREATE TABLE user (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR)"


def write(folder: Path, main: str, binds: dict[str, str], more: str = "") -> None:
    (folder / "shop.py").write_text(f"MAIN = {main!r}\nBINDS = {binds!r}\n{APPLICATION}{more}")
    sys.modules.pop("shop", None)


def run_sql(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.fixture
def shop(application: Path) -> Path:
    """The main database has its table, the bind's has none."""
    run_sql(application / "main.db", USER)
    write(application, f"sqlite:///{application}/main.db", {"audit": f"sqlite:///{application}/audit.db"})
    run_sql(application / "audit.db")
    return application


@pytest.mark.parametrize("target", ["shop:db", "shop:app", "shop:create_app()", "shop"])
def test_a_table_that_a_bind_lacks_breaks_the_application(command: Command, shop: Path, target: str) -> None:
    ran = command("check", target)
    assert ran.code == 1
    assert "bind main · sqlite" in ran.out
    assert "bind audit · sqlite" in ran.out
    assert f"next: schema-guard plan {target}".replace("()", "") in ran.out.replace("'", "").replace("()", "")
    assert ran.verdict == "2 databases: main: satisfied, audit: 1 difference: 1 breaks · exit 1"
    ran = command("apply", target)
    assert ran.code == 0, ran.out + ran.err
    assert "schema-guard: bind audit: created table entry, " in ran.err
    assert (tables(shop / "main.db"), tables(shop / "audit.db")) == ({"user"}, {"entry"})
    assert command("check", target).code == 0


def test_a_bind_url_without_its_url(command: Command, shop: Path) -> None:
    ran = command("check", "shop:db", "--bind-url", "audit")
    assert (ran.code, "--bind-url audit: the URL is missing; expected --bind-url audit=URL" in ran.err) == (2, True)


def test_one_bind_alone(command: Command, shop: Path) -> None:
    assert command("check", "shop:db", "--bind", "main").code == 0
    ran = command("check", "shop:db", "--bind", "audit", "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["bind"], [each["object"] for each in found["differences"]]) == (1, "audit", ["entry"])
    ran = command("check", "shop:db", "--bind", "logs")
    assert (ran.code, "there is no bind 'logs'; the application has main, audit" in ran.err) == (2, True)


@pytest.mark.parametrize("bind", [(), ("--bind", "main"), ("--bind", "audit")])
def test_one_setting_includes_tables_of_all_binds(command: Command, shop: Path, bind: tuple[str, ...]) -> None:
    names = ("--include", "user", "--include", "entry")
    assert command("apply", "shop:db", *bind, *names).code == 0
    assert command("check", "shop:db", *bind, *names, "--fail-on", "notes").code == 0
    ran = command("check", "shop:db", *bind, "--include", "user", "--include", "entri")
    assert ran.code == 2, ran
    assert "the models have no table of this name, so it would guard none; the nearest name is 'entry'" in ran.err


def test_documents_name_the_bind(command: Command, shop: Path) -> None:
    found = json.loads(command("check", "shop:db", "--format", "json").out)
    assert [(each["bind"], each["satisfied"]) for each in found["databases"]] == [("main", True), ("audit", False)]
    assert found["exit_code"] == 1
    suites = ET.fromstring(command("check", "shop:db", "--format", "junit").out)
    assert [suite.get("name", "").partition(" · ")[0] for suite in suites] == ["bind main", "bind audit"]
    assert (suites.get("failures"), suites.get("tests")) == ("1", "2")
    sql = command("plan", "shop:db", "--format", "sql").out
    assert sql.index("-- bind main") < sql.index("-- bind audit") < sql.index("CREATE TABLE entry")
    page = Page(command("check", "shop:db", "--format", "html").out)
    assert page.tags.count("html") == 1
    assert page.tags.count("h1") == 2
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert "bind audit" in page.text
    assert "bind audit" in command("check", "shop:db", "--format", "markdown").out
    ran = command("plan", "shop:db")
    assert ran.verdict == "2 databases: main: 0 steps, audit: 1 step · exit 0"
    found = json.loads(command("apply", "shop:db", "--dry-run", "--format", "json").out)
    assert [each["command"] for each in found["databases"]] == ["plan", "plan"]
    assert tables(shop / "audit.db") == set()


def test_quiet_is_one_line(command: Command, shop: Path) -> None:
    assert command("check", "shop:db", "-q").out.count("\n") == 1


def test_ready_needs_all(command: Command, shop: Path) -> None:
    ran = command("ready", "shop:db")
    assert (ran.code, "not ready: bind audit: " in ran.out) == (1, True)
    command("apply", "shop:db")
    assert command("ready", "shop:db").code == 0


def test_an_unreachable_bind_is_reported_and_the_others_go_on(command: Command, shop: Path) -> None:
    run_sql(shop / "main.db", "DROP TABLE user")
    binds = {"audit": "postgresql://someone:topsecret@127.0.0.1:1/audit"}
    write(shop, f"sqlite:///{shop}/main.db", binds)
    ran = command("apply", "shop:db", "--wait", "0")
    assert ran.code == 3
    assert tables(shop / "main.db") == {"user"}
    assert ran.verdict.startswith("2 databases: main: satisfied, audit: unreachable")
    assert "bind audit:" in ran.err
    found = json.loads(command("check", "shop:db", "--format", "json").out)
    assert [each.get("error", {}).get("code") for each in found["databases"]] == [None, "unreachable"]
    assert "topsecret" not in ran.out + ran.err


def test_a_bind_whose_database_nobody_names(command: Command, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shop, f"sqlite:///{shop}/main.db", {})
    ran = command("check", "shop:db")
    assert ran.code == 2
    how = "name it with --bind-url audit=URL or SCHEMA_GUARD_URL_AUDIT, or leave it out with --bind"
    assert how in ran.err
    assert command("check", "shop:db", "--bind", "main").code == 0
    assert command("check", "shop:db", "--bind-url", f"audit=sqlite:///{shop}/audit.db").code == 1
    monkeypatch.setenv("SCHEMA_GUARD_URL_AUDIT", f"sqlite:///{shop}/audit.db")
    ran = command("check", "shop:db")
    assert (ran.code, "sets nothing" in ran.err) == (1, False)


def test_two_binds_in_one_database(command: Command, shop: Path) -> None:
    """Neither takes the tables of the other for unknown, nor for a table of its own that was renamed."""
    write(shop, f"sqlite:///{shop}/main.db", {"audit": f"sqlite:///{shop}/main.db"})
    run_sql(shop / "main.db", "DROP TABLE user", "CREATE TABLE entry (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR)")
    run_sql(shop / "main.db", "INSERT INTO entry (name) VALUES ('x')")
    found = json.loads(command("check", "shop:db", "--format", "json").out)
    codes = [[each["code"] for each in part["differences"]] for part in found["databases"]]
    assert codes == [["table-missing"], ["column-missing", "column-unknown"]]
    run_sql(shop / "main.db", "DROP TABLE entry")
    assert command("apply", "shop:db").code == 0
    found = json.loads(command("check", "shop:db", "--format", "json").out)
    assert [part["differences"] for part in found["databases"]] == [[], []]


def test_one_name_in_two_binds(command: Command, shop: Path) -> None:
    more = """
class AuditUser(db.Model):
    __tablename__ = "user"
    __bind_key__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    seen: Mapped[int | None]
"""
    binds = {"audit": f"sqlite:///{shop}/audit.db"}
    write(shop, f"sqlite:///{shop}/main.db", binds, more)
    assert command("apply", "shop:db").code == 0
    with closing(sqlite3.connect(shop / "audit.db")) as connection:
        assert [row[1] for row in connection.execute("PRAGMA table_info(user)")] == ["id", "seen"]
    write(shop, f"sqlite:///{shop}/main.db", {"audit": f"sqlite:///{shop}/main.db"}, more)
    assert command("apply", "shop:db").code == 0
    with closing(sqlite3.connect(shop / "main.db")) as connection:
        assert [row[1] for row in connection.execute("PRAGMA table_info(user)")] == ["id", "name", "seen"]


@pytest.mark.parametrize(
    ("target", "named"),
    [
        (", target='shop:create_app()'", "`schema-guard apply 'shop:create_app()'` makes it"),
        ("", "`flask guard apply` makes it"),
    ],
)
def test_errors_of_a_bind_are_explained(shop: Path, monkeypatch: pytest.MonkeyPatch, target: str, named: str) -> None:
    """By the models of that bind, also where these are imported after the extension was made. The commands are those
    of Flask, which need no TARGET, where none is given."""
    (shop / "shop.py").write_text(
        f"MAIN = 'sqlite:///{shop}/main.db'\nBINDS = {{'audit': 'sqlite:///{shop}/audit.db'}}\n"
        + APPLICATION.replace(
            "    return app", f"    SchemaGuard(app, db, explain=True{target})\n    return app"
        ).replace("class User", "from schema_guard.integrations.flask import SchemaGuard\n\nclass User")
    )
    monkeypatch.syspath_prepend(str(shop))
    sys.modules.pop("shop", None)
    shop_module = importlib.import_module("shop")
    with shop_module.app.app_context():
        shop_module.db.session.execute(sa.text("DROP TABLE user"))
        for model in (shop_module.User, shop_module.Entry):
            with pytest.raises(OperationalError) as raised:
                shop_module.db.session.execute(sa.select(model))
            assert [named in note for note in raised.value.__notes__] == [True]


def test_the_pytest_helper_looks_at_each_database(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(shop))
    shop_module = importlib.import_module("shop")
    models = {"main": shop_module.db, "audit": shop_module.db.metadatas["audit"]}
    group = Guard.group({name: (each, f"sqlite:///{shop}/{name}.db") for name, each in models.items()})
    with pytest.raises(pytest.fail.Exception, match="entry  table missing"):
        assert_satisfied(group)
    group.apply()
    assert_satisfied(group)


def test_a_bind_without_tables_is_not_asked(command: Command, shop: Path) -> None:
    write(
        shop,
        f"sqlite:///{shop}/main.db",
        {"audit": f"sqlite:///{shop}/audit.db", "empty": "postgresql://127.0.0.1:1/nowhere"},
    )
    assert "empty" not in command("check", "shop:db").out


def test_all_models_in_binds(command: Command, shop: Path) -> None:
    source = (
        (shop / "shop.py")
        .read_text()
        .replace("class User(db.Model):", "class User(db.Model):\n    __bind_key__ = 'audit'")
    )
    (shop / "shop.py").write_text(source)
    assert command("apply", "shop:app").code == 0
    assert tables(shop / "audit.db") == {"entry", "user"}


def test_the_applications_own_guards(command: Command, shop: Path) -> None:
    """A Guard of db keeps its policy for the binds; a Guard of a bind's models is the one that is used there."""
    more = """
from schema_guard import Guard
guard = Guard(db, name="shop", accept=["table-missing entry"])
"""
    binds = {"audit": f"sqlite:///{shop}/audit.db"}
    write(shop, f"sqlite:///{shop}/main.db", binds, more)
    assert command("check", "shop:guard", "--url", f"sqlite:///{shop}/main.db").code == 0
    write(shop, f"sqlite:///{shop}/main.db", binds, more + "audit = Guard(db.metadatas['audit'], name='other')\n")
    ran = command("check", "shop:guard", "--url", f"sqlite:///{shop}/main.db")
    assert (ran.code, "bind audit · other" in ran.out) == (1, True)


def test_an_acceptance_that_one_bind_has_is_not_idle(command: Command, shop: Path) -> None:
    ran = command("check", "shop:db", "--accept", "table-missing entri", "--accept", "table-missing entry")
    assert ran.out.count("entri'") == 2, "a typo is told for each"
    ran = command("check", "shop:db", "--exclude", "entry")
    assert (ran.code, "exclude 'entry'" in ran.out) == (0, False)


def test_accept_of_all_binds(command: Command, shop: Path) -> None:
    assert "table-missing entry" in command("accept", "shop:db").out
    assert command("check", "shop:db").code == 0
    assert "nothing to take out" in command("accept", "shop:db", "--prune").out
    assert command("apply", "shop:db").code == 0


def test_only_what_one_bind_lacks_is_accepted(command: Command, shop: Path) -> None:
    ran = command("accept", "shop:db", "--only", "table-missing no_such")
    assert (ran.code, ran.err.count("no such difference now")) == (2, 1)
    assert "table-missing entry" in command("accept", "shop:db", "--only", "* entry").out
    assert (shop / "pyproject.toml").read_text().count("table-missing entry") == 1


def test_a_frozen_file_is_of_one_bind(command: Command, shop: Path) -> None:
    ran = command("freeze", "shop:db", "-o", "main.json")
    assert "the file is for the bind main only" in ran.err
    assert command("freeze", "shop:db", "--bind", "audit", "-o", "audit.json").code == 0
    assert command("check", "audit.json", "--url", f"sqlite:///{shop}/audit.db").code == 1
    assert command("check", "main.json", "--url", f"sqlite:///{shop}/main.db").code == 0
    assert "CREATE TABLE" in command("sql", "shop:db", "--bind", "audit", "--dialect", "sqlite").out
    names = ("--include", "user", "--include", "entry")  # one setting for the files of all binds
    assert command("check", "audit.json", "--url", f"sqlite:///{shop}/audit.db", *names).code == 1
    assert command("check", "main.json", "--url", f"sqlite:///{shop}/main.db", *names).code == 0
    assert command("check", "main.json", "--url", f"sqlite:///{shop}/main.db", "--include", "entri").code == 2
    parts = document((shop / "audit.json").read_bytes())
    assert {DIGESTS, TEXT_KNOWN} <= parts.keys(), "the other binds exclude nothing"


def test_a_fleet_is_of_one_bind(command: Command, shop: Path) -> None:
    (shop / "urls.txt").write_text(f"sqlite:///{shop}/main.db\n")
    ran = command("fleet", "check", "shop:db", "--urls", "urls.txt")
    assert ran.code == 0
    assert "the fleet is of databases of the bind main; --bind names another: audit" in ran.err
    one = command("fleet", "check", "shop:db", "--bind", "audit", "--urls", "urls.txt")
    assert "entry  table missing" in one.out
    assert "the fleet is" not in one.err


def test_run_repairs_all_before_it_starts(command: Command, shop: Path) -> None:
    write(shop, f"sqlite:///{shop}/main.db", {"audit": "postgresql://127.0.0.1:1/audit"})
    ran = command("run", "shop:db", "--wait", "0", "--", "true")
    assert (ran.code, "true was not started" in ran.err) == (3, True)


SESSION = """
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

class Base(DeclarativeBase):
    pass
class AuditBase(DeclarativeBase):
    pass
class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
class Entry({owner}):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
main_engine = create_engine("sqlite:///main.db")
audit_engine = create_engine("sqlite:///audit.db")
Session = {session}
"""
SESSIONS = [
    ("AuditBase", "sessionmaker(binds={Base: main_engine, AuditBase: audit_engine})"),
    ("AuditBase", "scoped_session(sessionmaker(main_engine, binds={AuditBase: audit_engine}))"),
    ("Base", "sessionmaker(main_engine, binds={Entry: audit_engine})"),
    ("Base", "sessionmaker(main_engine, binds={Entry.__table__: audit_engine})()"),
    ("Base", "sessionmaker(binds={User: main_engine, Entry.__mapper__: audit_engine})"),
]


@pytest.mark.parametrize(("owner", "session"), SESSIONS)
@pytest.mark.parametrize("target", ["shop", "shop:Session"])
def test_a_session_with_binds(command: Command, shop: Path, owner: str, session: str, target: str) -> None:
    (shop / "shop.py").write_text(SESSION.format(owner=owner, session=session))
    sys.modules.pop("shop", None)
    ran = command("check", target)
    assert (ran.code, "audit: 1 difference: 1 breaks" in ran.verdict) == (1, True), ran.out + ran.err
    assert command("apply", target).code == 0
    assert (tables(shop / "main.db"), tables(shop / "audit.db")) == ({"user"}, {"entry"})


def test_a_group_of_guards(command: Command, shop: Path) -> None:
    more = """
from sqlalchemy import create_engine
from schema_guard import Guard
group = Guard.group({
    "main": (db, create_engine(MAIN)),
    "audit": (db.metadatas["audit"], BINDS["audit"]),
})
"""
    write(shop, f"sqlite:///{shop}/main.db", {"audit": f"sqlite:///{shop}/audit.db"}, more)
    for target in ("shop:group", "shop"):
        ran = command("check", target)
        assert (ran.code, "audit: 1 difference" in ran.verdict) == (1, True), ran.err


@pytest.mark.newest_postgres
def test_a_bind_with_options_of_its_engine(command: Command, shop: Path, postgres_database: Database) -> None:
    """A bind may be a dict of arguments of create_engine: what is no part of the URL holds as well."""
    audit = {"url": postgres_database.url, "connect_args": {"options": "-csearch_path=audit"}}
    (shop / "shop.py").write_text(f"MAIN = 'sqlite:///{shop}/main.db'\nBINDS = {{'audit': {audit!r}}}\n{APPLICATION}")
    sys.modules.pop("shop", None)
    with postgres_database.connect() as connection:
        connection.execute("CREATE SCHEMA audit")
        assert command("apply", "shop:create_app()").code == 0
        found = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'entry'")
        assert found.fetchall() == [("audit",)]
    assert command("check", "shop:app").code == 0


@pytest.mark.newest_postgres
def test_a_bind_on_sqlite_beside_main_on_postgresql(command: Command, shop: Path, postgres_database: Database) -> None:
    url = postgres_database.url
    write(shop, url, {"audit": f"sqlite:///{shop}/audit.db"})
    assert command("check", "shop:db").code == 1
    assert command("apply", "shop:db").code == 0
    assert tables(shop / "audit.db") == {"entry"}
    assert command("check", "shop:db").code == 0
    write(shop, url, {"audit": url})
    assert command("apply", "shop:db").code == 0
    found = json.loads(command("check", "shop:db", "--format", "json").out)
    assert [part["differences"] for part in found["databases"]] == [[], []]


def test_a_bind_in_memory_is_left_out(application: Path, command: Command) -> None:
    """Whatever is made in it is gone with this process; only the application itself can make its tables."""
    write(application, f"sqlite:///{application}/main.db", {"audit": "sqlite://"})
    ran = command("apply", "shop:app")
    assert (ran.code, "created table user" in ran.out, "entry" in ran.out) == (0, True, False), ran.out
    assert "bind audit is a database in memory, of which every process has an empty one of its own: it is left out" in (
        ran.err
    )
    assert command("check", "shop:app").code == 0
    assert command("check", "shop:app", "--bind", "audit").code == 2
