"""What is done about each kind of difference on SQLite, with rows and without, and what is refused with which words."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.schema import SchemaItem

from schema_guard.dialects.sqlite.session import SQLiteSession
from schema_guard.errors import StepError
from schema_guard.guard import Guard
from schema_guard.report import Outcome
from schema_guard.sources.sqlalchemy.backfills import Backfill
from tests.sqlite.stage import Stage, keys, outcomes, refused, starting, statements


def models(*items: SchemaItem, name: str = "t") -> MetaData:
    metadata = MetaData()
    Table(name, metadata, Column("id", Integer, primary_key=True), *items)
    return metadata


BARE = "CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL); INSERT INTO t VALUES (1), (2)"


@pytest.mark.parametrize(
    "column",
    [
        Column("c", String(64)),
        Column("c", String(64), index=True),
        Column("c", Integer, nullable=False, server_default="5"),
        Column("c", Boolean, nullable=False, server_default=text("false")),
        Column("c", JSON, server_default=text("'{}'")),
        Column("c", ForeignKey("t.id", name="fk", ondelete="CASCADE")),
    ],
)
def test_a_column_that_alter_table_adds(stage: Stage, column: Column[object]) -> None:
    stage.script(BARE)
    metadata = models(column)
    assert not starting("DROP TABLE", statements(stage.plan(metadata)))
    stage.satisfied(metadata)
    assert stage.rows("SELECT id FROM t") == [(1,), (2,)]


@pytest.mark.parametrize(
    "column",
    [
        Column("c", DateTime, server_default=func.now()),
        Column("c", DateTime, nullable=False, server_default=text("(datetime('now'))")),
        Column("c", ForeignKey("t.id"), server_default="1"),
    ],
)
def test_a_column_that_only_a_rebuild_adds(stage: Stage, column: Column[object]) -> None:
    stage.script(BARE)
    stage.satisfied(models(column))
    assert None not in [value for (value,) in stage.rows("SELECT c FROM t")]


@pytest.mark.parametrize("default", [None, func.now(), text("(random())"), "7"])
def test_any_column_is_added_to_an_empty_table(stage: Stage, default: object) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    stage.satisfied(models(Column("c", String, nullable=False, server_default=default, unique=True)))  # type: ignore[arg-type]


def test_not_null_without_a_value_is_added_nullable_and_tightened_later(stage: Stage) -> None:
    stage.script(BARE)
    metadata = models(Column("c", String, nullable=False))
    report = stage.apply(metadata)
    assert "nullability-differs t.c" in keys(report)
    refusal = next(finding.refusal for finding in report.findings if finding.refusal)
    assert "2 rows hold NULL (keys 1 and 2)" in refusal.reason
    stage.script("UPDATE t SET c = 'known'")
    stage.satisfied(metadata)
    assert "c VARCHAR NOT NULL" in stage.texts()["t"]


def test_a_constant_default_fills_old_rows_only_when_declared(stage: Stage) -> None:
    stage.script(BARE)
    metadata = models(Column("c", Boolean, nullable=False, default=False))
    assert not starting("UPDATE", statements(stage.plan(metadata)))
    stage.satisfied(metadata, fill_constant_defaults=True)
    assert stage.rows("SELECT c FROM t") == [(0,), (0,)]
    assert "c BOOLEAN NOT NULL" in stage.texts()["t"]


def test_a_primary_key_column_that_is_missing_takes_the_rowid(stage: Stage) -> None:
    stage.script("CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (3, 'x'), (8, 'y')")
    stage.satisfied(models(Column("a", String)))
    assert stage.rows("SELECT id, a FROM t") == [(3, "x"), (8, "y")]


def test_a_primary_key_is_added_where_rows_have_one(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER, a TEXT); INSERT INTO t VALUES (5, 'x'), (9, 'y')")
    stage.satisfied(models(Column("a", String)))
    stage.script("INSERT INTO t (a) VALUES ('z')")
    assert stage.rows("SELECT * FROM t") == [(5, "x"), (9, "y"), (10, "z")]


def test_a_primary_key_that_rows_violate_is_refused(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (5), (5)")
    reasons = refused(stage.plan(models()))
    assert "2 rows violate it" in reasons["primary-key-differs t"]


def test_another_primary_key_with_rows_is_refused_and_without_is_made(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER NOT NULL, k INT PRIMARY KEY); INSERT INTO t VALUES (1, 2)")
    assert "told apart by (k)" in refused(stage.plan(models(Column("k", Integer))))["primary-key-differs t"]
    stage.script("DELETE FROM t")
    stage.satisfied(models(Column("k", Integer)))


def test_what_stands_on_a_column_that_cannot_be_added_is_refused_with_it(stage: Stage) -> None:
    """Each would fail: no such column."""
    stage.script("CREATE TABLE t (email TEXT PRIMARY KEY NOT NULL); INSERT INTO t VALUES ('a')")
    metadata = MetaData()
    table = Table(
        "t",
        metadata,
        Column("id", String(36), ForeignKey("t.email"), primary_key=True, index=True, unique=True),
        Column("email", String, nullable=False),
        CheckConstraint("id <> email", name="ck"),
    )
    Index("ix_upper", func.upper(table.c.id))
    Index("ix_some", table.c.email, sqlite_where=table.c.id > "a")
    plan = stage.plan(metadata)
    reasons = refused(plan)
    assert plan.empty
    assert set(reasons) > {"index-missing t.ix_t_id", "index-missing t.ix_upper", "index-missing t.ix_some"}
    lost = f"waits for column t.id, which cannot be provided: {reasons['column-missing t.id']}"
    waiting = {key for key, reason in reasons.items() if reason == lost}
    assert reasons.keys() - waiting == {"column-missing t.id", "primary-key-differs t"}


def test_int_primary_key_becomes_the_rowid(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INT PRIMARY KEY, a TEXT); INSERT INTO t VALUES (5, 'x')")
    stage.satisfied(models(Column("a", String)))
    stage.script("INSERT INTO t (a) VALUES ('y')")
    assert stage.rows("SELECT * FROM t") == [(5, "x"), (6, "y")]


def test_a_big_integer_key_is_refused_with_the_variant(stage: Stage) -> None:
    metadata = MetaData()
    Table("t", metadata, Column("id", BigInteger, primary_key=True))
    metadata.create_all(stage.engine)
    reasons = refused(stage.plan(metadata))
    assert all("with_variant" in reason for reason in reasons.values())


def test_unique_becomes_a_unique_index(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES (1, 'x', 'y')")
    metadata = models(Column("a", String, unique=True), Column("b", String), UniqueConstraint("a", "b", name="uq"))
    stage.satisfied(metadata)
    assert {"uq", "uq_t_a"} <= set(stage.texts())


def test_violators_are_counted_and_shown_and_the_rest_goes_on(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, p_id INT, n INT);
        INSERT INTO t VALUES (1, 'x', 7, 1), (2, 'x', NULL, -1), (3, NULL, NULL, NULL);"""
    )
    metadata = models(
        Column("a", String, nullable=False, unique=True),
        Column("p_id", ForeignKey("p.id")),
        Column("n", Integer),
        Column("fresh", String),
        CheckConstraint("n > 0", name="positive"),
    )
    Table("p", metadata, Column("id", Integer, primary_key=True))
    reasons = refused(stage.plan(metadata))
    assert reasons["check-missing t.positive"].startswith("1 row violates it (key 2)")
    assert reasons["foreign-key-missing t.fk(p_id) to p"].startswith("1 row violates it (key 1)")
    assert reasons["unique-missing t.unique(a)"].startswith("2 rows violate it")
    assert reasons["nullability-differs t.a"].startswith("1 row holds NULL (key 3)")
    stage.apply(metadata)
    assert stage.value("SELECT count(*) FROM pragma_table_info('t') WHERE name = 'fresh'") == 1


