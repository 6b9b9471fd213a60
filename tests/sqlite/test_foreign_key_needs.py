"""A foreign key waits for what it refers to.

With `PRAGMA foreign_keys = ON` one that refers to no key makes every write to both tables fail with "foreign key
mismatch" (https://sqlite.org/foreignkeys.html#fk_indexes). Each case is applied with a look after every step, as if it
had stopped there: what worked before has to work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.schema import SchemaItem

from schema_guard.guard import Guard
from schema_guard.report import Report, StepResult
from tests.sqlite.stage import Stage, keys

P = "CREATE TABLE p (id INTEGER PRIMARY KEY, a INT, b INT); "
C = "CREATE TABLE c (id INTEGER PRIMARY KEY, x INT, y INT); "
ROWS = "INSERT INTO p VALUES (1, 1, 1), (2, 3, 4); INSERT INTO c VALUES (1, 1, 1), (2, NULL, NULL); "
TWICE = "INSERT INTO p VALUES (1, 1, 1), (2, 1, 1); INSERT INTO c VALUES (1, 1, 1); "
WRITES = (
    "INSERT INTO p (a, b) VALUES (7, 8)",
    "UPDATE p SET a = 9 WHERE id = 2",
    "DELETE FROM p WHERE id = 2",
    "INSERT INTO c (x, y) VALUES (1, 1)",
    "INSERT INTO c (x, y) VALUES (NULL, NULL)",
    "UPDATE c SET x = NULL",
    "UPDATE c SET x = x",
    "DELETE FROM c",
    "SELECT * FROM c JOIN p ON a = x",
)


def models(
    *on_parent: SchemaItem, targets: Sequence[str] = ("p.a", "p.b"), on_child: Sequence[SchemaItem] = ()
) -> MetaData:
    metadata = MetaData()
    columns = Column("id", Integer, primary_key=True), Column("a", Integer), Column("b", Integer)
    Table("p", metadata, *columns, *on_parent)
    columns = Column("id", Integer, primary_key=True), Column("x", Integer), Column("y", Integer)
    key = ForeignKeyConstraint(["x", "y"], list(targets))
    Table("c", metadata, *columns, key, *on_child)
    return metadata


def failures(path: Path, statements: Sequence[str] = WRITES) -> dict[str, str]:
    """What fails of the statements, with foreign keys enforced and not, and why; each is rolled back."""
    found = {}
    for enforced in ("OFF", "ON"):
        for statement in statements:
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                connection.execute(f"PRAGMA foreign_keys = {enforced}")
                connection.execute("BEGIN")
                connection.execute(statement)
                connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                found[f"foreign_keys {enforced}: {statement}"] = str(error)
            finally:
                connection.close()
    return found


def applied(stage: Stage, metadata: MetaData, statements: Sequence[str] = WRITES) -> tuple[Report, list[str]]:
    """The report, and the steps that were done; after each of them everything works that worked before."""
    before = failures(stage.path, statements)
    done: list[str] = []

    def look(result: StepResult) -> None:
        done.append(result.step.id)
        broken = failures(stage.path, statements)
        assert {what: why for what, why in broken.items() if what not in before} == {}, done

    report = Guard(metadata).apply(stage.engine, on_step=look)
    again = Guard(metadata).apply(stage.engine)
    assert again.results == (), "the same is tried at every boot"
    return report, done


@pytest.mark.parametrize(
    ("before", "on_parent", "reason"),
    [
        pytest.param(P + C + TWICE, lambda: [UniqueConstraint("a", "b")], "rows violate it", id="rows repeat it"),
        pytest.param(P + C + ROWS, list, "it is missing", id="the models have none"),
        pytest.param(P + "CREATE INDEX i ON p (a, b); " + C + ROWS, list, "it is missing", id="not unique"),
        pytest.param(P + "CREATE UNIQUE INDEX i ON p (a, b) WHERE a > 0; " + C + ROWS, list, "missing", id="partial"),
        pytest.param(P + "CREATE UNIQUE INDEX i ON p (a, b + 0); " + C + ROWS, list, "missing", id="on an expression"),
        pytest.param(P + "CREATE UNIQUE INDEX i ON p (a, b, id); " + C + ROWS, list, "missing", id="more columns"),
        pytest.param(P + "CREATE UNIQUE INDEX i ON p (a); " + C + ROWS, list, "missing", id="fewer columns"),
        pytest.param(
            P + "CREATE UNIQUE INDEX i ON p (a COLLATE NOCASE, b); " + C + ROWS, list, "missing", id="another collation"
        ),
        pytest.param(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, a INT, b INT, UNIQUE (a COLLATE NOCASE, b)); " + C + ROWS,
            list,
            "missing",
            id="a constraint of another collation",
        ),
        pytest.param(
            P + C + ROWS,
            lambda: [Index("i", "a", "b", unique=True, sqlite_where=text("a > 0"))],
            "missing",
            id="partial to be",
        ),
        pytest.param(
            P + C + ROWS, lambda: [Index("i", "a", func.abs(text("b")), unique=True)], "missing", id="expression to be"
        ),
        pytest.param(P + C + ROWS, lambda: [Index("i", "a", "b")], "missing", id="not unique to be"),
    ],
)
@pytest.mark.parametrize("child", ["a table", "a new table", "new columns"])
def test_a_foreign_key_waits_for_its_key(
    stage: Stage, before: str, on_parent: Callable[[], list[SchemaItem]], reason: str, child: str
) -> None:
    stage.script(before)
    if child != "a table":
        stage.script("DROP TABLE c")
    if child == "new columns":
        stage.script("CREATE TABLE c (id INTEGER PRIMARY KEY); INSERT INTO c VALUES (1)")
    metadata = models(*on_parent())
    report, _ = applied(stage, metadata)
    assert "REFERENCES" not in stage.texts()["c"]
    (finding,) = [found for found in report.findings if found.difference.code == "foreign-key-missing"]
    assert finding.refusal is not None
    assert finding.refusal.reason.startswith("waits for unique p(a, b), which cannot be provided: ")
    assert reason in finding.refusal.reason
    assert failures(stage.path) == {}


@pytest.mark.parametrize("targets", [("p.a", "p.b"), ("p.b", "p.a")])
@pytest.mark.parametrize(
    "on_parent",
    [
        lambda: [UniqueConstraint("a", "b")],
        lambda: [UniqueConstraint("b", "a")],
        lambda: [Index("i", "b", "a", unique=True)],
        lambda: [UniqueConstraint("a", "b", sqlite_on_conflict="IGNORE")],
    ],
    ids=["unique", "reversed", "index", "by a rebuild"],
)
@pytest.mark.parametrize("child", ["a table", "a new table", "new columns", "another change"])
def test_the_key_comes_before_the_foreign_key(
    stage: Stage, targets: Sequence[str], on_parent: Callable[[], list[SchemaItem]], child: str
) -> None:
    stage.script(P + C + ROWS)
    if child in ("a new table", "new columns"):
        stage.script("DROP TABLE c")
    if child == "new columns":
        stage.script("CREATE TABLE c (id INTEGER PRIMARY KEY); INSERT INTO c VALUES (1)")
    on_child = [CheckConstraint("x > 0", name="ck")] if child == "another change" else []
    report, _ = applied(stage, models(*on_parent(), targets=targets, on_child=on_child))
    assert report.satisfied, keys(report)
    assert "REFERENCES" in stage.texts()["c"]
    assert stage.rows("PRAGMA foreign_key_check") == []


def test_the_primary_key_that_a_foreign_key_needs_comes_before_it(stage: Stage) -> None:
    stage.script(
        "CREATE TABLE p (a INT NOT NULL, b INT NOT NULL); CREATE TABLE c (id INTEGER PRIMARY KEY, x INT, y INT)"
    )
    metadata = MetaData()
    columns = [Column(name, Integer, autoincrement=False, nullable=False) for name in "ab"]
    Table("p", metadata, *columns, PrimaryKeyConstraint("a", "b"))
    child = [Column("id", Integer, primary_key=True), Column("x", Integer), Column("y", Integer)]
    Table("c", metadata, *child, ForeignKeyConstraint(["x", "y"], ["p.b", "p.a"]))
    statements = ["INSERT INTO p VALUES (1, 2)", "DELETE FROM p", "INSERT INTO c (x) VALUES (1)", "DELETE FROM c"]
    report, _ = applied(stage, metadata, statements)
    assert report.satisfied, keys(report)


def test_two_tables_whose_keys_need_a_rebuild_refer_to_each_other(stage: Stage) -> None:
    """One rebuild of each would have to come before the other."""
    stage.script("CREATE TABLE p (a INT NOT NULL, c_a INT); CREATE TABLE c (a INT NOT NULL, p_a INT)")
    metadata = MetaData()
    for name, other in (("p", "c"), ("c", "p")):
        column = Column("a", Integer, primary_key=True, autoincrement=False)
        Table(name, metadata, column, Column(f"{other}_a", ForeignKey(f"{other}.a")))
    statements = [
        f"{words} {name}{rest}"
        for name in "pc"
        for words, rest in (("INSERT INTO", " (a) VALUES (1)"), ("DELETE FROM", ""))
    ]
    report, _ = applied(stage, metadata, statements)
    assert report.satisfied, keys(report)


REFUSED = Column("search", String, Computed("to_tsvector('english', title)"))


@pytest.mark.parametrize("child", ["a table", "a new table", "a new column", "a new column with a default"])
def test_no_reference_leads_to_a_table_that_is_refused(stage: Stage, child: str) -> None:
    metadata = MetaData()
    column = Column("id", Integer, primary_key=True)
    Table("articles", metadata, column, Column("title", String), REFUSED._copy())
    default = "1" if child == "a new column with a default" else None
    reference = Column("article_id", Integer, ForeignKey("articles.id"), server_default=default)
    Table("t", metadata, Column("id", Integer, primary_key=True), reference)
    if child == "a table":
        stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, article_id INT); INSERT INTO t VALUES (1, NULL)")
    elif child != "a new table":
        stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
    statements = ["INSERT INTO t DEFAULT VALUES", "UPDATE t SET id = id", "DELETE FROM t", "SELECT * FROM t"]
    report, _ = applied(stage, metadata, statements)
    assert failures(stage.path, [*statements, "INSERT INTO t (article_id) VALUES (1)"]) == {}
    assert "articles" not in stage.texts()["t"]
    reasons = {found.difference.code: found.refusal.reason for found in report.findings if found.refusal}
    assert "to_tsvector" in reasons["table-missing"]
    assert reasons["foreign-key-missing"].startswith("waits for table articles, which cannot be provided: ")
    assert "to_tsvector" in reasons["foreign-key-missing"]


def test_tables_that_are_created_together_refer_to_each_other_and_to_themselves(stage: Stage) -> None:
    metadata = MetaData()
    for name, other in (("a", "b"), ("b", "a")):
        own, up = Column("id", Integer, primary_key=True), Column("up", Integer, ForeignKey(f"{name}.id"))
        Table(
            name, metadata, own, up, Column("other", ForeignKey(f"{other}.code")), Column("code", Integer, unique=True)
        )
    report, _ = applied(stage, metadata)
    assert report.satisfied
    assert failures(stage.path, ["INSERT INTO a (code) VALUES (1)", "DELETE FROM b"]) == {}


def test_of_tables_in_a_circle_only_what_leads_to_the_refused_one_waits(stage: Stage) -> None:
    metadata = MetaData()
    Table("a", metadata, Column("id", Integer, primary_key=True), Column("b", ForeignKey("b.id")))
    more = Column("a", Integer, ForeignKey("a.id")), Column("c", Integer, ForeignKey("c.id"))
    Table("b", metadata, Column("id", Integer, primary_key=True), *more)
    Table("c", metadata, Column("id", Integer, primary_key=True), Column("title", String), REFUSED._copy())
    report, _ = applied(stage, metadata)
    assert keys(report) == {"table-missing c", "foreign-key-missing b.fk(c) to c"}
    assert failures(stage.path, ["INSERT INTO a (b) VALUES (NULL)", "INSERT INTO b (c) VALUES (1)"]) == {}


def test_a_table_that_refers_to_itself_waits_for_its_own_key(stage: Stage) -> None:
    stage.script(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, code INT, up INT); INSERT INTO t VALUES (1, 5, NULL), (2, 5, 5)"
    )
    metadata = MetaData()
    columns = Column("code", Integer, unique=True), Column("up", Integer, ForeignKey("t.code"))
    Table("t", metadata, Column("id", Integer, primary_key=True), *columns)
    statements = ["INSERT INTO t (code) VALUES (7)", "UPDATE t SET up = NULL", "DELETE FROM t"]
    report, done = applied(stage, metadata, statements)
    assert done == []
    stage.script("UPDATE t SET code = 6 WHERE id = 1")
    report, _ = applied(stage, metadata, statements)
    assert report.satisfied, keys(report)


@pytest.mark.parametrize("target", ["new.code", "t.code"])
def test_a_new_table_comes_without_a_reference_to_what_is_no_key_of_a_new_table(stage: Stage, target: str) -> None:
    metadata = MetaData()
    Table("new", metadata, Column("id", Integer, primary_key=True), Column("code", Integer))
    columns = Column("code", Integer), Column("up", Integer, ForeignKey(target))
    Table("t", metadata, Column("id", Integer, primary_key=True), *columns)
    report, _ = applied(stage, metadata, ["SELECT 1"])
    (finding,) = report.findings
    assert finding.refusal is not None
    assert finding.refusal.reason.startswith(f"waits for unique {target.partition('.')[0]}(code), which cannot be")
    statements = [
        "INSERT INTO t (up) VALUES (1)",
        "INSERT INTO new (code) VALUES (1)",
        "DELETE FROM t",
        "DELETE FROM new",
    ]
    assert failures(stage.path, statements) == {}
    stage.script(finding.refusal.advice[0])
    report = Guard(metadata).apply(stage.engine)  # of the index the models know nothing, which may be worth a word
    assert "foreign-key-missing" not in {found.difference.code for found in report.findings}
    assert "REFERENCES" in stage.texts()["t"]
