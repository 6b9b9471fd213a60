"""Statements that SQLite cannot prepare, for a trigger or a foreign key: the verdict and what the application meets."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from schema_guard import Guard, Impact


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(10))


THINGS = "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(10));"
LOG = "CREATE TABLE log (text VARCHAR(10));"
LOG_WITH_KEY = "CREATE TABLE log (text VARCHAR(10) UNIQUE);"
CHILD = "CREATE TABLE child (name VARCHAR(10) REFERENCES things (name));"
LINKED = "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(10) REFERENCES {});"

ALL = {"INSERT", "UPDATE", "DELETE"}


def trigger(when: str, body: str) -> str:
    return f"CREATE TRIGGER logs AFTER {when} ON things BEGIN {body}; END;"


CASES = {
    "a table": (THINGS + trigger("INSERT", "INSERT INTO gone VALUES (1)"), {"INSERT"}, {"INSERT"}),
    "a column": (THINGS + LOG + trigger("UPDATE", "INSERT INTO log (other) VALUES (1)"), {"UPDATE"}, {"UPDATE"}),
    "a column of the old row": (THINGS + trigger("DELETE", "SELECT OLD.gone"), {"DELETE"}, {"DELETE"}),
    "a number of values": (THINGS + LOG + trigger("INSERT", "INSERT INTO log VALUES (1, 2)"), {"INSERT"}, {"INSERT"}),
    "only of the key": (THINGS + trigger("UPDATE OF id", "INSERT INTO gone VALUES (1)"), set(), set()),
    "a view's own trigger": (
        LOG
        + "CREATE VIEW things AS SELECT rowid AS id, text AS name FROM log;"
        + trigger("INSERT", "INSERT INTO gone VALUES (NEW.name)").replace("AFTER", "INSTEAD OF")
        + trigger("UPDATE", "UPDATE log SET text = NEW.name").replace("AFTER", "INSTEAD OF").replace("logs", "updates")
        + trigger("DELETE", "DELETE FROM log").replace("AFTER", "INSTEAD OF").replace("logs", "deletes"),
        {"INSERT"},
        {"INSERT"},
    ),
    "a trigger that works": (THINGS + LOG + trigger("INSERT", "INSERT INTO log VALUES (NEW.name)"), set(), set()),
    "a function of the application's": (THINGS + trigger("INSERT", "SELECT own(1)"), {"INSERT"}, {"INSERT"}),
    "the parent": (LINKED.format("gone (name)"), ALL, set()),
    "the parent's key": (LOG + LINKED.format("log (text)"), ALL, set()),
    "its own key, of a child": (THINGS + CHILD, {"UPDATE", "DELETE"}, set()),
    "foreign keys that work": (LOG_WITH_KEY + LINKED.format("log (text)"), set(), set()),
}  # fmt: skip
"""Statements, what fails with foreign keys enforced, and what without."""


@pytest.mark.parametrize("enforced", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, enforced: bool, sqlite_file: Path) -> None:
    statements, with_keys, without = CASES[case]
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(statements)
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    if enforced:
        sa.event.listen(engine, "connect", lambda each, _: each.execute("PRAGMA foreign_keys = ON"))
    told = {
        verb
        for finding in Guard(Base).check(engine).findings
        if finding.difference.code == "write-refused" and finding.difference.impact is Impact.BREAKS
        for verb in ("INSERT", "UPDATE", "DELETE")
        if verb in finding.difference.effect
    }
    failed = _failed(engine)
    engine.dispose()
    assert failed == (with_keys if enforced else without)
    assert told == failed


def test_a_function_of_a_trigger_may_be_registered(sqlite_file: Path) -> None:
    """The application's engine shows whether it is; a connection made of a URL alone does not."""
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(CASES["a function of the application's"][0])
    (finding,) = Guard(Base).check(f"sqlite:///{sqlite_file}").findings
    assert (finding.difference.code, finding.difference.impact) == ("write-refused", Impact.WEAKENS)
    assert finding.difference.effect == (
        "not provable: INSERT of Thing fails (no such function: own) unless the application registers the function"
    )
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    assert Guard(Base).check(engine).worst is Impact.BREAKS
    engine.dispose()
    sa.event.listen(engine, "connect", lambda each, _: each.create_function("own", 1, lambda _: None))
    assert Guard(Base).check(engine).satisfied
    assert not _failed(engine)
    engine.dispose()


def test_a_url_does_not_tell_whether_foreign_keys_are_enforced(sqlite_file: Path) -> None:
    """Where they are, every statement fails whose table refers to one that is not there; where not, none does."""
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(CASES["the parent"][0])
    found = [each.difference for each in Guard(Base).check(f"sqlite:///{sqlite_file}").findings]
    (told,) = [each for each in found if each.code == "write-refused"]
    assert (told.impact, told.headline) == (Impact.WEAKENS, "a foreign key refers to a table that is not there")
    fail = "INSERT, UPDATE and DELETE of Thing fail (no such table: main.gone)"
    assert told.effect == f"not provable: {fail} where foreign keys are enforced"


HAS_NO_STATEMENT = {"the parent", "a view's own trigger"}
"""A foreign key to a table that is not there goes by a rebuild, or the table has to be made; without its INSTEAD OF
trigger a view cannot be written at all."""


