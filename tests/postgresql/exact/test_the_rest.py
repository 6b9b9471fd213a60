"""Of a file in which some tables have no digest only these are read and compared; the report is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.dialects.postgresql.session import PostgreSQLSession
from schema_guard.frozen_text import DIGESTS, document
from schema_guard.report import Report
from schema_guard.schema import Schema
from tests.exactly import is_exact, tables_known, text_for
from tests.postgres.database import Database
from tests.postgresql.remembering.test_never_falsely import run

pytestmark = pytest.mark.newest_postgres

PLAIN = ("users", "orders", "lines", "parts", "notes")


def metadata() -> sa.MetaData:
    """Five plain tables, and one of each kind that no digest tells; foreign keys lead from each kind to the other."""
    models = sa.MetaData()
    above = None
    for name in PLAIN:
        sa.Table(
            name,
            models,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("word", sa.String(20), nullable=False, index=True),
            *([sa.Column("above_id", sa.ForeignKey(f"{above}.id"))] if above else []),
        )
        above = name
    generated = sa.Computed("id + 1")
    own = [sa.Column("next", sa.Integer, generated), sa.Column("user_id", sa.ForeignKey("users.id"))]
    sa.Table("generated", models, sa.Column("id", sa.Integer, primary_key=True), *own)
    number = sa.Column("number", sa.Integer, sa.Sequence("numbers"))
    sa.Table("numbered", models, sa.Column("id", sa.Integer, primary_key=True), number)
    sa.Table("below", models, sa.Column("id", sa.ForeignKey("generated.id"), primary_key=True))
    return models


@pytest.fixture
def made(postgres_database: Database) -> Database:
    engine = sa.create_engine(postgres_database.url)
    metadata().create_all(engine)
    engine.dispose()
    return postgres_database


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    path = tmp_path / "expected.json"
    path.write_bytes(text_for(Guard(metadata())))
    return Guard.frozen(path)


@pytest.fixture
def inspected(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The tables of each reading of the catalog from now on."""
    found: list[set[str]] = []
    inspect = PostgreSQLSession.inspect

    def noted(self: PostgreSQLSession, expected: Schema) -> Schema:
        found.append({table.name.name for table in expected.tables})
        return inspect(self, expected)

    monkeypatch.setattr(PostgreSQLSession, "inspect", noted)
    return found


def said(report: Report) -> object:
    """All but the order, which is the file's, the time that it took, and how often the catalog was asked."""
    found = [
        (each.difference.key, each.difference.impact, each.difference.headline, each.refusal and each.refusal.reason)
        for each in report.findings
    ]
    return report.satisfied, report.tables_expected, report.warnings, sorted(found, key=str)


def equal(guard: Guard, database: str) -> Report:
    """What the frozen file says is what the models say."""
    report = guard.check(database)
    assert said(report) == said(Guard(metadata()).check(database))
    return report


def test_only_what_has_no_digest_is_read(made: Database, guard: Guard, inspected: list[set[str]]) -> None:
    text = text_for(Guard(metadata()))
    assert {name for name, digest in document(text)[DIGESTS].value()["tables"].items() if digest is None} == {
        "generated",
        "numbered",
    }
    assert not is_exact(text, made.url)
    assert tables_known(text, made.url) == {*PLAIN, "below"}
    assert guard.check(made.url).satisfied
    assert inspected == [{"generated", "numbered"}]
    report = equal(guard, made.url)
    assert (report.findings, report.warnings, report.tables_expected) == ((), (), 8)
    inspected.clear()
    applied = guard.apply(made.url)
    assert (applied.applied, applied.satisfied, applied.results) == (True, True, ())
    assert inspected == [{"generated", "numbered"}]


def test_notes_to_one_table(made: Database, guard: Guard, inspected: list[set[str]]) -> None:
    run(made, "ALTER TABLE parts ADD more text; CREATE INDEX of_a_person ON parts (more)")
    assert guard.check(made.url).satisfied
    assert inspected == [{"generated", "numbered", "parts"}]
    assert len(equal(guard, made.url).findings) == 2


CHANGES = {
    "an index of a plain table": "DROP INDEX ix_parts_word",
    "a plain table": "DROP TABLE notes",
    "what a table without a digest refers to": "ALTER TABLE users RENAME TO people",
    "the table without a digest": "DROP TABLE generated CASCADE",
    "the expression": "ALTER TABLE generated ALTER COLUMN next SET EXPRESSION AS (id + 2)",
    "the sequence": "DROP SEQUENCE numbers CASCADE",
    "a table more": "CREATE TABLE others (id integer)",
    "a rule": "CREATE RULE r AS ON INSERT TO orders DO INSTEAD NOTHING",
    "a trigger": "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a policy": "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
    "a sequence behind its key": "INSERT INTO users (id, word) VALUES (1, ''), (2, ''), (3, '')",
    "the type of a key": "ALTER TABLE lines ALTER word TYPE varchar(10)",
    "half of the tables": "DROP TABLE below, notes, parts, lines, orders",
    "all tables": "DROP TABLE below, notes, parts, lines, orders, generated, users, numbered",
}
NO_FINDING = {"a policy", "a trigger"}
"""The one does nothing to a superuser, and the other refuses nothing."""


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_changed_is_told_as_by_the_models(change: str, made: Database, guard: Guard) -> None:
    run(made, CHANGES[change])
    assert bool(equal(guard, made.url).findings) == (change not in NO_FINDING)
    applied = guard.apply(made.url)
    assert equal(guard, made.url).satisfied == applied.satisfied


def test_another_role_reads_the_same(made: Database, guard: Guard) -> None:
    """A privilege on one table is missing: it is no longer known, and read."""
    role = f"r_{made.name}"
    run(
        made, f"CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
    )
    run(made, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}; REVOKE DELETE ON orders FROM {role}")
    try:
        url = made.server.url(made.name, user=role)
        assert [finding.difference.code for finding in equal(guard, url).findings] == ["privilege-missing"]
    finally:
        run(made, f"DROP OWNED BY {role}; DROP ROLE {role}")
