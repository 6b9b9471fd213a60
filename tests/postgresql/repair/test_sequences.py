"""Sequences and the keys that are there: what is looked at, what keeps others out, and what a person could run."""

from __future__ import annotations

import time

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact
from schema_guard.dialects import open_session
from schema_guard.dialects.postgresql.stands import asked
from schema_guard.sources.sqlalchemy.models import expect, models_of
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

BEHIND = "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5);"


def models(*names: str, kind: type[sa.types.TypeEngine[int]] = sa.Integer) -> sa.MetaData:
    metadata = sa.MetaData()
    for name in names or ("t",):
        sa.Table(name, metadata, sa.Column("id", kind, primary_key=True))
    return metadata


def next_key(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("INSERT INTO t DEFAULT VALUES RETURNING id").fetchone()
    assert row is not None
    return int(row[0])


def looked_at(database: Database, metadata: sa.MetaData) -> list[str]:
    """The tables whose keys are compared with their sequences."""
    session = open_session(database.url)
    try:
        session.locate(sorted(metadata.tables), [])
        expected = expect(models_of(metadata), (), session.dialect)
        return [key.table.name for key in asked(expected, session.inspect(expected))]
    finally:
        session.close()


@pytest.mark.every_postgres
def test_a_table_in_use_is_not_looked_at(postgres_database: Database) -> None:
    prepare(
        postgres_database,
        "CREATE TABLE used (id serial PRIMARY KEY); CREATE TABLE empty (id serial PRIMARY KEY);"
        "CREATE TABLE emptied (id serial PRIMARY KEY); INSERT INTO emptied VALUES (1); DELETE FROM emptied;"
        "CREATE TABLE behind (id serial PRIMARY KEY); CREATE TABLE twice (id serial NOT NULL);"
        "INSERT INTO used SELECT FROM generate_series(1, 9); INSERT INTO twice VALUES (1);"
        "INSERT INTO behind SELECT generate_series(1, 9); SELECT nextval('behind_id_seq');",
    )
    prepare(postgres_database, "ANALYZE")
    tables = models("used", "empty", "emptied", "behind", "twice")
    assert sorted(looked_at(postgres_database, tables)) == ["behind", "emptied"]


@pytest.mark.every_postgres
def test_a_role_that_may_not_read_them_is_told_nothing(postgres_database: Database) -> None:
    prepare(
        postgres_database,
        BEHIND + "DROP ROLE IF EXISTS sequence_outsider; CREATE ROLE sequence_outsider LOGIN;"
        "GRANT USAGE ON SCHEMA public TO sequence_outsider;",
    )
    url = postgres_database.server.url(postgres_database.name, user="sequence_outsider")
    assert codes(url) <= {"privilege-missing"}
    prepare(postgres_database, "GRANT SELECT ON t TO sequence_outsider")
    assert codes(url) <= {"privilege-missing"}
    prepare(postgres_database, "GRANT SELECT ON SEQUENCE t_id_seq TO sequence_outsider")
    finding, privilege = Guard(models()).check(url).findings
    assert privilege.difference.code == "privilege-missing"
    assert finding.difference.code == "sequence-behind"
    assert finding.refusal is not None
    (statement,) = finding.refusal.advice
    prepare(postgres_database, statement)
    assert next_key(postgres_database) == 6


def codes(url: str) -> set[str]:
    return {finding.difference.code for finding in Guard(models()).check(url).findings}


def test_a_locked_table_keeps_no_other_from_being_looked_at(postgres_database: Database) -> None:
    prepare(postgres_database, BEHIND + "CREATE SEQUENCE seq; CREATE TABLE s (id integer PRIMARY KEY);")
    metadata = models("t")
    sa.Table("s", metadata, sa.Column("id", sa.Integer, sa.Sequence("seq"), primary_key=True))
    with postgres_database.connect(autocommit=False) as connection:
        connection.execute("LOCK TABLE s")  # nothing of it has to be deparsed, so the catalog can be read
        report = Guard(metadata).check(postgres_database.url)
        connection.rollback()
    assert [finding.difference.object for finding in report.findings] == ["t.id"]


def test_a_sequence_that_somebody_alters_is_not_waited_for(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY)")
    with postgres_database.connect(autocommit=False) as connection:
        connection.execute("ALTER SEQUENCE t_id_seq INCREMENT BY 1")
        started = time.monotonic()
        report = Guard(models()).check(postgres_database.url)
        assert time.monotonic() - started < 5
        connection.rollback()
    assert report.satisfied


def test_nobody_takes_a_value_while_the_sequence_is_raised(postgres_database: Database) -> None:
    prepare(postgres_database, BEHIND)
    (step,) = plan(postgres_database, models()).steps
    with postgres_database.connect(autocommit=False) as raising, postgres_database.connect() as other:
        for statement in step.statements:
            raising.execute(statement.encode())
        other.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("SELECT nextval('t_id_seq')")
        raising.commit()
    assert next_key(postgres_database) == 6


def test_a_sequence_that_went_on_meanwhile_is_not_set_back(postgres_database: Database) -> None:
    prepare(postgres_database, BEHIND)
    (step,) = plan(postgres_database, models()).steps
    prepare(postgres_database, "SELECT setval('t_id_seq', 100)")
    with postgres_database.connect() as connection:
        for statement in step.statements:
            connection.execute(statement.encode())
    assert next_key(postgres_database) == 101


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "change", ["INSERT INTO t VALUES (2147483647)", "ALTER SEQUENCE t_id_seq CYCLE"], ids=["a last key", "cycle"]
)
def test_what_a_person_could_run_leads_to_the_first_gap(postgres_database: Database, change: str) -> None:
    prepare(postgres_database, BEHIND + change)
    (finding,) = apply(postgres_database, models()).findings
    assert finding.difference.impact is Impact.BREAKS
    assert finding.refusal is not None
    (statement,) = finding.refusal.advice
    prepare(postgres_database, statement)
    assert next_key(postgres_database) == 6


