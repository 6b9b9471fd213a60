"""A constraint of a table that inherits, or of a partition, with which PostgreSQL does not merge what the models ask of
the parent: said before it is tried, with the statement that makes room for it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact, Policy
from schema_guard.dialects.postgresql.repair.naming import helper_name
from schema_guard.plan import Lock
from tests.postgres.database import Database
from tests.postgresql.repair.stage import locks_taken

CHECKS = {
    "of another column": "CREATE TABLE child (y int, CONSTRAINT ck CHECK (y > 0)) INHERITS (parent)",
    "two tables below": "CREATE TABLE mid () INHERITS (parent);"
    " CREATE TABLE child (y int, CONSTRAINT ck CHECK (y > 0)) INHERITS (mid)",
    "not for those below": "CREATE TABLE child (CONSTRAINT ck CHECK (x > 0) NO INHERIT) INHERITS (parent)",
    "another kind": "CREATE TABLE child (y int, CONSTRAINT ck UNIQUE (y)) INHERITS (parent)",
}
MERGED = {
    "as it is": "CREATE TABLE child (CONSTRAINT ck CHECK (x > 0)) INHERITS (parent)",
    "in other words": "CREATE TABLE child (CONSTRAINT ck CHECK (((x)) > (0)::integer)) INHERITS (parent)",
    "not validated": "CREATE TABLE child () INHERITS (parent);"
    " ALTER TABLE child ADD CONSTRAINT ck CHECK (x > 0) NOT VALID",
}


def models(*items: sa.CheckConstraint, nullable: bool = True) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "parent",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("x", sa.Integer, nullable=nullable),
        *items,
    )
    return metadata


def checked() -> sa.MetaData:
    return models(sa.CheckConstraint("x > 0", name="ck"))


def make(database: Database, child: str) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE parent (id serial PRIMARY KEY, x int)")
        connection.execute(child.encode())
        connection.execute("INSERT INTO child (x) VALUES (8)")


def assert_refused(database: Database, guard: Guard, reason: str) -> None:
    """Nothing is tried, and the advice makes it possible."""
    plan = guard.plan(database.url)
    assert not plan.steps
    (refusal,) = plan.refusals
    assert refusal.reason.startswith(reason)
    (statement,) = refusal.advice
    with database.connect() as connection:
        connection.execute(statement.encode())
    assert guard.apply(database.url).satisfied
    assert guard.plan(database.url).empty
    with database.connect() as connection:
        assert connection.execute("SELECT id, x FROM child").fetchall() == [(1, 8)]


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", CHECKS)
def test_another_constraint_of_that_name(child: str, postgres_database: Database) -> None:
    make(postgres_database, CHECKS[child])
    said = "public.child inherits from it, and has another constraint of that name: "
    assert_refused(postgres_database, Guard(checked()), said)


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", MERGED)
def test_the_same_check(child: str, postgres_database: Database) -> None:
    make(postgres_database, MERGED[child])
    guard = Guard(checked())
    assert guard.apply(postgres_database.url).satisfied
    assert guard.plan(postgres_database.url).empty


@pytest.mark.every_postgres
def test_of_a_partition(postgres_database: Database) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "parent",
        metadata,
        sa.Column("x", sa.Integer, primary_key=True, autoincrement=False),
        sa.CheckConstraint("x > 0", name="ck"),
        postgresql_partition_by="LIST (x)",
    )
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE parent (x int PRIMARY KEY) PARTITION BY LIST (x)")
        connection.execute("CREATE TABLE child PARTITION OF parent (CONSTRAINT ck CHECK (x < 9)) DEFAULT")
        guard = Guard(metadata)
        (refusal,) = guard.plan(postgres_database.url).refusals
        assert refusal.reason.startswith("public.child is a partition of it, and has another constraint of that name")
        connection.execute(refusal.advice[0].encode())
    assert guard.apply(postgres_database.url).satisfied


@pytest.mark.newest_postgres
def test_not_null_that_is_not_inherited(postgres_database: Database) -> None:
    """PostgreSQL 18 and later."""
    make(postgres_database, "CREATE TABLE child (CONSTRAINT held NOT NULL x NO INHERIT) INHERITS (parent)")
    said = "public.child inherits from it, and has NOT NULL x NO INHERIT"
    assert_refused(postgres_database, Guard(models(nullable=False)), said)


HELPERS = {
    "another CHECK": "CREATE TABLE child (CONSTRAINT {name} CHECK (x > 0)) INHERITS (parent)",
    "not for those below": "CREATE TABLE child (CONSTRAINT {name} CHECK (x IS NOT NULL) NO INHERIT) INHERITS (parent)",
    "on the table itself": "ALTER TABLE parent ADD CONSTRAINT {name} CHECK (x > 0);"
    " CREATE TABLE child () INHERITS (parent)",
}
LEFT = {
    "left on the table below": "CREATE TABLE child (CONSTRAINT {name} CHECK (x IS NOT NULL)) INHERITS (parent)",
    "left there and not validated": "CREATE TABLE child () INHERITS (parent);"
    " ALTER TABLE child ADD CONSTRAINT {name} CHECK (x IS NOT NULL) NOT VALID",
}
"""By what has the name of the guard's own helper constraint, which it needs before PostgreSQL 18."""


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", [*HELPERS, *LEFT])
def test_the_name_of_the_helper_is_held(child: str, postgres_database: Database) -> None:
    make(postgres_database, (HELPERS | LEFT)[child].format(name=helper_name("x")))
    with postgres_database.connect() as connection:
        checks = connection.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'c'").fetchall()
    guard = Guard(models(nullable=False))
    if child in HELPERS and int(postgres_database.server.version.partition(".")[0]) < 18:
        (refusal,) = [
            each for each in guard.plan(postgres_database.url).refusals if each.difference.object == "parent.x"
        ]
        assert refusal.reason.startswith(f"its helper constraint {helper_name('x')} cannot be added: ")
        with postgres_database.connect() as connection:
            connection.execute(refusal.advice[0].encode())
    report = guard.apply(postgres_database.url)
    assert {result.outcome.name for result in report.results or ()} == {"DONE"}, report.results
    assert guard.plan(postgres_database.url).empty
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT id, x FROM child").fetchall() == [(1, 8)]
        if child in HELPERS:  # what is not the guard's own stays
            assert connection.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'c'").fetchall() == checks


