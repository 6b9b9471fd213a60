"""Whatever stands in the comments of a CREATE TABLE and wherever they stand: an edit changes what it is for, a rebuild
loses nothing, and a change that was not declared is found."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table, text

from schema_guard.dialects.sqlite import changes, edit
from schema_guard.dialects.sqlite.changes import Change, changed
from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.sqlite.rebuild import Rebuild
from schema_guard.dialects.sqlite.tokens import Kind, significant, tokens
from schema_guard.guard import Guard
from schema_guard.report import Outcome
from schema_guard.schema import Name
from tests.sqlite.stage import Stage

TRIVIA = [
    *(" ", "\n", "\t", "\r\n", "\f ", "  "),
    *("--\n", " -- NOT NULL, it's )\r\n", "-- /* \n", '-- " , `\n\t', " -- [\n", "--, CHECK (\n"),
    *("/**/", "/* , ) NOT NULL DEFAULT 'x */", "/* -- */", "/*/ ' */", " /* a\n-- b\n*/ ", '/*"*/'),
]
CLAUSES = {
    "not null": ["NOT NULL", "not null ON CONFLICT ABORT", 'CONSTRAINT "n -- n" NOT NULL'],
    "default": ["DEFAULT 'a -- , b'", "DEFAULT -1", "DEFAULT (1 + (2))", "DEFAULT CURRENT_TIMESTAMP", "DEFAULT x'00'"],
    "collate": ["COLLATE NOCASE", 'collate "RTRIM"'],
    "unique": ["UNIQUE", "UNIQUE ON CONFLICT FAIL", "CONSTRAINT [u ,] UNIQUE"],
    "check": ["CHECK (c <> '-- )')", "CONSTRAINT ck CHECK (t . c IS NOT 'x' AND length ( c ) < 99)"],
    "foreign key": [
        "REFERENCES p (k) ON DELETE CASCADE ON UPDATE SET NULL",
        "REFERENCES p DEFERRABLE INITIALLY DEFERRED",
    ],
}
KEYS = [
    "id INTEGER PRIMARY KEY",
    "id INTEGER CONSTRAINT pk PRIMARY KEY ON CONFLICT ROLLBACK",
    "'id' INT",
    '"id" integer',
]
LAST = [
    "UNIQUE (d , c DESC)",
    "CONSTRAINT fk FOREIGN KEY (d) REFERENCES p (k) ON DELETE SET NULL",
    "CHECK (d IS NULL OR d <> c)",
]
TYPES = ["", "TEXT", "VARCHAR (10)", "DOUBLE PRECISION", '"odd , type"']


@dataclass(frozen=True)
class Written:
    """A statement, and the clauses of its column `c` by kind."""

    text: str
    clauses: dict[str, str]


def words(text: str) -> list[str]:
    return [token.text for token in significant(text)]


def comments(text: str) -> list[str]:
    return [token.text for token in tokens(text) if token.kind is Kind.COMMENT]


@st.composite
def statements(draw: st.DrawFn) -> Written:
    """The words of a table with hostile blanks between them, as SQLite stores it."""
    kinds = draw(st.permutations(sorted(CLAUSES)))[: draw(st.integers(0, len(CLAUSES)))]
    clauses = {kind: draw(st.sampled_from(CLAUSES[kind])) for kind in kinds}
    column = " ".join(("c", draw(st.sampled_from(TYPES)), *clauses.values()))
    items = [draw(st.sampled_from(KEYS)), column, "d BLOB NOT NULL DEFAULT 7"]
    items += draw(st.lists(st.sampled_from(LAST), unique=True))
    found = words(f"CREATE TABLE t ({', '.join(items)})")
    parts = []
    for word in found[2:]:  # the first two words and what is between them are not stored
        parts += [word, draw(st.sampled_from(TRIVIA))]
    end = draw(st.sampled_from(["", "-- the end", "/* the end"]))
    text = "CREATE TABLE " + "".join(parts) + end
    connection = sqlite3.connect(":memory:")
    connection.execute(text)
    stored = connection.execute("SELECT sql FROM sqlite_master WHERE name = 't'").fetchone()[0]
    connection.close()
    return Written(stored, clauses)


def changes_of(clauses: dict[str, str]) -> list[tuple[Change, str, str]]:
    """Each with the words that go and the words that come."""
    found = [
        (changes.default("c", None), clauses.get("default", ""), ""),
        (changes.default("c", "'new'"), clauses.get("default", ""), "DEFAULT 'new'"),
        (changes.default("c", "(1) + (2)"), clauses.get("default", ""), "DEFAULT ((1) + (2))"),
        (changes.collation("c", None), clauses.get("collate", ""), ""),
        (changes.collation("c", "NOCASE"), clauses.get("collate", ""), 'COLLATE "NOCASE"'),
        (changes.not_null("c"), "", "NOT NULL"),
        (changes.column_added("e TEXT DEFAULT 'x'"), "", ", e TEXT DEFAULT 'x'"),
        (changes.constraint_added("CHECK (t.c <> 'q')"), "", ", CHECK (t.c <> 'q')"),
    ]
    if "not null" in clauses:
        found.append((changes.nullable("c"), clauses["not null"], ""))
    return found


@settings(deadline=None)
@given(statements())
def test_an_edit_changes_what_it_is_for(written: Written) -> None:
    for change, gone, new in changes_of(written.clauses):
        after = changed(written.text, change)
        assert comments(after) == comments(written.text)
        assert Counter(words(after)) == Counter(words(written.text)) - Counter(words(gone)) + Counter(words(new))


def told(connection: sqlite3.Connection, changing: set[str]) -> list[object]:
    """What SQLite says of the table: columns but for what may change of `c`, keys with collations, foreign keys."""
    columns = connection.execute("SELECT * FROM pragma_table_xinfo('t') WHERE name <> 'e'").fetchall()
    keys = connection.execute(
        "SELECT i.origin, k.seqno, k.name, k.coll, k.\"desc\" FROM pragma_index_list('t') AS i,"
        ' pragma_index_xinfo(i.name) AS k WHERE k."key" ORDER BY 1, 2, 3, 4, 5'
    ).fetchall()
    foreign = connection.execute("SELECT * FROM pragma_foreign_key_list('t')").fetchall()
    if changing:
        columns = [row for row in columns if row[1] != "c"]
        keys = [row for row in keys if row[2] != "c"]
    return [columns, keys, foreign]


@settings(deadline=None)
@given(statements(), st.data())
def test_a_rebuild_loses_nothing(written: Written, data: st.DataObject) -> None:
    change, gone, new = data.draw(st.sampled_from(changes_of(written.clauses)))
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE p (k INTEGER PRIMARY KEY)")
    connection.execute(written.text)
    connection.execute("INSERT INTO t (id, c, d) VALUES (5, 'v', 'w'), (9, 'V ', 'x')")
    changing = {"c"} if gone or words(new)[:1] != [","] else set()
    before = told(connection, changing)
    rebuild = Rebuild(Name(None, "t"), written.text, changed(written.text, change), (), "new_t")
    run(connection, rebuild.statements())
    assert told(connection, changing) == before
    stored = connection.execute("SELECT sql FROM sqlite_master WHERE name = 't'").fetchone()[0]
    assert (stored, comments(stored)) == (rebuild.result, comments(written.text))
    assert connection.execute("SELECT id, c, d FROM t").fetchall() == [(5, "v", "w"), (9, "V ", "x")]
    connection.close()


def run(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def tidied(edited: str) -> str:
    """An edit gone wrong: what stood in the next line is in the comment."""
    return edited.replace("--\n", "-- ").replace("badge\n", "badge ")


BADGES = """CREATE TABLE badges (id INTEGER PRIMARY KEY,
  name text -- shown on the badge
  not null unique collate nocase references p (name) on delete cascade,
  note text)"""


def test_what_an_edit_loses_is_found_in_the_text() -> None:
    wrong = Change(lambda found: tidied(edit.drop_not_null(found, "name")), changes.nullable("name").declared)
    with pytest.raises(UnreadableTextError, match="would also change the column name"):
        changed(BADGES, wrong)


@pytest.mark.parametrize(
    ("lost", "other"),
    [
        (" unique", ""),
        (" collate nocase", ""),
        (" references p (name) on delete cascade", ""),
        ("on delete cascade", "on delete set null"),
        ("note text", "note int"),
        ("note text", "note text not null default ''"),
        ("note text", "note text default ''"),
        ("INTEGER PRIMARY KEY", "INTEGER UNIQUE"),
    ],
)
def test_what_a_rebuild_would_lose_is_found_by_sqlite(lost: str, other: str) -> None:
    """Were the text misread before and after the edit, the pragmas still tell."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE p (name PRIMARY KEY)")
    connection.execute(BADGES)
    connection.execute("INSERT INTO badges VALUES (1, 'a', 'b')")
    rebuild = Rebuild(Name(None, "badges"), BADGES, changed(BADGES, changes.nullable("name")), (), "new_badges")
    worse = [
        statement.replace(lost, other) if statement.startswith("CREATE TABLE") else statement
        for statement in rebuild.statements()
    ]
    with pytest.raises(sqlite3.Error, match="integer overflow"):
        run(connection, worse)
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT sql FROM sqlite_master WHERE name = 'badges'").fetchone()[0] == BADGES
    connection.close()


