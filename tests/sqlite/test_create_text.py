"""Reading the stored CREATE statements: what SQLite accepts is read, and read as SQLite reads it."""

from __future__ import annotations

import sqlite3

import pytest

from schema_guard.dialects.sqlite.create_text import parse_table
from schema_guard.dialects.sqlite.index_text import parse_index
from schema_guard.dialects.sqlite.reader import UnreadableTextError

ACCEPTED = [
    "CREATE TABLE t (a)",
    "create temp table if not exists t(a int, b text)",
    'CREATE TABLE "main"."t" (a INT)',
    "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b VARCHAR (10) NOT NULL DEFAULT 'x' COLLATE NOCASE)",
    "CREATE TABLE t (a UNSIGNED BIG INT(8,2) NULL, b DOUBLE PRECISION CONSTRAINT u UNIQUE ON CONFLICT IGNORE)",
    "CREATE TABLE t (a INT CHECK (a > 0) CHECK ((a) < 9), b INT CONSTRAINT c CHECK(b IN (1, ')')))",
    "CREATE TABLE t (a INT DEFAULT -1, b INT DEFAULT (1 + (2)), c DEFAULT CURRENT_TIMESTAMP, d DEFAULT x'00',"
    " e DEFAULT id)",
    "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a + 1) STORED, c AS (a) VIRTUAL, d TEXT AS (a || 'x') NOT NULL)",
    "CREATE TABLE t (a INT REFERENCES p, b INT REFERENCES p(x) ON DELETE SET NULL ON UPDATE CASCADE MATCH FULL"
    " NOT DEFERRABLE INITIALLY IMMEDIATE UNIQUE)",
    "CREATE TABLE t (a INT REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT NULL)",
    "CREATE TABLE t (a, b, PRIMARY KEY (a, b DESC), CONSTRAINT u UNIQUE (b COLLATE NOCASE) ON CONFLICT REPLACE"
    " CHECK (a > 0), FOREIGN KEY (a, b) REFERENCES p (x, y) ON DELETE NO ACTION DEFERRABLE) WITHOUT ROWID",
    "CREATE TABLE t (a INT, b ANY) STRICT",
    "CREATE TABLE t (a INT PRIMARY KEY, b ANY) STRICT, WITHOUT ROWID",
    'CREATE TABLE t ([a b] int, `c``d` text, "e""f" blob, \'g\' real, größe)',
    "CREATE TABLE t (a -- , b\n INT, /* c */ d TEXT /* ) */ ) -- end",
    "CREATE TABLE t (key TEXT, action INT, match, desc, asc, generated always, replace INT)",
    "CREATE TABLE t (a INT CONSTRAINT dangling, b INT CONSTRAINT one CONSTRAINT two NOT NULL)",
    "CREATE TABLE t (a INT NOT NULL ON CONFLICT FAIL UNIQUE PRIMARY KEY DESC ON CONFLICT ABORT)",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_columns_are_those_that_sqlite_sees(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(text.replace("temp table", "table"))
    seen = connection.execute("SELECT name, lower(type) FROM pragma_table_xinfo('t') ORDER BY cid").fetchall()
    parsed = parse_table(text)
    assert [column.name for column in parsed.columns] == [name for name, _ in seen]
    for column, (_, type_) in zip(parsed.columns, seen, strict=True):
        declared = text[column.type_start : column.type_end].lower()
        assert declared.replace(" ", "") == type_.replace(" ", "")
    connection.close()


def test_clauses() -> None:
    parsed = parse_table(ACCEPTED[10])
    assert [clause.kind for clause in parsed.constraints] == ["primary key", "unique", "check", "foreign key"]
    assert parsed.constraints[1].name == "u"
    assert parsed.constraints[3].columns == ("a", "b")
    references = parsed.constraints[3].references
    assert references is not None
    assert (references.table, references.columns, references.deferrable) == ("p", ("x", "y"), True)
    assert parsed.without_rowid
    assert not parsed.strict


def test_options() -> None:
    assert parse_table(ACCEPTED[12]).strict
    assert parse_table(ACCEPTED[12]).without_rowid
    assert parse_table(ACCEPTED[3]).autoincrement


def test_generated_columns() -> None:
    parsed = parse_table(ACCEPTED[7])
    clauses = [column.clause("generated") for column in parsed.columns]
    assert [clause and (clause.inner, clause.stored) for clause in clauses] == [
        None,
        ("a + 1", True),
        ("a", False),
        ("a || 'x'", False),
    ]


@pytest.mark.parametrize("text", ["", "CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE TABLE t", "CREATE TABLE t (a"])
def test_what_is_no_table_is_said_to_be_unreadable(text: str) -> None:
    with pytest.raises(UnreadableTextError):
        parse_table(text)


def test_index() -> None:
    parsed = parse_index(
        "CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t"
        " (lower(a, ',') COLLATE NOCASE DESC, b ASC, \"c\") WHERE a > ')' -- x"
    )
    assert [element.text for element in parsed.elements] == ["lower(a, ',')", "b", '"c"']
    assert parsed.where == "a > ')'"
