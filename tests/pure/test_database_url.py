"""URLs as hosts write them become URLs that work with an installed driver."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from schema_guard.database_url import normalise, normalise_url
from schema_guard.errors import ConfigurationError


def only(*modules: str) -> Callable[[str], bool]:
    return lambda module: module in {*modules, "sqlite3"}


def text(url: str, *modules: str) -> str:
    return normalise(url, only(*modules)).url.render_as_string(hide_password=False)


def refusal(url: str, *modules: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        normalise(url, only(*modules))
    return caught.value.message


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "pgsql"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_a_bare_scheme_takes_the_driver_that_is_installed(scheme: str, driver: str) -> None:
    assert text(f"{scheme}://me:p%40ss@host:5433/db", driver) == f"postgresql+{driver}://me:p%40ss@host:5433/db"


def test_a_bare_scheme_takes_what_sqlalchemy_would_take() -> None:
    default = sa.create_engine("postgresql+psycopg://").dialect and sa.dialects.postgresql.dialect.driver
    assert text("postgresql://h/d", "psycopg", "psycopg2", "pg8000") == f"postgresql+{default}://h/d"


def test_the_quickest_driver_where_none_is_named() -> None:
    every = only("psycopg", "psycopg2", "pg8000", "asyncpg")
    for url, driver in (("postgres://h/d", "psycopg2"), ("postgresql+asyncpg://h/d", "psycopg2")):
        assert normalise(url, every, quickest=True).address.drivername == f"postgresql+{driver}"
    assert normalise("postgresql+psycopg://h/d", every, quickest=True).address.drivername == "postgresql+psycopg"
    assert normalise("postgres://h/d", only("asyncpg"), quickest=True).address.drivername == "postgresql+asyncpg"


def test_a_named_driver_stays() -> None:
    assert text("postgresql+pg8000://h/d", "psycopg", "pg8000") == "postgresql+pg8000://h/d"


@pytest.mark.parametrize("named", ["psycopg2", "pg8000", "nonsense", "os"])
def test_a_named_driver_that_is_missing_is_replaced_with_a_note(named: str) -> None:
    found = normalise(f"postgresql+{named}://h/d", only("psycopg", "os"))
    assert found.url.drivername == "postgresql+psycopg"
    assert found.notes == (f"the driver {named} is not installed, psycopg is used",)


def test_no_driver_at_all_says_what_to_install() -> None:
    assert 'pip install "psycopg[binary]"' in refusal("postgres://me:geheim@h/d")


def test_asyncpg_gives_way_to_a_synchronous_driver_and_its_arguments_are_translated() -> None:
    url = "postgresql+asyncpg://h/d?ssl=require&prepared_statement_cache_size=0"
    assert text(url, "psycopg", "asyncpg") == "postgresql+psycopg://h/d?sslmode=require"
    assert text("postgresql+asyncpg://h/d?ssl=true", "psycopg2") == "postgresql+psycopg2://h/d?sslmode=require"


def test_asyncpg_stays_where_it_is_the_only_driver_and_sslmode_is_translated() -> None:
    assert text("postgresql://h/d?sslmode=require", "asyncpg") == "postgresql+asyncpg://h/d?ssl=require"


def test_the_asynchronous_psycopg_becomes_the_synchronous_one() -> None:
    assert text("postgresql+psycopg_async://h/d", "psycopg") == "postgresql+psycopg://h/d"


def test_arguments_of_hosts_are_kept_for_libpq() -> None:
    url = "postgres://u:p@h/d?sslmode=require&options=-csearch_path%3Dapp"
    assert normalise(url, only("psycopg")).url.query == {"sslmode": "require", "options": "-csearch_path=app"}


def test_a_search_path_is_never_dropped_silently() -> None:
    assert "options=" in refusal("postgres://h/d?options=-csearch_path%3Dapp", "pg8000")


def test_encryption_is_never_dropped_silently() -> None:
    assert "sslmode" in refusal("postgres://h/d?sslmode=require", "pg8000")
    assert text("postgres://h/d?sslmode=prefer", "pg8000") == "postgresql+pg8000://h/d"


def test_what_a_driver_does_not_take_is_left_out_with_a_note() -> None:
    found = normalise("postgres://h/d?connect_timeout=5", only("pg8000"))
    assert not found.url.query
    assert found.notes == ("pg8000 does not take connect_timeout=, it is left out",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite://", "sqlite://"),
        ("sqlite:///app.db", "sqlite:///app.db"),
        ("sqlite:////var/app.db", "sqlite:////var/app.db"),
        ("sqlite+aiosqlite:///app.db", "sqlite:///app.db"),
        ("sqlite:///app.db?mode=ro&timeout=3", "sqlite:///app.db?timeout=3"),
        ("sqlite+pysqlite:///app.db?mode=ro&uri=true", "sqlite:///app.db?mode=ro&uri=true"),
        ("  'sqlite:///app.db'\n", "sqlite:///app.db"),
    ],
)
def test_sqlite(given: str, expected: str) -> None:
    assert text(given) == expected


def test_two_slashes_are_a_mistake_that_is_told() -> None:
    assert "sqlite:///app.db" in refusal("sqlite://app.db")


@pytest.mark.parametrize("system", ["mysql", "mariadb+pymysql", "mssql+pyodbc", "oracle", "cockroachdb"])
def test_other_systems_are_named(system: str) -> None:
    told = refusal(f"{system}://me:geheim@h/d")
    assert repr(system.partition("+")[0]) in told
    assert "geheim" not in told


@pytest.mark.parametrize(
    "garbled", ["", "   ", "host/db", "postgres", "postgres:/u:geheim@h", "postgres://u:geheim@h:port/d", "://x"]
)
def test_garbled_urls_say_what_is_expected_and_no_password(garbled: str) -> None:
    told = refusal(garbled, "psycopg")
    assert "database URL" in told
    assert "geheim" not in told


def test_with_what_is_really_installed() -> None:
    engine = sa.create_engine(normalise_url("postgres://u@h/d"))
    assert engine.dialect.name == "postgresql"


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1"])
@pytest.mark.parametrize(
    "url", ["postgresql://h:{}/d", "postgresql:///d?host=/run/pg&port={}", "postgres://me:p@h:{}/d"]
)
def test_a_port_that_no_server_can_have(url: str, port: str) -> None:
    assert f"names port {port}; expected 1 to 65535" in refusal(url.format(port), "psycopg")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://ho st/d", "there is a space in the host's name"),
        ("postgresql://me:first@rest@h/d", "more than one @ before the host; in a password write @ as %40"),
        ("postgresql://me:first@the/rest@h:5432/d", "a / before the last @; in a password write @ / : # as %40 %2F"),
        ("postgresql://h1:1,h2:2/d", "several hosts are written ?host=A:PORT&host=B:PORT"),
        ("postgresql://me@%2Fvar%2Frun/d", "write postgresql:///d?host=/var/run"),
    ],
)
def test_a_host_that_is_none(url: str, says: str) -> None:
    told = refusal(url, "psycopg")
    assert says in told
    assert "rest" not in told, "the end of a password"


def test_an_at_sign_in_the_name_of_a_database_or_a_folder() -> None:
    assert text("postgresql://me:p@h/a@b", "psycopg") == "postgresql+psycopg://me:p@h/a%40b"
    assert text("sqlite:////home/me@work/app.db", "psycopg") == "sqlite:////home/me%40work/app.db"


@pytest.mark.parametrize("url", ["postgresql:///d", "postgresql:///d?host=/var/run", "postgresql://h/d?port=5433"])
def test_a_host_that_is_left_to_the_driver(url: str) -> None:
    assert text(url, "psycopg") == url.replace("postgresql", "postgresql+psycopg", 1).replace(
        "/var/run", "%2Fvar%2Frun"
    )