def test_names_that_are_held_are_refused(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b INT, CONSTRAINT ck CHECK (a > 1));
        CREATE INDEX ix ON t (b); CREATE TABLE other (x); CREATE INDEX ix2 ON other (x); CREATE VIEW view AS SELECT 1"""
    )
    metadata = models(
        Column("a", Integer),
        Column("b", Integer),
        CheckConstraint("a > 2", name="ck"),
        Index("ix", "a"),
        Index("ix2", "a", "b"),
    )
    reasons = refused(stage.plan(metadata))
    assert reasons.pop("object-unknown t.ck:CHECK").startswith("the models don't know it")
    assert set(reasons) == {"check-missing t.ck", "index-missing t.ix", "index-missing t.ix2"}
    assert all("held by" in reason for reason in reasons.values())


def test_a_foreign_key_to_what_is_no_key_is_refused(stage: Stage) -> None:
    stage.script("CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT); CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT)")
    metadata = MetaData()
    Table("p", metadata, Column("id", Integer, primary_key=True), Column("code", String))
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("c", ForeignKey("p.code")))
    assert "every write would fail" in refused(stage.plan(metadata))["foreign-key-missing t.fk(c) to p"]


def test_a_new_table_does_without_a_foreign_key_to_what_is_no_key(stage: Stage) -> None:
    """With it, the DELETE below would fail: foreign key mismatch - "t" referencing "p"."""
    stage.script("CREATE TABLE p (code TEXT PRIMARY KEY NOT NULL, id INT NOT NULL); INSERT INTO p VALUES ('a', 1)")
    metadata = MetaData()
    Table("p", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("code", String))
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("p_id", ForeignKey("p.id", name="fk_p", ondelete="CASCADE", deferrable=True, initially="DEFERRED")),
        Column("up_id", ForeignKey("t.id")),
    )
    stage.apply(metadata)
    with stage.engine.begin() as connection:
        connection.execute(text("INSERT INTO t (p_id) VALUES (1)"))
        connection.execute(text("DELETE FROM p"))
    assert "p_id INTEGER, \n\tup_id INTEGER, \n\tPRIMARY KEY (id)" in stage.texts()["t"]
    assert "REFERENCES t (id)" in stage.texts()["t"]
    stage.script("DELETE FROM t")
    stage.satisfied(metadata)  # without rows, the key can be changed, and the foreign key follows


@pytest.mark.parametrize("rows", ["", "INSERT INTO p (id, code) VALUES (1, 'a'), (2, 'b')"])
def test_a_new_table_has_a_foreign_key_to_what_becomes_a_key(stage: Stage, rows: str) -> None:
    stage.script(f"CREATE TABLE p (id INTEGER, code TEXT); {rows}")
    metadata = MetaData()
    Table("p", metadata, Column("id", Integer, primary_key=True), Column("code", String, unique=True))
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("p_id", ForeignKey("p.id")),
        Column("code", ForeignKey("p.code")),
    )
    created = next(step for step in stage.plan(metadata).steps if step.id == "create table t")
    assert created.statements[0].count("REFERENCES") == 2
    stage.satisfied(metadata)


def test_a_foreign_key_waits_for_its_target(stage: Stage) -> None:
    stage.script(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT); CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT, q INT)"
    )
    metadata = MetaData()
    Table("p", metadata, Column("id", Integer, primary_key=True), Column("code", String, unique=True))
    Table("q", metadata, Column("id", Integer, primary_key=True))
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("c", ForeignKey("p.code")),
        Column("q", ForeignKey("q.id")),
    )
    stage.satisfied(metadata)


def test_foreign_key_actions_are_a_persons_decision(stage: Stage) -> None:
    """They are left as they are; the statements that would change them are the advice, and do."""
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, up INT CONSTRAINT old REFERENCES t ON DELETE CASCADE NOT NULL);
        INSERT INTO t VALUES (1, 1)"""
    )
    metadata = models(Column("up", ForeignKey("t.id", ondelete="SET NULL"), nullable=False))
    plan = stage.plan(metadata)
    assert plan.empty
    assert refused(plan).keys() == {"foreign-key-differs t.old"}
    stage.script("".join(plan.refusals[0].advice))
    assert "ON DELETE SET NULL" in stage.texts()["t"]
    assert "CASCADE" not in stage.texts()["t"]
    assert stage.plan(metadata).refusals == ()