def test_a_sequence_without_a_value_left(postgres_database: Database) -> None:
    prepare(
        postgres_database,
        "CREATE TABLE t (id serial PRIMARY KEY); ALTER SEQUENCE t_id_seq MAXVALUE 3; SELECT setval('t_id_seq', 3)",
    )
    findings = {finding.difference.code: finding for finding in apply(postgres_database, models()).findings}
    refusal = findings["sequence-behind"].refusal
    assert findings["sequence-behind"].difference.impact is Impact.BREAKS
    assert findings["sequence-narrower"].difference.impact is Impact.NOTES
    assert refusal is not None
    prepare(postgres_database, refusal.advice[0])
    assert next_key(postgres_database) == 4


TOP = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
KINDS = {"smallint": sa.SmallInteger, "integer": sa.Integer, "bigint": sa.BigInteger}
ENDED = {
    "serial": "id {type} PRIMARY KEY DEFAULT nextval('s')",
    "identity": "id {type} PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME s)",
    "no key": "id {type} NOT NULL DEFAULT nextval('s')",
}


@pytest.mark.every_postgres
@pytest.mark.parametrize("type_", TOP)
@pytest.mark.parametrize("column", ENDED)
@pytest.mark.parametrize("rows", ["", "INSERT INTO t VALUES (3), (7);", "INSERT INTO t VALUES ({top});"])
def test_a_sequence_past_the_end_of_its_column(postgres_database: Database, type_: str, column: str, rows: str) -> None:
    """The next INSERT fails; the printed statements are run, and it works."""
    made = "" if column == "identity" else "CREATE SEQUENCE s; "
    prepare(postgres_database, f"{made}CREATE TABLE t ({ENDED[column].format(type=type_)})")
    prepare(postgres_database, f"{rows.format(top=TOP[type_])} SELECT setval('s', {TOP[type_]}); ANALYZE t")
    default = sa.text("nextval('s')") if column == "no key" else None
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", KINDS[type_], primary_key=default is None, server_default=default))
    metadata.tables["t"].c.id.nullable = False
    with pytest.raises(psycopg.Error):
        next_key(postgres_database)
    report = apply(postgres_database, metadata)
    (found,) = (each for each in report.findings if each.difference.impact is Impact.BREAKS)
    assert found.difference.code == "sequence-behind"
    assert found.refusal is not None
    for statement in found.refusal.advice:
        prepare(postgres_database, statement)
    assert next_key(postgres_database) in {TOP[type_] + 1, TOP[type_] + 2, 8, 1}  # the failed INSERT may have taken one
    assert apply(postgres_database, metadata).satisfied


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("default", "column"),
    [
        ("nextval('s') % 5", sa.Column("n", sa.Integer, server_default=sa.text("nextval('s') % 5"))),
        ("nextval('s')", sa.Column("n", sa.Integer, autoincrement=False, default=1)),
    ],
)
def test_a_value_that_no_insert_takes_or_that_fits_is_no_difference(
    postgres_database: Database, default: str, column: sa.Column[int]
) -> None:
    prepare(
        postgres_database,
        f"CREATE SEQUENCE s; CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT {default});"
        "SELECT setval('s', 2147483647)",
    )
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), column._copy())
    with sa.create_engine(postgres_database.url).connect() as connection:
        connection.execute(metadata.tables["t"].insert().values(id=1))
    assert apply(postgres_database, metadata).satisfied


