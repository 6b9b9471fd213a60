"""A view or virtual table that SQLite cannot read is one finding, in SQLite's words; the advice for a view leads on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact

metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
view = sa.Table("active", metadata, sa.Column("id", sa.Integer), sa.Column("name", sa.String), info={"is_view": True})

USERS = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR);"
BROKEN = {
    "CREATE VIEW active AS SELECT id, name FROM gone": "no such table: main.gone",
    "CREATE VIEW active AS SELECT id, surname AS name FROM users": "no such column: surname",
    "CREATE VIEW other AS SELECT * FROM gone; CREATE VIEW active AS SELECT * FROM other": "no such table: main.gone",
}


def made(file: Path, script: str) -> sa.Engine:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(USERS + script)
    return sa.create_engine(f"sqlite:///{file}", poolclass=NullPool)


@pytest.mark.parametrize("script", BROKEN)
def test_a_view_that_names_what_is_gone(sqlite_file: Path, script: str) -> None:
    engine = made(sqlite_file, script)
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match=BROKEN[script]):
        connection.execute(view.select())
    (finding,) = Guard(metadata).check(engine).findings
    assert (finding.difference.key, finding.difference.impact) == ("relation-differs active", Impact.BREAKS)
    assert finding.difference.headline == f"the view cannot be read: {BROKEN[script]}"
    (refusal,) = Guard(metadata).plan(engine).refusals
    shown, again = refusal.advice
    with engine.begin() as connection:
        assert connection.exec_driver_sql(shown).scalar_one() == script.rpartition("; ")[2]
        for statement in again.partition(": ")[2].replace("SELECT ..", "SELECT id, name FROM users").split(";")[:-1]:
            connection.exec_driver_sql(statement)
    assert Guard(metadata).check(engine).satisfied


def test_a_view_that_the_models_define_is_made_again_by_the_advice(sqlite_file: Path) -> None:
    engine = made(sqlite_file, next(iter(BROKEN)))
    view_module = pytest.importorskip("sqlalchemy.sql.ddl")
    if not hasattr(view_module, "CreateView"):
        pytest.skip("this SQLAlchemy has no CreateView")
    models = sa.MetaData()
    users = sa.Table("users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
    view_module.CreateView(sa.select(users.c.id, users.c.name), "active", metadata=models)
    (refusal,) = Guard(models).plan(engine).refusals
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.executescript("\n".join(refusal.advice))
    assert not Guard(models).check(engine).findings


def test_a_function_may_be_one_that_the_application_registers(sqlite_file: Path) -> None:
    """By a URL nobody knows; its own engine has it, or fails as it does."""
    engine = made(sqlite_file, "CREATE VIEW active AS SELECT id, shout(name) AS name FROM users")
    by_url = Guard(metadata).check(f"sqlite:///{sqlite_file}")
    assert [finding.difference.impact for finding in by_url.findings] == [Impact.WEAKENS]
    assert "not provable: " in by_url.findings[0].difference.effect
    assert not Guard(metadata).check(engine).satisfied
    sa.event.listen(engine, "connect", lambda connection, _: connection.create_function("shout", 1, str.upper))
    assert Guard(metadata).check(engine).satisfied


FTS5 = "CREATE VIRTUAL TABLE active USING fts5(name, content='kept', content_rowid='id'); "
FTS4 = 'CREATE VIRTUAL TABLE active USING fts4(name, content="kept"); '
KEPT = "CREATE TABLE kept (id INTEGER PRIMARY KEY, name VARCHAR); "
CONTENT = {
    "there": (FTS5 + KEPT, ""),
    "gone": (FTS5, "no such table: main.kept"),
    "without the column": (FTS5 + KEPT + "ALTER TABLE kept RENAME name TO title", "no such column: T.name"),
    "gone, of FTS4": (FTS4, "SQL logic error"),
    "its own": ("CREATE VIRTUAL TABLE active USING fts5(name)", ""),
    "none": ("CREATE VIRTUAL TABLE active USING fts5(name, content='')", ""),
}


@pytest.mark.parametrize("content", CONTENT)
def test_a_full_text_table_whose_content_is_elsewhere(sqlite_file: Path, content: str) -> None:
    """SQLite tells its columns all the same; who reads a row fails."""
    script, said = CONTENT[content]
    if content == "gone, of FTS4":
        with closing(sqlite3.connect(":memory:")) as connection:
            if not connection.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts4'").fetchall():
                pytest.skip("this SQLite has no FTS4")
    engine = made(sqlite_file, script)
    models = sa.MetaData()
    table = sa.Table("active", models, sa.Column("name", sa.String), info={"is_view": True})
    report = Guard(models).check(engine)
    assert report.remains(Impact.BREAKS) is bool(said)
    with engine.connect() as connection:
        if said:
            headlines = [each.difference.headline for each in report.findings]
            assert f"the virtual table cannot be read: {said}" in headlines
            with pytest.raises(sa.exc.OperationalError, match=said):
                connection.execute(table.select())
        else:
            connection.execute(table.select())