def test_affinities(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, money TEXT, code INTEGER, at TEXT, data BLOB);
        INSERT INTO t VALUES (1, '1.5', 7, '2024-01-01 00:00:00', '{}')"""
    )
    metadata = models(
        Column("money", Numeric(10, 2)), Column("code", String), Column("at", DateTime), Column("data", JSON)
    )
    plan = stage.plan(metadata)
    impacts = {difference.object: difference.impact.name for difference in plan.differences}
    assert impacts == {"t.money": "BREAKS", "t.code": "WEAKENS", "t.at": "NOTES", "t.data": "NOTES"}
    assert set(refused(plan)) == {"type-differs t.money", "rows-unreadable t.money", "type-differs t.code"}
    stage.script("DELETE FROM t")
    stage.satisfied(metadata)


def test_a_column_of_somebody_elses_gets_only_advice(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, theirs TEXT NOT NULL); INSERT INTO t VALUES (1, 'x')")
    plan = stage.plan(models())
    assert plan.empty
    advice = plan.refusals[0].advice
    assert any("theirs TEXT)" in statement for statement in advice)
    stage.script(";\n".join(advice))
    assert stage.plan(models()).refusals == ()
    assert stage.rows("SELECT * FROM t") == [(1, "x")]


def test_defaults_and_collations(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT ('old') UNIQUE);
        INSERT INTO t VALUES (1, 'x', 'y')"""
    )
    stage.satisfied(
        models(
            Column("a", String(collation="NOCASE"), server_default=func.lower("A")),
            Column("b", String, nullable=False, server_default="new", unique=True),
        )
    )
    assert "a TEXT DEFAULT (lower('A')) COLLATE" in stage.texts()["t"]
    assert "b TEXT DEFAULT 'new' NOT NULL UNIQUE" in stage.texts()["t"]


