"""What is remembered counts only while nothing has changed: each way to change a database leads to a new look."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Report
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.sources.frozen import frozen, text_of
from tests.postgres.database import Database, create

metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("owner", sa.ForeignKey("users.id"), index=True, nullable=False),
    sa.Column("state", sa.Enum("open", "done", name="state"), nullable=False, server_default="open"),
    sa.Column("amount", sa.Numeric(10, 2), sa.CheckConstraint("amount > 0", name="ck_amount")),
    sa.UniqueConstraint("owner", "amount", name="uq_orders"),
)
Made = tuple[Guard, Database]


def frozen_guard(tables: sa.MetaData, folder: Path) -> Guard:
    file = folder / "expected.json"
    file.write_text(text_of(frozen(Guard(tables).source)), encoding="utf-8")
    return Guard.frozen(file).remembering()


def said(report: Report) -> list[str]:
    return sorted(f"{finding.difference.impact} {finding.difference.key}" for finding in report.findings)


@pytest.fixture
def made(postgres_database: Database, tmp_path: Path) -> Made:
    """A guard, and a database of which it remembers that nothing is missing."""
    engine = sa.create_engine(postgres_database.url)
    metadata.create_all(engine)
    engine.dispose()
    guard = frozen_guard(metadata, tmp_path)
    assert guard.check(postgres_database.url).remembered == ""
    assert guard.check(postgres_database.url).remembered
    return guard, postgres_database


def run(database: Database, statements: str) -> None:
    with database.connect() as connection:
        for statement in filter(None, (each.strip() for each in statements.split("; "))):
            connection.execute(statement.replace("{db}", database.name).encode())


CATALOG = {
    "a column is dropped": ("ALTER TABLE orders DROP COLUMN amount", "ALTER TABLE orders ADD amount numeric(10, 2)"),
    "a column more": ("ALTER TABLE orders ADD more int NOT NULL", "ALTER TABLE orders DROP more"),
    "another default": (
        "ALTER TABLE orders ALTER state SET DEFAULT 'done'",
        "ALTER TABLE orders ALTER state SET DEFAULT 'open'",
    ),
    "NOT NULL goes": ("ALTER TABLE orders ALTER owner DROP NOT NULL", "ALTER TABLE orders ALTER owner SET NOT NULL"),
    "the same index again": ("DROP INDEX ix_orders_owner", "CREATE INDEX ix_orders_owner ON orders (owner)"),
    "an INVALID index": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_orders_owner'::regclass",
        "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'ix_orders_owner'::regclass",
    ),
    "a label more": ("ALTER TYPE state ADD VALUE 'lost'", ""),
    "a label is renamed": (
        "ALTER TYPE state RENAME VALUE 'done' TO 'gone'",
        "ALTER TYPE state RENAME VALUE 'gone' TO 'done'",
    ),
    "a CHECK more": (
        "ALTER TABLE orders ADD CONSTRAINT more CHECK (id < 9)",
        "ALTER TABLE orders DROP CONSTRAINT more",
    ),
    "a constraint is renamed": (
        "ALTER TABLE orders RENAME CONSTRAINT ck_amount TO other",
        "ALTER TABLE orders RENAME CONSTRAINT other TO ck_amount",
    ),
    "policies": ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY"),
    "a policy": ("CREATE POLICY p ON orders USING (false)", "DROP POLICY p ON orders"),
    "a rule": ("CREATE RULE r AS ON INSERT TO orders DO INSTEAD NOTHING", "DROP RULE r ON orders"),
    "a trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL;END'"
        "; CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()",
        "DROP FUNCTION f CASCADE",
    ),
    "a right is taken": ("REVOKE ALL ON orders FROM postgres", "GRANT ALL ON orders TO postgres"),
    "a right on a column": ("GRANT SELECT (id) ON orders TO PUBLIC", "REVOKE SELECT (id) ON orders FROM PUBLIC"),
    "a right on the schema": ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO PUBLIC"),
    "a smaller sequence": ("ALTER SEQUENCE orders_id_seq MAXVALUE 9", "ALTER SEQUENCE orders_id_seq NO MAXVALUE"),
    "an inheriting table": ("CREATE TABLE heir () INHERITS (orders)", "DROP TABLE heir"),
    "a table of that name before it": (
        "CREATE SCHEMA postgres; CREATE TABLE postgres.orders (id int)",
        "DROP SCHEMA postgres CASCADE",
    ),
    "a publication": (
        "CREATE PUBLICATION p FOR TABLE orders; ALTER TABLE orders REPLICA IDENTITY NOTHING",
        "DROP PUBLICATION p; ALTER TABLE orders REPLICA IDENTITY DEFAULT",
    ),
    "a comment": ("COMMENT ON TABLE orders IS 'x'", "COMMENT ON TABLE orders IS NULL"),
    "a function": (
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION g",
    ),
    "another search_path": ("ALTER DATABASE {db} SET search_path = pg_catalog", "ALTER DATABASE {db} RESET ALL"),
    "triggers that do not fire": (
        "ALTER DATABASE {db} SET session_replication_role = replica",
        "ALTER DATABASE {db} RESET ALL",
    ),
    "read only": (
        "ALTER DATABASE {db} SET default_transaction_read_only = on",
        "SET default_transaction_read_only = off; ALTER DATABASE {db} RESET ALL",
    ),
    "backslashes": ("ALTER DATABASE {db} SET standard_conforming_strings = off", "ALTER DATABASE {db} RESET ALL"),
    "another time zone": ("ALTER DATABASE {db} SET TimeZone = 'Asia/Tokyo'", "ALTER DATABASE {db} RESET ALL"),
    "the catalog is written anew": ("VACUUM FULL pg_class", ""),
    "what is remembered is gone": ("DROP SCHEMA schema_guard CASCADE", ""),
    "what is remembered is damaged": ("UPDATE schema_guard.remembered SET verdict = '{}'", ""),
    "what is remembered is of another form": (
        "ALTER TABLE schema_guard.remembered RENAME verdict TO other",
        "DROP SCHEMA schema_guard CASCADE",
    ),
}


def test_the_catalog(made: Made, tmp_path: Path) -> None:
    """Whatever changes in it is seen, says what a check without memory says, and is remembered again when undone."""
    guard, database = made
    plain = Guard.frozen(tmp_path / "expected.json")
    for what, (change, undo) in CATALOG.items():
        if "'{}'" in change:
            with database.connect() as connection:
                connection.execute(change.encode())
        else:
            run(database, change)
        found = guard.check(database.url)
        assert found.remembered == "", what
        assert said(found) == said(plain.check(database.url)), what
        run(database, undo)
        if said(guard.check(database.url)):
            metadata_again(database)
        warnings = guard.check(database.url).warnings
        assert guard.check(database.url).remembered, (what, warnings)


def metadata_again(database: Database) -> None:
    run(database, "DROP TABLE orders, users CASCADE; DROP TYPE state")
    engine = sa.create_engine(database.url)
    metadata.create_all(engine)
    engine.dispose()


ROWS = {
    "the next key is taken": "INSERT INTO users (id, name) VALUES (1, 'a')",
    "a key soon to come is taken": "INSERT INTO users (id, name) VALUES (900, 'a')",
    "the sequence was set back": "INSERT INTO users (name) SELECT 'a' FROM generate_series(1, 9)"
    "; SELECT setval('users_id_seq', 4)",
    "the same of an analyzed table": "INSERT INTO users (name) SELECT 'a' FROM generate_series(1, 9)"
    "; ANALYZE users; SELECT setval('users_id_seq', 4)",
    "the sequence has ended": "SELECT setval('users_id_seq', 2147483647)",
    "no key of the column's range is left": "SELECT setval('orders_id_seq', 9223372036854775807)",
}


@pytest.mark.parametrize("what", ROWS)
def test_rows_and_sequences(made: Made, what: str) -> None:
    """They leave no trace in the catalog, and are asked each time."""
    guard, database = made
    run(database, ROWS[what])
    found = guard.check(database.url)
    assert found.remembered == ""
    assert any("sequence" in finding.difference.code for finding in found.findings)


def test_what_changes_nothing(made: Made) -> None:
    """Rows, statistics, freezing and a restart of the session leave it remembered."""
    guard, database = made
    run(
        database,
        "INSERT INTO users (name) SELECT 'a' FROM generate_series(1, 2000)"
        "; UPDATE users SET name = 'b' WHERE id < 100; DELETE FROM users WHERE id > 1900"
        "; ANALYZE; VACUUM; VACUUM FREEZE; CHECKPOINT; SELECT setval('users_id_seq', 5000)",
    )
    found = guard.check(database.url)
    assert found.remembered
    assert (found.satisfied, found.tables_expected, found.findings) == (True, 2, ())


def test_an_answer_by_rows_is_not_remembered(postgres_database: Database, tmp_path: Path) -> None:
    tables = sa.MetaData()
    sa.Table(
        "letters",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Enum("a", "b", native_enum=False)),
    )
    engine = sa.create_engine(postgres_database.url)
    tables.create_all(engine)
    engine.dispose()
    guard = frozen_guard(tables, tmp_path)
    for _ in range(2):
        found = guard.check(postgres_database.url)
        assert found.remembered == ""
        assert found.warnings == (
            "not remembered: rows decide about letters.kind, which leave no trace in the catalog",
        )
    run(postgres_database, "INSERT INTO letters (kind) VALUES ('c')")
    assert guard.check(postgres_database.url).findings


def test_a_copy_of_the_database(made: Made) -> None:
    """The copy holds what is remembered, row for row: it is of another database."""
    guard, database = made
    copy = database.copy()
    try:
        assert guard.check(copy.url).remembered == ""
        assert guard.check(copy.url).remembered
        assert guard.check(database.url).remembered
    finally:
        copy.drop()


def test_a_restored_dump(made: Made) -> None:
    guard, database = made
    dump = subprocess.run(
        [
            f"{database.server.programs}/pg_dump",
            "-h",
            "127.0.0.1",
            "-p",
            str(database.server.port),
            "-U",
            "postgres",
            database.name,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "schema_guard.remembered" in dump
    restored = create(database.server)
    try:
        assert database.server.psql(restored.name, text=dump).returncode == 0
        assert guard.check(restored.url).remembered == ""
        assert guard.check(restored.url).remembered
    finally:
        restored.drop()


def test_other_expectations(made: Made, tmp_path: Path) -> None:
    """Another file, what it accepts, and how it is taken are other questions."""
    guard, database = made
    file = tmp_path / "expected.json"
    assert guard.changed().remembering().check(database.url).remembered
    assert (
        guard.changed(accept=Guard(metadata, accept=["column-missing a.b"]).accept)
        .remembering()
        .check(database.url)
        .remembered
        == ""
    )
    assert Guard.frozen(file, edited=True).remembering().check(database.url).remembered == ""
    more = sa.MetaData()
    users.to_metadata(more)
    (tmp_path / "other").mkdir()
    other = frozen_guard(more, tmp_path / "other")
    assert other.check(database.url).remembered == ""
    assert guard.check(database.url).remembered


class Kinds(sa.Enum):
    """Code of the application's own reads the labels."""

    def _object_value_for_elem(self, elem: str) -> str:
        return elem


