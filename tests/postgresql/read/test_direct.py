"""A database that the driver reaches alone: what comes of it is what comes by SQLAlchemy's engine."""

from __future__ import annotations

import re
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS
from sqlalchemy.sql.elements import quoted_name

from schema_guard import Guard
from schema_guard.address import Address, parse_address
from schema_guard.dialects import open_session
from schema_guard.dialects.postgresql import patience
from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect
from schema_guard.dialects.postgresql.direct import arguments_of, direct_server
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.every_keyword import KEYWORDS
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.keywords import RESERVED
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.session import PostgreSQLSession
from schema_guard.errors import GuardError
from schema_guard.render.json import check_json
from tests.postgres.database import Database

DRIVERS = ["psycopg2", "psycopg", "pg8000"]
PLACES = [
    "me:p%40ss%2Fw%3Ard@host:5433/name",
    "me@[2001:db8::1]/name",
    "host",
    "/name",
    "/",
    "",
    "/name?application_name=a+b",
    "me@host/name?options=-csearch_path%3Dapp%2Cpublic&sslmode=verify-full&sslrootcert=%2Fetc%2Fa.pem",
    "/name?service=mine&passfile=/x",
    "/name?host=/run/postgresql&port=05433",
    "/name?host=/var/run/postgresql&port=5433&user=me&password=p%26s",
    "me@host:5432/name?port=05433",
    "host/name?connect_timeout=soon",
]
NOT_KNOWN = [
    "/name?host=a:1&host=b:2",
    "/name?host=a,b&port=1,2",
    "/name?host=a:5433",
    "/name?host=a&port=x",
    "/name?plugin=other",
    "/name?application_name=a&application_name=b",
]
METADATA = sa.MetaData()
sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("State", sa.Enum("new", "done", name="state"), server_default="new"),
    sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("data", sa.LargeBinary),
    sa.CheckConstraint("id % 7 <> 3", name="seven"),
)
CHANGES = [
    "SELECT 1",
    'ALTER TABLE orders DROP COLUMN at, ALTER "State" DROP DEFAULT, ALTER "State" TYPE text USING "State"::text,'
    " ALTER data TYPE text USING encode(data, 'hex'), ADD COLUMN extra int NOT NULL",
    "DROP TABLE orders; DROP TYPE state",
]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("place", PLACES)
def test_the_driver_gets_what_sqlalchemy_would_give_it(driver: str, place: str) -> None:
    address = parse_address(f"postgresql+{driver}://{place}")
    url = address.sqlalchemy()
    arguments, named = url.get_dialect()().create_connect_args(url)
    named.pop("context", None)  # how psycopg reads types that are not asked for
    assert arguments_of(address) == named
    assert arguments in ([], [""])


@pytest.mark.parametrize("place", NOT_KNOWN)
def test_what_is_left_to_sqlalchemy(place: str) -> None:
    assert direct_server(parse_address(f"postgresql+psycopg2://{place}"), {}) is None


def test_another_driver_is_left_to_sqlalchemy() -> None:
    assert direct_server(parse_address("postgresql+asyncpg://host/name"), {}) is None


def verdicts(address: Address) -> list[object]:
    """What a check says, by the driver alone and by SQLAlchemy."""
    found: list[object] = []
    for database in (address, address.sqlalchemy()):
        try:
            report = Guard(METADATA).check(database)
        except GuardError as error:
            found.append((error.code, error.exit_code, error.message))
        else:
            found.append(re.sub(r'"seconds": [\d.]+', "", check_json(report, 0)))
    return found


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_report_is_the_same(driver: str, postgres_database: Database) -> None:
    METADATA.create_all(sa.create_engine(postgres_database.url, poolclass=sa.NullPool))
    for change in CHANGES:
        with postgres_database.connect() as connection:
            connection.execute(change)
        direct, usual = verdicts(parse_address(postgres_database.url)._replace(drivername=f"postgresql+{driver}"))
        assert direct == usual
        assert isinstance(direct, str)


@pytest.mark.parametrize("driver", DRIVERS)
def test_errors_are_the_same(driver: str, postgres: str) -> None:
    address = parse_address(postgres)._replace(drivername=f"postgresql+{driver}", password="G3heim-Wort")
    for wrong in ({"port": 1}, {"database": "none"}, {"username": "nobody_here"}, {"host": "none.invalid"}):
        direct, usual = verdicts(address._replace(**wrong))
        assert direct == usual
        assert isinstance(direct, tuple)
        assert "G3heim" not in direct[2]
    direct, usual = verdicts(address._replace(query={"nonsense": "1"}))
    assert direct == usual


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_session_goes_by_the_driver_alone(driver: str, postgres: str) -> None:
    session = open_session(parse_address(postgres)._replace(drivername=f"postgresql+{driver}"))
    assert isinstance(session, PostgreSQLSession)
    assert session._link._server.__class__.__name__ == "DirectServer"
    with session._link.reading():
        assert session._link.rows("SELECT 1, 'a%', NULL, true, 7 % 4") == [(1, "a%", None, True, 3)]
    session.close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_lost_connection(driver: str, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut, or the server ends it; the next statement opens another."""
    monkeypatch.setattr(patience, "GRACE", 0.3)
    server = direct_server(parse_address(postgres)._replace(drivername=f"postgresql+{driver}"), {})
    assert server is not None
    link = Link(server)
    begun = time.monotonic()
    for statement in ("SELECT pg_catalog.pg_sleep(60)", "SELECT pg_terminate_backend(pg_backend_pid())"):
        with pytest.raises(DriverError) as raised:
            link.rows(statement)
        assert is_disconnect(raised.value)
        assert not link.is_open
        with link.within(30):
            assert link.rows("SELECT 1") == [(1,)]
    assert time.monotonic() - begun < 40
    link.close()


def test_names_are_quoted_where_sqlalchemy_quotes() -> None:
    dialect = PostgreSQLDialect()
    preparer = dialect.sqlalchemy.identifier_preparer
    assert RESERVED_WORDS <= RESERVED
    names = [*RESERVED, *("plain", "Capital", "a b", 'q"q', "1st", "$x", "naïve", "_x", "a$b", "x\n", "SELECT", "ß")]
    names += [quoted_name("Force", quote=False), quoted_name("force", quote=True)]
    for name in names:
        assert dialect.quote(name) == preparer.quote(name)


@pytest.mark.every_postgres
def test_every_key_word_is_known(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        found = {str(word).upper() for (word,) in connection.execute("SELECT word FROM pg_get_keywords()").fetchall()}
    assert found <= KEYWORDS