COLLIDING = """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT NOT NULL);
    INSERT INTO t VALUES (1, 'x', 'b'), (2, 'X', 'b'), (3, NULL, 'b'), (4, NULL, 'b')"""


def test_a_collation_under_which_rows_are_alike_is_refused_alone(stage: Stage) -> None:
    stage.script(COLLIDING)
    metadata = models(Column("a", String(collation="NOCASE"), unique=True), Column("b", String))
    report = stage.apply(metadata)
    assert keys(report) == {"collation-differs t.a"}
    assert "b TEXT)" in stage.texts()["t"]
    assert stage.rows("SELECT a FROM t ORDER BY id") == [("x",), ("X",), (None,), (None,)]
    stage.script("UPDATE t SET a = 'y' WHERE id = 2")
    stage.satisfied(metadata)
    assert "NOCASE" in stage.texts()["t"]


def test_rows_that_come_to_be_alike_after_the_plan_stop_the_rebuild(stage: Stage) -> None:
    stage.script(COLLIDING)
    stage.script("UPDATE t SET a = 'y' WHERE id = 2")
    step = stage.plan(models(Column("a", String(collation="NOCASE"), unique=True), Column("b", String))).steps[-1]
    stage.script("UPDATE t SET a = 'X' WHERE id = 2")
    before = stage.texts(), stage.rows("SELECT * FROM t")
    session = SQLiteSession(stage.engine)
    with pytest.raises(StepError, match="UNIQUE constraint failed"):
        session.execute(step, 1.0, 5.0, lambda _: None)
    session.close()
    assert (stage.texts(), stage.rows("SELECT * FROM t")) == before