def test_rows_that_policies_hide_are_not_passed_over(postgres_database: Database) -> None:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, sa.Sequence("seq"), primary_key=True))
    prepare(
        postgres_database,
        "DROP ROLE IF EXISTS sequence_owner; CREATE ROLE sequence_owner LOGIN;"
        "GRANT ALL ON SCHEMA public TO sequence_owner;"
        "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (7);"
        "ALTER TABLE t OWNER TO sequence_owner; ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    )
    url = postgres_database.server.url(postgres_database.name, user="sequence_owner")
    finding, policy = Guard(metadata).apply(url).findings
    assert policy.difference.code == "privilege-missing"
    assert finding.refusal is not None
    assert "row-level security" in finding.refusal.reason


@pytest.mark.parametrize(
    "default", ["nextval('q') * 10", "10 + nextval('q') % 1000", "nextval('q') + nextval('q') * 9"]
)
def test_a_default_that_computes_with_the_next_value(postgres_database: Database, default: str) -> None:
    """The key that it makes is not the value, and which one it is is not known."""
    prepare(postgres_database, f"CREATE SEQUENCE q; CREATE TABLE t (id integer PRIMARY KEY DEFAULT {default})")
    for _ in range(3):
        next_key(postgres_database)
    assert Guard(models()).check(postgres_database.url).satisfied
    assert plan(postgres_database, models()).empty
    assert next_key(postgres_database) > 0


OF_UNKNOWN_COLUMNS = {
    "an identity": ("ADD z smallint GENERATED BY DEFAULT AS IDENTITY", "setval('t_z_seq', 32767)"),
    "a serial that may be NULL": ("ADD z integer, ALTER z SET DEFAULT nextval('up')", "setval('up', 2)"),
    "past what the column holds": ("ADD z smallint, ALTER z SET DEFAULT nextval('far')", "setval('far', 40000)"),
    "downwards": ("ADD z integer, ALTER z SET DEFAULT nextval('down')", "setval('down', -2)"),
}


@pytest.mark.every_postgres
@pytest.mark.parametrize("column", OF_UNKNOWN_COLUMNS)
def test_a_column_that_the_models_leave_out_gets_no_more_values(postgres_database: Database, column: str) -> None:
    """Each INSERT fails; also after a check that is remembered. What is shown ends it."""
    added, last = OF_UNKNOWN_COLUMNS[column]
    sequences = "CREATE SEQUENCE up MAXVALUE 2; CREATE SEQUENCE far; CREATE SEQUENCE down INCREMENT -1 MINVALUE -2"
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY); {sequences}; ALTER TABLE t {added}")
    guard = Guard(models()).remembering()
    assert guard.check(postgres_database.url).satisfied
    next_key(postgres_database)
    prepare(postgres_database, f"SELECT {last}")
    with pytest.raises(psycopg.DatabaseError):
        next_key(postgres_database)
    (finding,) = guard.check(postgres_database.url).findings
    assert (finding.difference.code, finding.difference.impact) == ("column-unknown", Impact.BREAKS)
    assert finding.difference.headline == "unknown to the models, and its sequence has no value left"
    for statement in guard.plan(postgres_database.url).refusals[0].advice:
        prepare(postgres_database, statement)
    next_key(postgres_database)
    assert guard.check(postgres_database.url).worst is not Impact.BREAKS