TAKEN = {
    "a CHECK": "CREATE TABLE child (y int, CONSTRAINT {name} CHECK (y > 0)) INHERITS (parent)",
    "a UNIQUE": "CREATE TABLE child (y int, CONSTRAINT {name} UNIQUE (y)) INHERITS (parent)",
    "two tables below, in another schema": "CREATE SCHEMA other; CREATE TABLE other.mid () INHERITS (parent);"
    " CREATE TABLE other.child (y int, CONSTRAINT {name} CHECK (y > 0)) INHERITS (other.mid); CREATE VIEW child AS"
    " TABLE other.child",
}
"""What has a name below already that PostgreSQL would choose for the constraint above."""


@pytest.mark.every_postgres
@pytest.mark.parametrize("child", TAKEN)
def test_a_name_that_is_chosen_is_free_below(child: str, postgres_database: Database) -> None:
    for name, wanted in (
        ("parent_x_not_null", models(nullable=False)),
        ("parent_check", models(sa.CheckConstraint("x > 0"))),
    ):
        with postgres_database.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS parent CASCADE; DROP SCHEMA IF EXISTS other CASCADE")
        make(postgres_database, TAKEN[child].format(name=name))
        guard = Guard(wanted)
        assert guard.apply(postgres_database.url).satisfied
        assert guard.plan(postgres_database.url).empty


COLUMN = {
    "without NOT NULL": ("CREATE TABLE child (v int) INHERITS (parent); INSERT INTO child (v) VALUES (8)", ()),
    "with NULL": ("CREATE TABLE child (v int) INHERITS (parent); INSERT INTO child (v) VALUES (NULL)", ("1 row",)),
    "with NOT NULL": ("CREATE TABLE child (v int NOT NULL) INHERITS (parent); INSERT INTO child (v) VALUES (8)", ()),
}
OF_18 = {
    "NO INHERIT": (
        "CREATE TABLE child (v int, CONSTRAINT own NOT NULL v NO INHERIT) INHERITS (parent);"
        " INSERT INTO child (v) VALUES (8)",
        ("public.child inherits from it, and has NOT NULL v NO INHERIT",),
    )
}


