"""A database is known by the digests of its tables only where a whole check finds nothing at all."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Policy
from schema_guard.dialects.deadline import LAST
from schema_guard.dialects.postgresql.exact.look import ANSWER
from tests.exactly import has_digests, is_exact, text_for
from tests.postgres.database import Database
from tests.postgresql.remembering.test_never_falsely import CATALOG, ROWS, metadata, metadata_again, run

TEXT = text_for(Guard(metadata))
NO_DIFFERENCE = {
    "a constraint is renamed",
    "a policy",
    "a right is taken",
    "a right on a column",
    "a right on the schema",
    "a comment",
    "a function",
    "another time zone",
    "the catalog is written anew",
}
"""Of what changes the catalog: that after which a check says the same. A superuser needs no right, and a policy does
nothing while row-level security is off."""


@pytest.fixture
def made(postgres_database: Database) -> Database:
    engine = sa.create_engine(postgres_database.url)
    metadata.create_all(engine)
    engine.dispose()
    return postgres_database


def finds_nothing(database: Database) -> bool:
    report = Guard(metadata).check(database.url)
    return not (report.findings or report.warnings or report.left_out)


def test_the_catalog(made: Database) -> None:
    """Each change that a check tells of leads to a whole check; after it is undone none is needed."""
    known = set()
    changes = {what: change for what, change in CATALOG.items() if "remembered" not in "".join((what, *change))}
    assert is_exact(TEXT, made.url)
    for what, (change, undo) in changes.items():
        run(made, change)
        if is_exact(TEXT, made.url):
            known.add(what)
            assert finds_nothing(made), what
        run(made, undo)
        if not finds_nothing(made):
            metadata_again(made)
        assert is_exact(TEXT, made.url), what
    assert known == NO_DIFFERENCE


@pytest.mark.parametrize("what", ROWS)
def test_rows_and_sequences(made: Database, what: str) -> None:
    assert is_exact(TEXT, made.url)
    run(made, ROWS[what])
    assert not is_exact(TEXT, made.url)


def test_what_changes_nothing(made: Database) -> None:
    run(
        made,
        "INSERT INTO users (name) SELECT 'a' FROM generate_series(1, 2000); DELETE FROM users WHERE id > 1900"
        "; ANALYZE; VACUUM; SELECT setval('users_id_seq', 5000)"
        "; CREATE TABLE alembic_version (version_num varchar(32))",
    )
    assert is_exact(TEXT, made.url)
    assert finds_nothing(made)


def test_another_role_and_another_path(made: Database) -> None:
    """A role without rights is told of; another schema that comes first in the search_path is where tables are made."""
    role = f"r_{made.name}"
    run(made, f"CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE ON users, orders TO {role}")
    try:
        url = made.server.url(made.name, user=role)
        assert not is_exact(TEXT, url)
        run(made, f"GRANT DELETE ON users, orders TO {role}")
        assert not is_exact(TEXT, url)
        run(made, f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        assert is_exact(TEXT, url)
        run(made, f"CREATE SCHEMA {role}; GRANT ALL ON SCHEMA {role} TO {role}")
        assert not is_exact(TEXT, url)
    finally:
        run(made, f"DROP OWNED BY {role}; DROP ROLE {role}")


GENERATED = sa.MetaData()
sa.Table(
    "lines",
    GENERATED,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("total", sa.Numeric(12, 2), sa.Computed("price * amount", persisted=True)),
    sa.Column("label", sa.String(20), sa.Computed("upper(word)", persisted=True), nullable=False, index=True),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("amount", sa.Numeric(10, 2), nullable=False),
    sa.Column("word", sa.String(20)),
    sa.CheckConstraint("label <> 'X'", name="ck_label"),
)


TOTAL = "DROP COLUMN total; ALTER TABLE lines ADD total numeric(12, 2)"


@pytest.mark.parametrize(
    ("change", "known"),
    {
        "": True,
        f"{TOTAL} GENERATED ALWAYS AS (amount * price) STORED": False,
        f"{TOTAL} GENERATED ALWAYS AS (price * amount) STORED": True,
        TOTAL: False,
        f"{TOTAL} DEFAULT 0": False,
        "ALTER COLUMN total DROP EXPRESSION": False,
        "ALTER COLUMN label DROP NOT NULL": False,
        "DROP COLUMN amount CASCADE": False,
    }.items(),
)
def test_generated_columns(postgres_database: Database, change: str, known: bool) -> None:
    """By their expressions in normal form, which are written out with casts of varchar."""
    engine = sa.create_engine(postgres_database.url)
    GENERATED.create_all(engine)
    engine.dispose()
    if change:
        run(postgres_database, f"ALTER TABLE lines {change}")
    text, report = text_for(Guard(GENERATED)), Guard(GENERATED).check(postgres_database.url)
    assert has_digests(text)
    assert is_exact(text, postgres_database.url) is known
    assert not (known and (report.findings or report.warnings))


@pytest.mark.newest_postgres
def test_a_virtual_column_is_no_stored_one(postgres_database: Database) -> None:
    """PostgreSQL 18 has them; the check says so in a note."""
    GENERATED.create_all(sa.create_engine(postgres_database.url))
    run(postgres_database, f"ALTER TABLE lines {TOTAL} GENERATED ALWAYS AS (price * amount) VIRTUAL")
    assert Guard(GENERATED).check(postgres_database.url).findings
    assert not is_exact(text_for(Guard(GENERATED)), postgres_database.url)


TYPES = sa.MetaData()
sa.Table(
    "each",
    TYPES,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("moment", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Column("amount", sa.Numeric(12, 4), server_default=sa.text("0")),
    sa.Column("tags", sa.ARRAY(sa.Text)),
    sa.Column("word", sa.String, server_default="it's", index=True),
    sa.Column("mood", sa.Enum("good", "it's", name="Mood"), server_default="good"),
    sa.Column("above", sa.ForeignKey("each.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED")),
    sa.CheckConstraint("word <> '' AND amount BETWEEN 0 AND 9"),
    sa.UniqueConstraint("word", "amount"),
    sa.Index("ix_part", sa.text("word DESC"), unique=True, postgresql_where=sa.text("amount > 0")),
    sa.Index("ix_pair", "word", sa.desc("moment"), postgresql_include=["mood"]),
)


def test_what_is_known_of_columns_and_keys(postgres_database: Database) -> None:
    """Types, defaults, keys and conditions of many kinds; a text that SQL itself writes is an expression."""
    some = sa.MetaData()
    own = TYPES.tables["each"].to_metadata(some)
    own.indexes = {index for index in own.indexes if index.name != "ix_part"}
    sa.Index("ix_part", own.c.word, unique=True, postgresql_where=sa.text("amount > 0"))
    guard, text = Guard(some), text_for(Guard(some))
    engine = sa.create_engine(postgres_database.url)
    some.create_all(engine)
    engine.dispose()
    assert has_digests(text)
    assert not guard.check(postgres_database.url).findings
    assert is_exact(text, postgres_database.url)
    run(postgres_database, 'ALTER TABLE "each" ALTER amount SET DEFAULT 1')
    assert not is_exact(text, postgres_database.url)


def test_comments(postgres_database: Database) -> None:
    """One of the models that is not there, or another one, is found by comparing; one that is there besides is not."""
    models = sa.MetaData()
    columns = sa.Column("id", sa.Integer, primary_key=True, comment="it's a key"), sa.Column("word", sa.Text)
    sa.Table("t", models, *columns, comment="words")
    engine = sa.create_engine(postgres_database.url)
    models.create_all(engine)
    engine.dispose()
    text = text_for(Guard(models))
    for change in ("", "COMMENT ON COLUMN t.word IS 'a word'", "COMMENT ON CONSTRAINT t_pkey ON t IS 'the key'"):
        if change:
            run(postgres_database, change)
        assert is_exact(text, postgres_database.url)
        assert not Guard(models).check(postgres_database.url).findings
    for change, undo in (
        ("COMMENT ON TABLE t IS NULL", "COMMENT ON TABLE t IS 'words'"),
        ("COMMENT ON COLUMN t.id IS 'a key'", "COMMENT ON COLUMN t.id IS 'it''s a key'"),
    ):
        run(postgres_database, change)
        assert not is_exact(text, postgres_database.url)
        assert Guard(models).check(postgres_database.url).findings
        run(postgres_database, undo)
        assert is_exact(text, postgres_database.url)
    run(postgres_database, "COMMENT ON TABLE t IS NULL")
    assert is_exact(text_for(Guard(models, policy=Policy(comments=False))), postgres_database.url)


def test_defaults_that_the_server_writes_in_another_way(postgres_database: Database) -> None:
    """Text that is a number or a truth value; each of another value is told."""
    models = sa.MetaData()
    written = {"a": "0", "b": "1.50", "c": "-1", "d": "0.00"}
    numbers = [sa.Column(name, sa.Numeric(10, 2), server_default=value) for name, value in written.items()]
    truths = [sa.Column(name, sa.Boolean, server_default=name) for name in ("1", "0", "yes", "off", "TRUE", "f")]
    sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True), *numbers, *truths)
    engine = sa.create_engine(postgres_database.url)
    models.create_all(engine)
    text = text_for(Guard(models))
    assert is_exact(text, postgres_database.url)
    assert not Guard(models).check(postgres_database.url).findings
    for change in ("b SET DEFAULT 1.51", "c SET DEFAULT '1'", '"1" SET DEFAULT false', "a DROP DEFAULT"):
        run(postgres_database, f"ALTER TABLE t ALTER {change}")
        assert not is_exact(text, postgres_database.url), change
        assert Guard(models).check(postgres_database.url).findings, change
        models.drop_all(engine)
        models.create_all(engine)
    engine.dispose()


BEYOND: dict[str, Callable[[], sa.Column[Any]]] = {
    "text of an Enum without a CHECK": lambda: sa.Column("x", sa.Enum("a", native_enum=False)),
    "a generated column": lambda: sa.Column("x", sa.Integer, sa.Computed("id + 1")),
    "a collation": lambda: sa.Column("x", sa.String(collation="C")),
    "a type of fixed length": lambda: sa.Column("x", sa.CHAR(3)),
    "a function that the application calls": lambda: sa.Column("x", sa.Integer, default=sa.func.f()),
    "a named sequence": lambda: sa.Column("x", sa.Integer, sa.Sequence("s")),
    "an expression that nothing here reads": lambda: sa.Column("x", sa.Integer, server_default=sa.text("(SELECT 1)")),
}


@pytest.mark.parametrize("what", BEYOND)
def test_what_digests_do_not_tell(what: str) -> None:
    models = sa.MetaData()
    sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True), BEYOND[what]())
    assert not has_digests(text_for(Guard(models)))


def test_a_silent_server_is_not_waited_for() -> None:
    """The whole check waits for it, and says so."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        assert not is_exact(TEXT, f"postgresql+psycopg2://u@127.0.0.1:{silent.getsockname()[1]}/d")
        assert time.monotonic() - begun < ANSWER + LAST + 2
