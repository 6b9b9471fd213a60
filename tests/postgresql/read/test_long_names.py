"""Names of more than 63 bytes: the server has cut them, or will; SQLAlchemy's hash and the server's cut serve alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from schema_guard.guard import Guard
from schema_guard.report import Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare

pytestmark = pytest.mark.every_postgres

LONG = "x" * 80
TABLE = "CREATE TABLE t (id serial PRIMARY KEY, n int)"
CONVENTION = {"ix": "ix_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}


def models(*items: sa.schema.SchemaItem, name: str = "t") -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer), *items)
    return metadata


def told(report: Report) -> list[str]:
    return [finding.difference.code for finding in report.findings]


KINDS: dict[str, tuple[str, Callable[[], sa.MetaData]]] = {
    "index": (f"CREATE INDEX {LONG} ON t (n)", lambda: models(sa.Index(LONG, "n"))),
    "check": (
        f"ALTER TABLE t ADD CONSTRAINT {LONG} CHECK (n > 0)",
        lambda: models(sa.CheckConstraint("n > 0", name=LONG)),
    ),
    "unique": (f"ALTER TABLE t ADD CONSTRAINT {LONG} UNIQUE (n)", lambda: models(sa.UniqueConstraint("n", name=LONG))),
    "foreign key": (
        f"ALTER TABLE t ADD CONSTRAINT {LONG} FOREIGN KEY (n) REFERENCES t (id)",
        lambda: models(sa.ForeignKeyConstraint(["n"], ["t.id"], name=LONG)),
    ),
    "column": (f"ALTER TABLE t ADD COLUMN {LONG} int", lambda: models(sa.Column(LONG, sa.Integer))),
    "table": (f"ALTER TABLE t RENAME TO {LONG}", lambda: models(name=LONG)),
    "enum type": (
        f"CREATE TYPE {LONG} AS ENUM ('a'); ALTER TABLE t ADD COLUMN e {LONG}",
        lambda: models(sa.Column("e", sa.Enum("a", name=LONG))),
    ),
    "sequence": (
        f"CREATE SEQUENCE {LONG}; ALTER TABLE t ADD COLUMN q int",
        lambda: models(sa.Column("q", sa.Integer, sa.Sequence(LONG))),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_server_cut_satisfies(postgres_database: Database, kind: str) -> None:
    made, of_models = KINDS[kind]
    prepare(postgres_database, f"{TABLE}; {made}")
    assert told(Guard(of_models()).check(postgres_database.url)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_is_made_and_found_again(postgres_database: Database, kind: str) -> None:
    prepare(postgres_database, TABLE)
    _, of_models = KINDS[kind]
    report = apply(postgres_database, of_models())
    assert [code for code in told(report) if code != "table-unknown"] == []
    assert not apply(postgres_database, of_models()).results


@pytest.mark.parametrize(
    ("made", "of_models"),
    [
        (f"CREATE INDEX {LONG} ON t (id, n)", KINDS["index"][1]),
        (f"ALTER TABLE t ADD CONSTRAINT {LONG} UNIQUE (id, n)", KINDS["unique"][1]),
        ("CREATE INDEX i ON t (id, n)", lambda: models(sa.Index("i", "n"))),
        ("ALTER TABLE t ADD CONSTRAINT u UNIQUE (id, n)", lambda: models(sa.UniqueConstraint("n", name="u"))),
    ],
)
def test_a_name_that_another_definition_holds_is_told_once(
    postgres_database: Database, made: str, of_models: Callable[[], sa.MetaData]
) -> None:
    """With what makes way; after that the next run makes it."""
    prepare(postgres_database, f"{TABLE}; {made}")
    (finding,) = Guard(of_models()).check(postgres_database.url).findings
    assert "the name is held by" in finding.difference.headline
    assert finding.refusal is not None
    prepare(postgres_database, finding.refusal.advice[0])
    assert apply(postgres_database, of_models()).satisfied


def test_a_name_of_a_convention_that_raw_sql_wrote_whole(postgres_database: Database) -> None:
    """SQLAlchemy shortens it with a hash, the server cuts it: the definition counts."""
    table = "t" * 60
    made = f"CREATE TABLE {table} (id serial PRIMARY KEY, n int CONSTRAINT ck_{table}_positive CHECK (n > 0))"
    prepare(postgres_database, f"{made}; CREATE INDEX ix_{table}_n ON {table} (n)")
    metadata = sa.MetaData(naming_convention=CONVENTION)
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer, index=True))
    sa.Table(table, metadata, *columns, sa.CheckConstraint("n > 0", name="positive"))
    assert told(Guard(metadata).check(postgres_database.url)) == []


@pytest.mark.parametrize("before", ["SELECT", "CREATE TYPE e AS ENUM ('a')"], ids=["type missing", "value missing"])
def test_a_label_is_never_cut(postgres_database: Database, before: str) -> None:
    """It is refused before it is tried: 63 letters fit, and 32 umlauts are 64 bytes."""
    for label, fits in (("b" * 63, True), ("ä" * 32, False), ("b" * 64, False)):
        prepare(postgres_database, f"DROP TABLE IF EXISTS t; DROP TYPE IF EXISTS e; {before}; {TABLE}")
        report = apply(postgres_database, models(sa.Column("e", sa.Enum("a", label, name="e"))))
        assert report.satisfied is fits
        if not fits:
            assert not [result for result in report.results if "FAILED" in result.outcome.name]
            reasons = " ".join(finding.refusal.reason for finding in report.findings if finding.refusal)
            assert "a label of an enum has at most 63 bytes" in reasons