def test_a_collation_that_would_part_a_child_from_its_row_is_refused(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE);
        CREATE TABLE child (a TEXT REFERENCES t (a));
        INSERT INTO t VALUES (1, 'x'); INSERT INTO child VALUES ('X')"""
    )
    plan = stage.plan(models(Column("a", String(collation="BINARY"), unique=True)))
    assert plan.empty
    assert refused(plan).keys() == {"collation-differs t.a"}


def test_a_key_that_is_missing_and_has_another_type_is_made_in_one_round(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INT, a TEXT); INSERT INTO t VALUES (7, 'x')")
    metadata = models(Column("a", String))
    shown = statements(stage.plan(metadata))
    report = stage.satisfied(metadata)
    assert [text for result in report.results for text in result.statements] == shown
    stage.script("INSERT INTO t (a) VALUES ('y')")
    assert stage.rows("SELECT id FROM t") == [(7,), (8,)]


def test_not_null_follows_a_backfill_in_the_same_plan(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE p (id INTEGER PRIMARY KEY, owner INT); INSERT INTO p VALUES (1, 9);
        CREATE TABLE t (id INTEGER PRIMARY KEY, p_id INT); INSERT INTO t VALUES (1, 1), (2, 1)"""
    )
    metadata = models(Column("p_id", Integer), Column("owner", Integer, nullable=False))
    parent = Table("p", metadata, Column("id", Integer, primary_key=True), Column("owner", Integer))
    child = metadata.tables["t"]
    guard = Guard(
        metadata, backfills=[Backfill(child, {child.c.owner: parent.c.owner}, on=child.c.p_id == parent.c.id)]
    )
    assert [step.id for step in guard.plan(stage.engine).steps][-1] == "rebuild t once the rows allow it"
    assert guard.apply(stage.engine).satisfied
    assert "owner INTEGER NOT NULL" in stage.texts()["t"]
    assert stage.rows("SELECT owner FROM t") == [(9,), (9,)]


def test_views_and_virtual_tables_under_a_models_name(stage: Stage) -> None:
    stage.script(
        """CREATE VIEW t AS SELECT 1 AS id; CREATE VIRTUAL TABLE ft USING fts5(a);
        CREATE VIEW broken AS SELECT * FROM gone"""
    )
    metadata = models(Column("missing", String))
    Table("ft", metadata, Column("a", String, primary_key=True))
    Table("broken", metadata, Column("a", String, primary_key=True))
    plan = stage.plan(metadata)
    assert plan.empty
    # what is said of the broken one is one finding; ft is written as a table
    assert set(refused(plan)) == {"column-missing t.missing", "relation-differs t", "relation-differs broken"}


def test_other_peoples_tables_are_noted_once(stage: Stage) -> None:
    stage.script("CREATE TABLE theirs (a INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIRTUAL TABLE ft USING fts5(a)")
    unknown = [difference.object for difference in stage.plan(MetaData()).differences]
    assert unknown == ["theirs", "ft"]


def test_names_are_compared_as_sqlite_compares_them(stage: Stage) -> None:
    stage.script(
        "CREATE TABLE Users (ID INTEGER PRIMARY KEY NOT NULL, EMail VARCHAR NOT NULL); CREATE INDEX I ON USERS (EMAIL)"
    )
    metadata = models(
        Column("email", String), Column("Next", ForeignKey("users.id")), Index("i", "email"), name="users"
    )
    stage.satisfied(metadata)
    assert "Users" in stage.texts()


def test_comments_are_nothing_to_sqlite(stage: Stage) -> None:
    metadata = models(Column("a", String, comment="what it is"))
    metadata.tables["t"].comment = "a table"
    metadata.create_all(stage.engine)
    assert stage.plan(metadata).differences == ()


def test_backfills_fill_and_what_depends_on_them_follows(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE p (id INTEGER PRIMARY KEY NOT NULL, owner INT);
        CREATE TABLE c (id INTEGER PRIMARY KEY NOT NULL, p_id INT);
        INSERT INTO p VALUES (1, 11), (2, 22);
        INSERT INTO c VALUES (5, 1), (6, 2)"""
    )
    metadata = MetaData()
    parents = Table("p", metadata, Column("id", Integer, primary_key=True), Column("owner", Integer))
    children = Table(
        "c",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("p_id", Integer),
        Column("owner", Integer, nullable=False),
    )
    backfill = Backfill(children, {children.c.owner: parents.c.owner}, on=children.c.p_id == parents.c.id)
    report = Guard(metadata, backfills=[backfill]).apply(stage.engine)
    assert report.satisfied, keys(report)
    assert stage.rows("SELECT * FROM c") == [(5, 1, 11), (6, 2, 22)]
    assert "owner INTEGER NOT NULL" in stage.texts()["c"]
    assert set(outcomes(report)) == {Outcome.DONE}
