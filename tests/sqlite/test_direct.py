"""A file that the sqlite3 module opens alone: what comes of it is what comes by SQLAlchemy's engine."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from schema_guard import Guard
from schema_guard.address import parse_address
from schema_guard.dialects import open_session
from schema_guard.dialects.sqlite.direct import direct_place
from schema_guard.dialects.sqlite.names import quote
from schema_guard.errors import GuardError
from schema_guard.render.json import check_json

METADATA = sa.MetaData()
sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(9), sa.CheckConstraint("code REGEXP '^[a-z]+$'"), nullable=False),
    sa.Column("price", sa.Numeric(8, 2), server_default="0"),
)
MADE = """CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, code VARCHAR(9) NOT NULL
    CHECK (code REGEXP '^[a-z]+$'), price NUMERIC(8, 2) DEFAULT '0')"""
NAMES = ["plain", "Capital", "order", "rowid", "a b", 'q"q', "1st", "naïve", "a$b", "_x", "", "select", "Select", "x\n"]


def prepared(place: Path, statement: str) -> str:
    """A file in this directory; the URL."""
    connection = sqlite3.connect(place / "a b?.db")
    connection.create_function("regexp", 2, lambda *_: True)
    connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{place}/a%20b%3F.db"


def verdicts(url: str) -> list[object]:
    """What a check says, by the driver alone and by SQLAlchemy."""
    found: list[object] = []
    for database in (parse_address(url), url):
        try:
            report = Guard(METADATA).check(database)
        except GuardError as error:
            found.append((error.code, error.exit_code, error.message))
        else:
            found.append(re.sub(r'"seconds": [\d.]+', "", check_json(report, 0)))
    return found


@pytest.mark.parametrize(
    "statement",
    [
        MADE,
        MADE.replace(", price NUMERIC(8, 2) DEFAULT '0'", ""),
        MADE.replace("VARCHAR(9) NOT NULL", "TEXT"),
        MADE.replace("^[a-z]+$", "^[a-z]*$"),
        "CREATE VIEW orders AS SELECT 1 AS id",
    ],
)
def test_the_report_is_the_same(tmp_path: Path, statement: str) -> None:
    direct, usual = verdicts(prepared(tmp_path, statement))
    assert direct == usual


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    direct, usual = verdicts(f"sqlite:///{tmp_path}/none.db")
    assert direct == usual
    assert list(tmp_path.iterdir()) == []


def test_errors_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database file, and it is long enough to see that" * 20)
    (tmp_path / "folder").mkdir()
    for place in ("text.db", "folder", "missing/app.db"):
        direct, usual = verdicts(f"sqlite:///{tmp_path}/{place}")
        assert direct == usual
        assert isinstance(direct, tuple)


def test_a_locked_file(tmp_path: Path) -> None:
    url = prepared(tmp_path, MADE)
    other = sqlite3.connect(tmp_path / "a b?.db")
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    place = direct_place(parse_address(url))
    assert place is not None
    place.listen(lambda connection: connection.execute("PRAGMA busy_timeout = 1"))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        place.connect().cursor().execute("SELECT * FROM sqlite_master")
    place.dispose()
    other.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:app.db",
        "sqlite:///app.db?timeout=3",
        "sqlite:///app.db?mode=ro&uri=true",
        "sqlite+aiosqlite:///app.db",
        "sqlite+pysqlcipher://:key@/app.db",
        "sqlite://me@/app.db",
    ],
)
def test_what_is_left_to_sqlalchemy(url: str) -> None:
    assert direct_place(parse_address(url)) is None


def test_such_a_url_is_read_all_the_same(tmp_path: Path) -> None:
    direct, usual = verdicts(f"{prepared(tmp_path, MADE)}?timeout=3")
    assert direct == usual


def test_it_opens_the_file_that_sqlalchemy_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("app.db", "./app.db", "../app.db", "a%20b.db", "~/app.db"):
        if name.startswith("~"):
            continue  # its directory is not there
        address = parse_address(f"sqlite:///{name}")
        place = direct_place(address)
        assert place is not None
        (theirs,), arguments = SQLiteDialect_pysqlite().create_connect_args(address.sqlalchemy())
        assert (place._file, arguments) == (theirs, {"check_same_thread": False})


def test_the_same_functions_are_there(tmp_path: Path) -> None:
    """Those that SQLAlchemy registers on each connection."""
    asked = "SELECT 'abc' REGEXP 'b.', floor(2.7), NULL REGEXP 'b'"
    engine = sa.create_engine(f"sqlite:///{tmp_path}/app.db")
    with engine.connect() as connection:
        usual = tuple(connection.exec_driver_sql(asked).one())
    session = open_session(parse_address(f"sqlite:///{tmp_path}/app.db"))
    assert session._link.rows(asked) == [usual]  # type: ignore[attr-defined]
    session.close()
    engine.dispose()


def test_names_are_quoted_where_sqlalchemy_quotes() -> None:
    preparer = SQLiteDialect_pysqlite().identifier_preparer
    assert {name for name in NAMES if quote(name) == name} <= {name for name in NAMES if preparer.quote(name) == name}
    for word in SQLiteIdentifierPreparer.reserved_words:
        assert quote(word) == f'"{word}"'
    for name in NAMES:
        assert quote(name) in (name, preparer.quote_identifier(name))