@pytest.mark.newest_postgres
def test_an_unknown_column_of_a_class_whose_name_speaks_of_a_sequence(postgres_database: Database) -> None:
    """Whether its sequence is at its end is no question of words."""
    models = sa.MetaData()
    sa.Table("sequences", models, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
    prepare(postgres_database, "CREATE TABLE sequences (id integer PRIMARY KEY, n serial)")
    prepare(postgres_database, "ALTER TABLE sequences ALTER COLUMN n SET DEFAULT nextval('sequences_n_seq') / 0")
    guard = Guard(models)
    (finding,) = guard.check(postgres_database.url).findings
    assert finding.difference.impact is Impact.WEAKENS
    assert finding.difference.headline.startswith("unknown to the models, with DEFAULT ")
    (refusal,) = guard.plan(postgres_database.url).refusals
    prepare(postgres_database, refusal.advice[0])
    prepare(postgres_database, "INSERT INTO sequences (id) VALUES (1)")
    assert guard.check(postgres_database.url).worst is Impact.NOTES


NUMBERS = ["numeric", "numeric(12,2)", "real", "double precision"]


@pytest.mark.parametrize("type_", NUMBERS)
@pytest.mark.parametrize("keys", ["1, 2, 3", "2.5", "4, 'NaN'"])
def test_keys_of_another_type_of_number(postgres_database: Database, keys: str, type_: str) -> None:
    """NUMERIC, as tools make it that bring a database from another system."""
    prepare(
        postgres_database,
        f"CREATE SEQUENCE t_id_seq; CREATE TABLE t (id {type_} PRIMARY KEY DEFAULT nextval('t_id_seq'));"
        f"INSERT INTO t SELECT unnest(ARRAY[{keys}]::{type_}[]);",
    )
    taken = "1," in keys
    report = Guard(models()).check(postgres_database.url)
    behind = [found.difference for found in report.findings if found.difference.code == "sequence-behind"]
    assert [each.impact is Impact.BREAKS for each in behind] == ([True] if taken else [False])
    with postgres_database.connect() as connection:
        if taken:
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO t DEFAULT VALUES")
            connection.execute("SELECT setval('t_id_seq', 1, false)")
    assert Guard(models()).apply(postgres_database.url).worst is not Impact.BREAKS
    if taken:
        assert next_key(postgres_database) == 4


@pytest.mark.parametrize(
    ("type_", "keys"),
    [
        ("double precision", "1e18, 'Infinity'"),
        ("double precision", "1e300"),
        ("double precision", "1, 2, 'NaN'"),
        ("numeric", "1, 2, 'NaN'"),
    ],
)
def test_keys_that_no_sequence_gives(postgres_database: Database, type_: str, keys: str) -> None:
    prepare(
        postgres_database,
        f"CREATE SEQUENCE t_id_seq; CREATE TABLE t (id {type_} PRIMARY KEY DEFAULT nextval('t_id_seq'));"
        f"INSERT INTO t SELECT unnest(ARRAY[{keys}]::{type_}[]);",
    )
    taken = keys.startswith("1, ")
    assert (Guard(models()).check(postgres_database.url).worst is Impact.BREAKS) is taken
    Guard(models()).apply(postgres_database.url)
    assert Guard(models()).plan(postgres_database.url).empty


@pytest.mark.parametrize("type_", NUMBERS)
def test_a_lost_sequence_of_a_key_of_another_type_of_number(postgres_database: Database, type_: str) -> None:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, sa.Sequence("t_id_seq"), primary_key=True))
    prepare(postgres_database, f"CREATE TABLE t (id {type_} PRIMARY KEY); INSERT INTO t VALUES (5), (7)")
    assert Guard(metadata).apply(postgres_database.url).worst is not Impact.BREAKS
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT nextval('t_id_seq')").fetchone() == (8,)
    assert not Guard(metadata).apply(postgres_database.url).results


@pytest.mark.parametrize("type_", NUMBERS)
def test_a_lost_default_of_a_key_of_another_type_of_number(postgres_database: Database, type_: str) -> None:
    prepare(postgres_database, f"CREATE TABLE t (id {type_} PRIMARY KEY); INSERT INTO t VALUES (5), (7)")
    assert Guard(models()).apply(postgres_database.url).worst is not Impact.BREAKS
    assert next_key(postgres_database) == 8
    assert not Guard(models()).apply(postgres_database.url).results


@pytest.mark.parametrize(("always", "last"), [(True, 1), (False, 1), (True, 2**31 - 1)])
def test_a_narrower_key_that_the_server_always_gives(postgres_database: Database, always: bool, last: int) -> None:
    """No program writes it: statements work until its values are used up."""
    how = "ALWAYS" if always else "BY DEFAULT"
    prepare(postgres_database, f"CREATE TABLE t (id int GENERATED {how} AS IDENTITY PRIMARY KEY, n int)")
    prepare(postgres_database, f"INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1); SELECT setval('t_id_seq', {last})")
    metadata = sa.MetaData()
    key = sa.Column("id", sa.BigInteger, sa.Identity(always=always), primary_key=True)
    table = sa.Table("t", metadata, key, sa.Column("n", sa.Integer))
    report = Guard(metadata).check(postgres_database.url)
    with sa.create_engine(postgres_database.url, poolclass=sa.NullPool).connect() as connection:
        statements: list[sa.Executable] = [table.insert().values(n=1)]
        statements += [] if always else [table.insert().values(id=2**40)]
        works = True
        for statement in statements:
            try:
                connection.execute(statement)
            except sa.exc.DBAPIError:
                works = False
    assert (report.worst is Impact.BREAKS) is not works