@pytest.mark.every_postgres
@pytest.mark.parametrize("default", [None, "3", "(random() * 9)::int"])
@pytest.mark.parametrize("child", [*COLUMN, *OF_18])
def test_a_column_that_those_below_have(child: str, default: str | None, postgres_database: Database) -> None:
    """It is there after the first step whatever they hold; NOT NULL comes once nothing is in its way."""
    if child in OF_18 and int(postgres_database.server.version.partition(".")[0]) < 18:
        pytest.skip("there is no NOT NULL with NO INHERIT before PostgreSQL 18")
    made, refused = (COLUMN | OF_18)[child]
    metadata = models()
    server_default = None if default is None else sa.text(default)
    metadata.tables["parent"].append_column(sa.Column("v", sa.Integer, nullable=False, server_default=server_default))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE parent (id serial PRIMARY KEY, x int)")
        connection.execute(made.encode())
        if default == "3":
            connection.execute("INSERT INTO parent DEFAULT VALUES")
        held = connection.execute("SELECT id, v FROM child").fetchall()
        guard = Guard(metadata)
        report = guard.apply(postgres_database.url)
        assert {result.outcome.name for result in report.results or ()} == {"DONE"}, report.results
        assert report.plan is not None
        assert connection.execute("SELECT id, v FROM child").fetchall() == held
        if default == "3":
            assert connection.execute("SELECT v FROM ONLY parent").fetchall() == [(3,)]
        if refused:
            (refusal,) = guard.plan(postgres_database.url).refusals
            assert refusal.reason.startswith(refused)
        else:
            assert guard.plan(postgres_database.url).empty
            assert guard.check(postgres_database.url).satisfied


@pytest.mark.every_postgres
def test_a_foreign_key_that_a_partition_has(postgres_database: Database) -> None:
    """PostgreSQL makes it part of the one above, for which it locks the other table: said before."""
    metadata = sa.MetaData()
    sa.Table("target", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "top",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("target_id", sa.ForeignKey("target.id")),
        postgresql_partition_by="LIST (id)",
    )
    with postgres_database.connect() as connection:
        connection.execute(
            "CREATE TABLE target (id serial PRIMARY KEY); CREATE TABLE top (id serial PRIMARY KEY, target_id int)"
            " PARTITION BY LIST (id); CREATE TABLE low PARTITION OF top (FOREIGN KEY (target_id) REFERENCES target)"
            " DEFAULT; INSERT INTO target DEFAULT VALUES; INSERT INTO top (target_id) VALUES (1)"
        )
    guard = Guard(metadata, policy=Policy(rewrite_below=10))
    step = guard.plan(postgres_database.url).steps[0]
    declared = {locked.relation.name: locked.lock for locked in step.locks if locked.relation is not None}
    taken = {name.name: lock for name, lock in locks_taken(postgres_database, step).items()}
    assert taken["target"] is Lock.ACCESS_EXCLUSIVE
    assert all(declared[name] >= lock for name, lock in taken.items() if lock > Lock.ACCESS_SHARE), taken
    assert guard.apply(postgres_database.url).satisfied
    assert guard.plan(postgres_database.url).empty
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT id, target_id FROM top").fetchall() == [(1, 1)]


@pytest.mark.every_postgres
def test_not_null_of_a_partitioned_partition(postgres_database: Database) -> None:
    """It is dropped where it stands, not on the partitions below, which cannot be without it."""
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("top", metadata, key, sa.Column("x", sa.Integer), postgresql_partition_by="RANGE (id)")
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE top (id serial PRIMARY KEY, x int) PARTITION BY RANGE (id)")
        connection.execute("CREATE TABLE mid PARTITION OF top DEFAULT PARTITION BY RANGE (id)")
        connection.execute("CREATE TABLE a_low PARTITION OF mid DEFAULT; ALTER TABLE mid ALTER x SET NOT NULL")
        guard = Guard(metadata)
        (finding,) = guard.check(postgres_database.url).findings
        assert finding.difference.impact is Impact.BREAKS
        (refusal,) = guard.plan(postgres_database.url).refusals
        assert refusal.advice == ("ALTER TABLE public.mid ALTER COLUMN x DROP NOT NULL;",)
        connection.execute(refusal.advice[0].encode())
        assert guard.check(postgres_database.url).satisfied
        connection.execute("INSERT INTO top DEFAULT VALUES")