@pytest.mark.parametrize("case", [case for case, (_, with_keys, _) in CASES.items() if with_keys])
def test_the_printed_statements_end_it(case: str, sqlite_file: Path) -> None:
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(CASES[case][0])
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    sa.event.listen(engine, "connect", lambda each, _: each.execute("PRAGMA foreign_keys = ON"))
    refusals = [each.refusal for each in Guard(Base).check(engine).findings if each.refusal is not None]
    script = "\n".join(text for refusal in refusals for text in refusal.advice)
    if case in HAS_NO_STATEMENT or not refusals:
        assert not script
        return
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(script)
    assert not _failed(engine)
    assert {each.difference.code for each in Guard(Base).check(engine).findings} <= {"object-unknown", "table-unknown"}
    engine.dispose()


def test_the_trigger_behind_a_trigger_is_named(sqlite_file: Path) -> None:
    """And none that works: not the one that fires it, nor one with the missing name in a comment or a string."""
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(
            THINGS + LOG + trigger("INSERT", "INSERT INTO log VALUES ('gone') /* gone */")
            + 'CREATE TRIGGER "be hind" AFTER INSERT ON log BEGIN INSERT INTO gone VALUES (NEW.text); END;'
        )  # fmt: skip
    [refusal] = Guard(Base).plan(f"sqlite:///{sqlite_file}").refusals
    assert refusal.advice[-1] == 'DROP TRIGGER "be hind";'


def _failed(engine: sa.Engine) -> set[str]:
    """What the ORM's statements meet, on a row that was put there without trigger and key."""
    failed = {"INSERT", "UPDATE", "DELETE"}
    with suppress(sa.exc.OperationalError), Session(engine) as session:
        session.add(Thing(name=None))
        session.flush()
        failed.discard("INSERT")
    with engine.connect() as connection:
        for verb, statement in (
            ("UPDATE", sa.update(Thing).values(name=None)),
            ("DELETE", sa.delete(Thing)),
        ):
            with suppress(sa.exc.OperationalError):
                connection.execute(statement)
                failed.discard(verb)
            connection.rollback()
    return failed


def test_what_the_models_bring_is_told_once(sqlite_file: Path) -> None:
    class Other(DeclarativeBase):
        pass

    class Parent(Other):
        __tablename__ = "parents"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Child(Other):
        __tablename__ = "children"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent: Mapped[int | None] = mapped_column(sa.ForeignKey("parents.id"))

    with sqlite3.connect(sqlite_file) as connection:
        connection.execute(
            "CREATE TABLE children (id INTEGER NOT NULL PRIMARY KEY, parent INTEGER REFERENCES parents (id))"
        )
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    sa.event.listen(engine, "connect", lambda each, _: each.execute("PRAGMA foreign_keys = ON"))
    assert [each.difference.code for each in Guard(Other).check(engine).findings] == ["table-missing"]
    assert Guard(Other).apply(engine).findings == ()
    engine.dispose()


@pytest.mark.parametrize("written", [False, True])
def test_a_view_that_takes_no_rows(written: bool, sqlite_file: Path) -> None:
    """Many classes on a view are only read, and do not say so, also where a mixin gives them a default. Rows that refer
    to its rows say that these are written."""
    with sqlite3.connect(sqlite_file) as connection:
        connection.execute("CREATE VIEW seen AS SELECT 1 AS id, 'a' AS name")
    name = sa.Column("name", sa.String(5), default="a")
    metadata = sa.MetaData()
    sa.Table("seen", metadata, sa.Column("id", sa.Integer, primary_key=True), name)
    if written:
        sa.Table("notes", metadata, sa.Column("seen_id", sa.ForeignKey("seen.id"), primary_key=True))
    told = {
        each.difference.code: each.difference for each in Guard(metadata).check(f"sqlite:///{sqlite_file}").findings
    }
    assert told["relation-differs"].impact is (Impact.BREAKS if written else Impact.WEAKENS)
    assert "INSERT, UPDATE and DELETE of seen fail (cannot modify seen" in told["relation-differs"].effect


def test_no_statement_is_explained_twice_with_one_text(sqlite_file: Path) -> None:
    """The driver would hand out the statement that it kept, and SQLite ends the process where one with foreign keys is
    explained again after another connection changed the schema: a server's that checks while migrations run."""
    explained: list[str] = []

    class Listening(sqlite3.Cursor):
        def execute(self, sql: str, *parameters: Any) -> Any:
            explained.extend([sql] if sql.startswith("EXPLAIN") else [])
            return super().execute(sql, *parameters)

    class Connection(sqlite3.Connection):
        def cursor(self, _factory: object = None) -> Any:
            return super().cursor(Listening)

    engine = sa.create_engine(f"sqlite:///{sqlite_file}", connect_args={"factory": Connection})

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    with closing(sqlite3.connect(sqlite_file)) as other:
        other.executescript(THINGS + LOG_WITH_KEY)
        for number in range(3):
            other.execute(f"CREATE TABLE child{number} (thing INTEGER REFERENCES things (id) ON DELETE CASCADE)")
            assert Guard(Base).check(engine).satisfied
    engine.dispose()
    assert len(explained) == len(set(explained)) > 1
