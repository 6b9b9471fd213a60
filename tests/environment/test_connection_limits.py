"""Roles and databases that may have one connection: apply works with it, and says which limit is reached."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from schema_guard import Guard
from schema_guard.dialects import open_session
from schema_guard.errors import LockTimeoutError, StepError, UnreachableError
from schema_guard.execute.limits import Limits
from schema_guard.exit_codes import LOCKED, apply_code
from tests.environment.conftest import Command
from tests.environment.shop import Base
from tests.environment.test_budget import DRIVERS, engine
from tests.postgres.database import Database, wait_until


@pytest.fixture
def owner(shop: Database) -> Iterator[str]:
    """The URL of a role that owns the shop, and may have one connection."""
    role = f'Owner of "{shop.name}"'
    name = '"' + role.replace('"', '""') + '"'
    with shop.connect() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 1".encode())
        connection.execute(f"ALTER TABLE orders OWNER TO {name}".encode())
        connection.execute(f"GRANT CREATE ON SCHEMA public TO {name}".encode())
    yield shop.server.url(shop.name, user=role.replace('"', "%22").replace(" ", "%20"))
    with shop.connect() as connection:
        connection.execute(f"DROP OWNED BY {name} CASCADE".encode())
        connection.execute(f"DROP ROLE {name}".encode())


@pytest.mark.parametrize("driver", DRIVERS)
def test_apply_works_with_one_connection(driver: str, owner: str, shop: Database) -> None:
    """The guard lock is then held by the connection that works."""
    assert Guard(Base).apply(engine(owner, driver)).satisfied
    with shop.connect() as connection:  # the server takes a moment to end a session
        wait_until(connection, "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename LIKE 'Owner of%'")
    assert Guard(Base).check(engine(owner, driver)).satisfied


def test_the_one_connection_holds_the_lock_of_the_guard(shop: Database, owner: str) -> None:
    """Another role's guard waits; and a lock that was lost with the connection is noticed before the next step."""
    session = open_session(owner)
    step = next(step for step in Guard(Base).plan(shop.url).steps if "note" in step.object)
    with session.guard_lock("", 5):
        other = open_session(shop.url)
        with pytest.raises(LockTimeoutError, match="another guard is at work"), other.guard_lock("", 0.2):
            pass
        other.close()
        with shop.connect() as connection:
            held = (
                "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {held}".encode())
        with pytest.raises(StepError, match="the guard lock's connection was lost"):
            session.execute(step, 1, 5, lambda _: None)
        with pytest.raises(StepError, match="the guard lock's connection was lost"):
            session.execute(step, 1, 5, lambda _: None)
    session.close()


def test_who_holds_a_lock_is_named_without_a_second_connection(shop: Database, owner: str) -> None:
    with shop.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
        report = Guard(Base).apply(owner, Limits(budget=4, lock_timeout=0.5))
        assert apply_code(report) == LOCKED
        blockers = {who for result in report.results for attempt in result.attempts for who in attempt.blockers}
        assert any(f"pid {holder.info.backend_pid} " in who for who in blockers)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_limit_of_a_role_is_named(driver: str, shop: Database, owner: str) -> None:
    """With the statement that raises it, which works."""
    with psycopg.connect(owner.replace("+psycopg", "", 1)):
        with pytest.raises(UnreachableError, match="the role's CONNECTION LIMIT is reached") as full:
            Guard(Base).check(engine(owner, driver))
        assert "check needs one connection; apply works with one" in full.value.message
        with shop.connect() as connection:
            connection.execute(full.value.message.rpartition(": ")[2].encode())
        assert Guard(Base).apply(engine(owner, driver)).satisfied


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_limit_of_a_database_is_named(driver: str, shop: Database, owner: str) -> None:
    with shop.connect() as connection:
        connection.execute(f"ALTER DATABASE {shop.name} CONNECTION LIMIT 0".encode())
        with pytest.raises(UnreachableError, match="the database's CONNECTION LIMIT is reached") as full:
            Guard(Base).check(engine(owner, driver))
        connection.execute(full.value.message.rpartition(": ")[2].encode())
    assert Guard(Base).apply(engine(owner, driver)).satisfied


def test_a_limit_on_temporary_files(shop: Database, command: Command) -> None:
    """An index whose sort does not fit is a failed step of debt, with the limit; without the limit it is built."""
    with shop.connect() as connection:
        connection.execute(
            "INSERT INTO orders (quantity, customer) SELECT 1, repeat(md5(n::text), 2)::varchar(40)"
            " FROM generate_series(1, 60000) n"
        )
        for setting in ("temp_file_limit = '64kB'", "maintenance_work_mem = '1MB'"):
            connection.execute(f"ALTER DATABASE {shop.name} SET {setting}".encode())
    took = command("apply", shop.url)
    assert took.code == 0, took.said
    assert 'exceeds "temp_file_limit" (64kB); raise that limit for this role, then run again' in took.said
    with shop.connect() as connection:
        connection.execute(f"ALTER DATABASE {shop.name} RESET temp_file_limit".encode())
    assert "the database has all that the models expect" in command("apply", shop.url).said