def test_models(made: Made) -> None:
    """They are remembered like a file: by all that they say."""
    _, database = made

    def remembered(models: sa.MetaData, **arguments: Any) -> list[bool]:
        return [bool(Guard(models, **arguments).remembering().check(database.url).remembered) for _ in range(2)]

    assert remembered(metadata) == [False, True]
    assert remembered(metadata, accept=["column-missing a.b"]) == [False, False], "it accepts nothing: a warning"
    assert remembered(metadata, upserts=[users.c.id]) == [False, True]
    more = sa.MetaData()
    for table in metadata.tables.values():
        table.to_metadata(more)
    assert remembered(more) == [True, True], "the same said elsewhere"
    more.tables["users"].append_column(sa.Column("age", sa.Integer))
    assert remembered(more) == [False, False]
    run(database, "ALTER TABLE users ADD age integer")
    assert remembered(more) == [False, True]


def test_models_that_own_code_reads_are_not_remembered(made: Made) -> None:
    _, database = made
    tables = sa.MetaData()
    sa.Table("notes", tables, sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", Kinds("a", name="kind")))
    tables.create_all(sa.create_engine(database.url, poolclass=sa.NullPool))
    assert [Guard(tables).remembering().check(database.url).remembered for _ in range(2)] == ["", ""]


@pytest.fixture
def role(postgres_database: Database) -> Iterator[str]:
    name = f"r_{postgres_database.name}"
    run(postgres_database, f"CREATE ROLE {name} LOGIN")
    yield name
    run(postgres_database, f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_each_role_has_its_own_answer(made: Made, role: str) -> None:
    guard, database = made
    url = database.server.url(database.name, user=role)
    assert guard.check(url).remembered == ""
    run(database, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    run(database, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    assert guard.check(url).remembered == ""


def test_a_role_that_may_not_make_the_table(postgres_database: Database, role: str, tmp_path: Path) -> None:
    """It is told what another role has to run; then it remembers."""
    engine = sa.create_engine(postgres_database.url)
    metadata.create_all(engine)
    engine.dispose()
    run(postgres_database, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    run(postgres_database, f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    guard, url = frozen_guard(metadata, tmp_path), postgres_database.server.url(postgres_database.name, user=role)
    (warning,) = guard.check(url).warnings
    said_first = "not remembered: schema_guard.remembered cannot be made: 42501 permission denied for database"
    assert warning.startswith(said_first)
    run(postgres_database, warning.partition(" has to run: ")[2])
    run(postgres_database, f"GRANT USAGE ON SCHEMA schema_guard TO {role}")
    run(postgres_database, f"GRANT SELECT, INSERT, UPDATE, DELETE ON schema_guard.remembered TO {role}")
    assert guard.check(url).warnings == ()
    assert guard.check(url).remembered


def test_a_table_of_another_version(made: Made) -> None:
    """It is not used, and the warning names the statement that makes room for a new one."""
    guard, database = made
    run(database, "ALTER TABLE schema_guard.remembered DROP watched")
    (warning,) = guard.check(database.url).warnings
    said_first, _, statement = warning.rpartition(": ")
    assert said_first == "not remembered: schema_guard.remembered has other columns than this version makes"
    run(database, statement)
    assert guard.check(database.url).warnings == ()
    assert guard.check(database.url).remembered


def test_a_table_of_somebody_else_is_not_believed(made: Made, role: str) -> None:
    guard, database = made
    run(database, f"ALTER SCHEMA schema_guard OWNER TO {role}; ALTER TABLE schema_guard.remembered OWNER TO {role}")
    guard.check(database.url)  # a superuser has every role's rights
    assert guard.check(database.url).remembered
    with database.connect() as connection:
        name = f"o_{database.name}"
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
        try:
            for statement in (
                f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}",
                f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {name}",
                f"GRANT USAGE ON SCHEMA schema_guard TO {name}",
                f"GRANT ALL ON schema_guard.remembered TO {name}",
            ):
                connection.execute(statement.encode())
            url = database.server.url(database.name, user=name)
            assert [guard.check(url).remembered for _ in range(3)] == ["", "", ""]
        finally:
            connection.execute(f"DROP OWNED BY {name}".encode())
            connection.execute(f"DROP ROLE {name}".encode())


CATALOG_OF = re.compile(r"\b(?:FROM|JOIN) (pg_\w+)\b(?!\()")
NO_CATALOG = {"pg_locks", "pg_roles"}
"""What is held now; and a view of what pg_auth_members and the roles' own row say."""


def test_every_catalog_that_a_check_reads_is_part_of_the_fingerprint() -> None:
    told = set(CATALOG_OF.findall(query("fingerprint")))
    read = {name for file in ("catalog", "locate") for name in CATALOG_OF.findall(query(file))}
    assert read - NO_CATALOG <= told


def test_nothing_is_written_unless_asked(postgres_database: Database, tmp_path: Path) -> None:
    engine = sa.create_engine(postgres_database.url)
    frozen_guard(metadata, tmp_path)
    plain = Guard.frozen(tmp_path / "expected.json")
    metadata.create_all(engine)
    engine.dispose()
    assert plain.check(postgres_database.url).satisfied
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT to_regnamespace('schema_guard')").fetchone() == (None,)