MODELS = MetaData()
Table("p", MODELS, Column("name", String, primary_key=True))
Table(
    "badges",
    MODELS,
    Column("id", Integer, primary_key=True),
    Column("name", String, ForeignKey("p.name", ondelete="CASCADE"), unique=True),
    Column("note", String, server_default=text("'none'")),
    CheckConstraint("note <> ''", name="ck"),
)


def test_constraints_behind_a_comment_survive_apply(stage: Stage) -> None:
    stage.script(f"CREATE TABLE p (name VARCHAR PRIMARY KEY NOT NULL); {BADGES};")
    stage.satisfied(MODELS)
    stored = stage.texts()["badges"]
    assert "-- shown on the badge\n   unique collate nocase references p (name) on delete cascade,\n" in stored
    stage.script("INSERT INTO p VALUES ('x'); INSERT INTO badges (name) VALUES ('x'), (NULL);")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        stage.script("INSERT INTO badges (name) VALUES ('X')")


def test_a_comment_at_the_end_of_a_line_swallows_no_comma(stage: Stage) -> None:
    stage.script("""CREATE TABLE p (name VARCHAR PRIMARY KEY NOT NULL);
        CREATE TABLE badges (id INTEGER PRIMARY KEY, name TEXT -- NOT NULL, they say
          NOT NULL, note TEXT -- a, b
          DEFAULT 'old'-- c
          , CONSTRAINT ck CHECK (note <> ''), FOREIGN KEY (name) REFERENCES p (name) ON DELETE CASCADE, UNIQUE (name)
        )""")
    report = stage.satisfied(MODELS)
    assert {result.outcome for result in report.results} == {Outcome.DONE}
    assert Guard(MODELS).check(stage.engine).satisfied
