"""Files and directories that this user may not read or write: one line, and nothing is changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.tried_on_sqlite import text_known

CODE = """
import sys
from sqlalchemy import Column, Integer, MetaData, Table, create_engine
from schema_guard import Guard
from schema_guard.errors import GuardError
models = MetaData()
Table("t", models, Column("id", Integer, primary_key=True), Column("n", Integer))
for method in (Guard(models).check, Guard(models).apply):
    try:
        method(create_engine(sys.argv[1]))
        print("reached")
    except GuardError as error:
        print(error.code, error.message)
"""
TELLS = CODE.replace("        method(", "        report = method(").replace(
    '"reached"', "*report.warnings, report.results"
)
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Root that permissions hold for: its Python may lie where no other user can go."""


def said(url: str, code: str = CODE) -> list[str]:
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("no permission stops root, and there is no setpriv")
    before = UNPRIVILEGED if os.geteuid() == 0 else []
    command = [*before, sys.executable, "-c", code, url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.splitlines()


@pytest.fixture
def path() -> Iterator[Path]:
    """In a directory whose parents are open to everybody, unlike those of tmp_path."""
    with tempfile.TemporaryDirectory(dir="/tmp") as room:
        folder = Path(room) / "data"
        folder.mkdir()
        yield folder / "app.db"


def make(path: Path, *, wal: bool = False) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA journal_mode = {'wal' if wal else 'delete'}")
        connection.execute("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY)")
    connection.close()


def test_a_file_that_may_not_be_read(path: Path) -> None:
    make(path)
    path.chmod(0)
    found = said(f"sqlite:///{path}")
    assert found == [f"unreachable {path} may not be read by this user: run as its owner, or: chmod u+rw '{path}'"] * 2


def test_a_database_in_wal_mode_whose_directory_may_not_be_written(path: Path) -> None:
    """What is printed reads it."""
    make(path, wal=True)
    path.parent.chmod(0o555)
    try:
        found = said(f"sqlite:///{path}")
        assert [each.partition(": a database")[0] for each in found] == [f"unreachable {path}: it cannot be read"] * 2
        assert said(found[0].rpartition(" ")[2]) == ["reached"] * 2
    finally:
        path.parent.chmod(0o755)


def test_a_directory_without_room_for_a_journal(path: Path) -> None:
    """The file may be written, yet nothing can be: told by a check, and not tried by apply."""
    make(path)
    path.parent.chmod(0o555)
    try:
        found = said(f"sqlite:///{path}", TELLS)
    finally:
        path.parent.chmod(0o755)
    warning = f"this user may not write the directory {path.parent}, where SQLite puts its journal"
    assert [each.partition(": what")[0] for each in found] == [warning] * 2
    assert all(each.endswith(" ()") for each in found), "no step was tried"


def test_a_file_without_room_for_a_journal_is_never_known_by_its_text(path: Path) -> None:
    """A frozen file then tells the same as the models."""
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    metadata.create_all(sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool))
    known = text_known(Guard(metadata))
    code = "import sys; from schema_guard.dialects.sqlite.exact.look import is_exact;"
    code += f"print(is_exact(sys.argv[1], {known!r}))"
    assert said(str(path), code) == ["True"]
    path.parent.chmod(0o555)
    try:
        assert said(str(path), code) == ["False"]
    finally:
        path.parent.chmod(0o755)


def test_a_directory_without_room_for_the_file(path: Path) -> None:
    """There is none yet: it is the directory that may not be written."""
    path.parent.chmod(0o555)
    try:
        found = said(f"sqlite:///{path}", TELLS)
    finally:
        path.parent.chmod(0o755)
    warning = f"this user may not write the directory {path.parent}, where SQLite puts the file"
    assert [each.partition(": what")[0] for each in found] == [warning] * 2


def test_a_journal_that_may_not_be_rolled_back(path: Path) -> None:
    make(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size = 5")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE long (text TEXT)")
    connection.executemany("INSERT INTO long VALUES (?)", [("x" * 3000,)] * 500)
    copy = path.with_name("cut-off.db")
    for suffix in ("", "-journal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        Path(f"{copy}{suffix}").chmod(0o444)
    connection.execute("ROLLBACK")
    connection.close()
    path.parent.chmod(0o555)
    try:
        found = said(f"sqlite:///{copy}")
    finally:
        path.parent.chmod(0o755)
    reason = f"unreachable {copy}: a transaction that was cut off left its journal"
    assert [each.partition(", and this user may")[0] for each in found] == [reason] * 2
    for suffix in ("", "-journal"):
        Path(f"{copy}{suffix}").chmod(0o644)
    assert said(f"sqlite:///{copy}") == ["reached"] * 2, "who may write rolls it back"


@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_a_mode_that_makes_no_file(path: Path, mode: str) -> None:
    found = said(f"sqlite:///file:{path}?mode={mode}&uri=true")
    assert found == [f"unreachable {path} does not exist, and mode={mode} makes no file: correct the URL"] * 2
    assert not path.exists()


def test_a_file_in_place_of_the_directory(path: Path) -> None:
    make(path)
    assert (
        said(f"sqlite:///{path}/x.db")
        == [f"unreachable {path}/x.db: {path} is a file, not a directory: correct the URL"] * 2
    )
