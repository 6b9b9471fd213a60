"""Edits of the stored text change one part and keep the rest to the letter."""

from __future__ import annotations

import sqlite3

import pytest

from schema_guard.dialects.sqlite import edit
from schema_guard.dialects.sqlite.reader import UnreadableTextError

TEXT = """CREATE TABLE "t" ( -- what it is
  id INTEGER PRIMARY KEY AUTOINCREMENT,  /* the key */
  a VARCHAR(10) COLLATE NOCASE NOT NULL DEFAULT 'x' CHECK (t.a <> ''),
  b INT CONSTRAINT fk REFERENCES p(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED -- of p
  , UNIQUE (a) CHECK (b > 0) -- last
)"""


def test_every_result_is_what_sqlite_takes() -> None:
    for text in (
        edit.drop_not_null(TEXT, "A"),
        edit.set_not_null(TEXT, "b"),
        edit.set_default(TEXT, "a", "lower('Y')"),
        edit.set_default(TEXT, "a", None),
        edit.set_collation(TEXT, "a", "RTRIM"),
        edit.set_collation(TEXT, "a", None),
        edit.set_type(TEXT, "b", "BIGINT"),
        edit.add_column(TEXT, "c TEXT"),
        edit.add_constraint(TEXT, "CONSTRAINT ck CHECK (a <> b)"),
        edit.replace_foreign_key(TEXT, ("b",), "P", "FOREIGN KEY(b) REFERENCES p (id)"),
        edit.without_constraint(TEXT, "UNIQUE (a)"),
        edit.named(edit.without_qualifiers(TEXT), 'x"y'),
        edit.without_qualifiers(TEXT),
    ):
        connection = sqlite3.connect(":memory:")
        connection.execute(text)
        connection.close()


def test_comments_and_everything_else_stay() -> None:
    assert edit.drop_not_null(TEXT, "a") == TEXT.replace(" NOT NULL DEFAULT", " DEFAULT")
    assert edit.set_not_null(TEXT, "b") == TEXT.replace("b INT ", "b INT NOT NULL ")
    assert edit.add_constraint(TEXT, "CHECK (1)") == TEXT.replace("(b > 0) --", "(b > 0), CHECK (1) --")
    assert edit.add_column(TEXT, "c") == TEXT.replace("DEFERRED --", "DEFERRED, c --")
    assert edit.without_qualifiers(TEXT) == TEXT.replace("t.a", "a")


def test_a_column_foreign_key_goes_with_its_deferrability() -> None:
    replaced = edit.replace_foreign_key(TEXT, ("b",), "p", "FOREIGN KEY(b) REFERENCES p (id)")
    assert "b INT -- of p" in replaced
    assert "(b > 0), FOREIGN KEY(b) REFERENCES p (id) -- last" in replaced


def test_the_text_after_add_column_is_foretold() -> None:
    for text in (TEXT, "CREATE TABLE t(a int -- x\n)", "CREATE TABLE t (a, b, UNIQUE (a))", "CREATE TABLE t(a)"):
        connection = sqlite3.connect(":memory:")
        connection.execute(text)
        connection.execute("ALTER TABLE t ADD COLUMN z VARCHAR(3) DEFAULT 'a'")
        stored = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 't'").fetchone()[0]
        assert edit.with_native_column(text, "z VARCHAR(3) DEFAULT 'a'") == stored
        connection.close()


def test_what_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(UnreadableTextError):
        edit.drop_not_null(TEXT, "b")
    with pytest.raises(UnreadableTextError):
        edit.set_not_null(TEXT, "nope")


def test_definitions() -> None:
    assert edit.nullable_definition('"x" BOOLEAN DEFAULT (random()) NOT NULL COLLATE "NOCASE"') == (
        '"x" BOOLEAN COLLATE "NOCASE"'
    )
    assert edit.strict_definition("x VARCHAR(10) NOT NULL") == "x TEXT NOT NULL"
    assert edit.strict_definition("x DATETIME") == "x TEXT"
    assert edit.inline_reference("CONSTRAINT f FOREIGN KEY(a) REFERENCES p (id) ON DELETE CASCADE") == (
        "CONSTRAINT f REFERENCES p (id) ON DELETE CASCADE"
    )


@pytest.mark.parametrize(
    ("value", "term"),
    [("'a'", "'a'"), ("-1", "-1"), ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"), ("lower('A')", "(lower('A'))")],
)
def test_default_terms(value: str, term: str) -> None:
    assert edit.set_default("CREATE TABLE t (a TEXT)", "a", value) == f"CREATE TABLE t (a TEXT DEFAULT {term})"


def test_objects_of_an_attached_database() -> None:
    assert edit.in_database("CREATE INDEX i ON t (a)", "other db") == 'CREATE INDEX "other db".i ON t (a)'
    assert edit.in_database("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END", "o") == (
        "CREATE TRIGGER o.g AFTER INSERT ON t BEGIN SELECT 1; END"
    )
