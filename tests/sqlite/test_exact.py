"""A file of SQLite is known by its CREATE statements, and by the rows that count, only where a check finds nothing."""

from __future__ import annotations

import enum
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Policy
from schema_guard.dialects import open_session
from schema_guard.dialects.sqlite.exact.look import is_exact, is_exact_by
from schema_guard.dialects.sqlite.exact.text import digest_of
from schema_guard.sources.frozen import FrozenSource
from schema_guard.sources.once import Once
from schema_guard.tried_on_sqlite import text_known
from tests.exactly import text_with_sqlite

metadata = sa.MetaData()


class State(enum.Enum):
    draft = 1
    done = 2


users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(40), nullable=False, unique=True),
    sa.Column("joined", sa.DateTime, server_default=sa.func.now()),
    sa.Column("group", sa.Text, server_default="a, (b) 'c'"),
)
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
    sa.Column("state", sa.Enum(State), nullable=False),
    sa.Column("price", sa.Numeric(10, 2), sa.CheckConstraint("price > 0", name="ck_price")),
    sa.Index("ix_open", "price", sqlite_where=sa.text("state = 'draft'")),
)

DIFFERENT = {
    "a column is gone": "ALTER TABLE users DROP COLUMN joined",
    "a column more": "ALTER TABLE users ADD COLUMN other",
    "an index is gone": "DROP INDEX ix_open",
    "an index of another condition": "DROP INDEX ix_open; CREATE INDEX ix_open ON orders (price) WHERE state = 'done'",
    "a table more": "CREATE TABLE other (id)",
    "a view": "CREATE VIEW other AS SELECT 1",
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON users BEGIN SELECT raise(FAIL, 'no'); END",
    "a trigger on the table of a tool": "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);"
    " CREATE TRIGGER t AFTER INSERT ON alembic_version BEGIN DELETE FROM users; END",
    "another type": "ALTER TABLE users RENAME COLUMN joined TO old; ALTER TABLE users ADD COLUMN joined TEXT",
    "a table renamed": "ALTER TABLE orders RENAME TO orders2",
    "a date that is none": "INSERT INTO users (name, joined) VALUES ('a', '')",
    "a text that is not UTF-8": "INSERT INTO users (name) VALUES (CAST(x'e9' AS TEXT))",
    "a label that is none": "INSERT INTO orders (state) VALUES ('open')",
    "a number that is none": "INSERT INTO orders (state, price) VALUES ('draft', 'a lot')",
}
SAME = {
    "rows": "INSERT INTO users (name) VALUES ('a');"
    " INSERT INTO orders (user_id, state, price) VALUES (1, 'draft', 2.5)",
    "the table of a tool": "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    "statistics": "INSERT INTO users (name) VALUES ('a'); ANALYZE",
    "the file is written anew": "VACUUM",
    "a column that came later": 'ALTER TABLE users DROP COLUMN "group";'
    " ALTER TABLE users ADD COLUMN \"group\" TEXT DEFAULT 'a, (b) ''c'''",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.db"
    metadata.create_all(sa.create_engine(f"sqlite:///{path}"))
    return path


def run(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


def is_known(file: Path, guard: Guard | None = None) -> bool:
    known = text_known(guard or Guard(metadata))
    return known is not None and is_exact(str(file), known)


def finds_nothing(file: Path) -> bool:
    report = Guard(metadata).check(f"sqlite:///{file}")
    return not (report.findings or report.warnings)


def test_what_create_all_makes_is_known(file: Path) -> None:
    assert is_known(file)
    assert finds_nothing(file)


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_is_not(file: Path, what: str) -> None:
    run(file, DIFFERENT[what])
    assert not is_known(file)


@pytest.mark.parametrize("what", SAME)
def test_what_says_the_same_is(file: Path, what: str) -> None:
    if "DROP COLUMN" in SAME[what] and sqlite3.sqlite_version_info < (3, 35):
        pytest.skip("this SQLite drops no column")
    run(file, SAME[what])
    assert finds_nothing(file)
    assert is_known(file)


def test_a_table_that_a_batch_of_alembic_made_anew(file: Path) -> None:
    """It is made under another name and renamed, which leaves quotes."""
    with closing(sqlite3.connect(file)) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'orders'").fetchone()
        indexes = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql > ''").fetchall()
    anew = sql.replace("CREATE TABLE orders", "CREATE TABLE _alembic_tmp_orders")
    run(file, f"{anew}; DROP TABLE orders; ALTER TABLE _alembic_tmp_orders RENAME TO orders")
    run(file, ";".join(text for (text,) in indexes))
    assert is_known(file)


def test_what_cannot_be_read_now_is_left_to_a_whole_check(file: Path, tmp_path: Path) -> None:
    assert not is_known(tmp_path / "missing.db")
    assert not (tmp_path / "missing.db").exists()
    (tmp_path / "none.db").write_text("this is no database, whatever its name says")
    assert not is_known(tmp_path / "none.db")
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert not is_known(file)
    assert is_known(file)


def test_of_a_table_without_rows_nothing_more_is_asked(file: Path) -> None:
    """SQLite would compile a query for each of its columns. In a table with a row all of them are looked at."""
    known, asked = text_known(Guard(metadata)), list[str]()
    assert known is not None
    run(file, "INSERT INTO users (name) VALUES ('a')")
    with closing(sqlite3.connect(file)) as connection:
        connection.set_trace_callback(asked.append)
        assert is_exact_by(lambda sql: connection.execute(sql).fetchall(), known)
    looks = [each for each in asked if "EXISTS" not in each]
    assert any('"joined"' in each for each in looks)
    assert any('"name"' in each for each in looks)
    assert not any('"price"' in each or '"state"' in each for each in looks)


def frozen_guard(folder: Path) -> Guard:
    path = folder / "expected.json"
    path.write_bytes(text_with_sqlite(Guard(metadata)))
    return Guard.frozen(path)


@pytest.mark.parametrize("what", [*SAME, *DIFFERENT])
def test_a_guard_of_the_frozen_file_knows_the_same(file: Path, tmp_path: Path, what: str) -> None:
    """Also by the application's own engine, and it finds what the models find."""
    guard, engine = frozen_guard(tmp_path), sa.create_engine(f"sqlite:///{file}")
    run(file, {**SAME, **DIFFERENT}[what])
    assert is_as_tried(guard, engine) == (what in SAME)
    report, wanted = guard.check(engine), Guard(metadata).check(engine)
    assert report.findings == wanted.findings
    assert (report.warnings, report.tables_expected) == (wanted.warnings, wanted.tables_expected)
    assert guard.apply(engine).satisfied == Guard(metadata).check(engine).satisfied


@pytest.mark.parametrize("what", [*SAME, *DIFFERENT])
def test_models_that_are_asked_again_know_the_same(file: Path, what: str) -> None:
    """One table is not told by parts: by the statements of the database in which the second check found nothing."""
    guard, engine = Guard(metadata), sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    for _ in range(2):
        assert guard.check(engine).findings == ()
    run(file, {**SAME, **DIFFERENT}[what])
    assert is_as_tried(guard._again(), engine) == (what in SAME)
    report, wanted = guard.check(engine), Guard(metadata).check(engine)
    assert report.findings == wanted.findings
    assert (report.warnings, report.tables_expected) == (wanted.warnings, wanted.tables_expected)


def test_what_is_known_again_holds_for_the_same_models_and_for_all_of_them(file: Path) -> None:
    """A guard of some tables only has not looked at the others; models that change are asked anew."""
    models = sa.MetaData()
    for table in metadata.tables.values():
        table.to_metadata(models)
    guard, engine = Guard(models), sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    run(file, "DROP TABLE orders")
    some = guard.changed(scope=Guard(models, include=["users"]).scope)
    for _ in range(3):
        assert some.check(engine).findings == ()
        assert [each.difference.code for each in guard.check(engine).findings] == ["table-missing"]
    metadata.create_all(engine)
    for _ in range(3):
        assert guard.check(engine).findings == ()
    models.tables["users"].append_column(sa.Column("late", sa.Integer))
    assert [each.difference.code for each in guard.check(engine).findings] == ["column-missing"]


def is_as_tried(guard: Guard, engine: sa.Engine) -> bool:
    known = guard.source.document.text_known if isinstance(guard.source, FrozenSource) else None
    if isinstance(guard.source, Once):
        known = guard.source.text_known
    assert known is not None
    with closing(open_session(engine)) as session:
        return session.is_as_tried(known)


@pytest.mark.parametrize(
    ("statement", "known"),
    {
        "PRAGMA foreign_keys = OFF": True,
        "PRAGMA foreign_keys = ON": False,
        "PRAGMA query_only = ON": False,
        "CREATE TEMP TABLE users (id)": False,
        "ATTACH ':memory:' AS other": False,
    }.items(),
)
def test_what_an_application_does_when_it_connects_is_looked_at(
    file: Path, tmp_path: Path, statement: str, known: bool
) -> None:
    guard, engine = frozen_guard(tmp_path), sa.create_engine(f"sqlite:///{file}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute(statement))
    assert is_as_tried(guard, engine) is known
    report, wanted = guard.check(engine), Guard(metadata).check(engine)
    assert (report.findings, report.warnings) == (wanted.findings, wanted.warnings)


def test_where_more_decides_there_is_no_digest() -> None:
    assert text_known(Guard(metadata)) is not None
    assert text_known(Guard(metadata, exclude=["users"])) is None
    assert text_known(Guard(metadata, accept=["column-missing users.name"])) is None
    again = sa.MetaData()
    sa.Table("t", again, sa.Column("id", sa.Integer, primary_key=True), sqlite_autoincrement=True)
    assert text_known(Guard(again)) is None, "the last number may be given"
    assert text_known(Guard(metadata, policy=Policy(comments=False))) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a, b", "b, a"),
        ("a  INTEGER,\n\tb", "b, a INTEGER"),
        ("a REFERENCES t (b), b", 'a REFERENCES "t" (b), b'),
        ("a DEFAULT (1 + (2)), b", "b, a DEFAULT (1 + (2))"),
    ],
)
def test_texts_that_say_the_same(one: str, other: str) -> None:
    assert told(one) == told(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a, CHECK (a IN (1, 2))", "a, CHECK (a IN (2, 1))"),
        ("a DEFAULT 'b, c', d", "a DEFAULT 'c, b', d"),
        ("a DEFAULT 'x  y'", "a DEFAULT 'x y'"),
        ('a, "b, c"', 'a, "c, b"'),
        ("a, PRIMARY KEY (a, b), b", "a, PRIMARY KEY (b, a), b"),
        ("a DEFAULT '(', b DEFAULT ')', c", "a DEFAULT '(', c, b DEFAULT ',)'"),
        ("a, b -- , c\n, d", "a, b -- , d\n, c"),
        ("a /* ', b */, c, d", "c, a /* ', b */, d"),
        ("a, b, [c, d]", "a, b, [d, c]"),
        ("a DEFAULT 'REFERENCES \"t\"'", "a DEFAULT 'REFERENCES t'"),
    ],
)
def test_texts_that_may_not(one: str, other: str) -> None:
    assert told(one) != told(other)
    assert told(one) == told(one)


def test_what_follows_the_definitions_counts() -> None:
    assert told("a INTEGER", " STRICT") != told("a INTEGER")
    assert told("a INTEGER PRIMARY KEY", " WITHOUT ROWID") != told("a INTEGER PRIMARY KEY")


def told(definitions: str, tail: str = "") -> str:
    return digest_of([("table", "t", "t", f"CREATE TABLE t ({definitions}){tail}")])
