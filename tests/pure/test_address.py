"""A database URL's parts, held against SQLAlchemy's own reading and writing."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, make_url

from schema_guard.address import Address, address_of, parse_address

URLS = [
    "sqlite://",
    "sqlite:///app.db",
    "sqlite:////var/lib/a%20b%3F.db",
    "sqlite:///file:app.db?mode=ro&uri=true",
    "sqlite:///:memory:",
    "postgresql://",
    "postgresql:///",
    "postgresql:///name",
    "postgresql://host",
    "postgresql://host/",
    "postgresql://host:5432",
    "postgresql://@host/name",
    "postgresql://me@host/name",
    "postgresql://me:@host/name",
    "postgresql://:secret@host/name",
    "postgresql+psycopg2://me:p%40ss%2Fw%3Ard%25@host:5433/name",
    "postgresql+psycopg://me:p@ss@host/name",
    "postgresql+psycopg://me:a+b%20c d@host/a+b c/d%2Fe",
    "postgresql+asyncpg://m%C3%A9:sécret@höst/näme?ssl=require",
    "postgresql://me@[::1]/name",
    "postgresql://me@[2001:db8::1]:5433/name",
    "postgresql:///name?host=/var/run/postgresql",
    "postgresql:///name?host=a:5432&host=b:5433&host=c",
    "postgresql:///name?port=5433&host=%2Frun&user=me&password=p%26s%3D",
    "postgresql://me@host/name?options=-csearch_path%3Dapp%2Cpublic&sslmode=verify-full&sslrootcert=/etc/a+b.pem",
    "postgresql:///?service=mine",
    "postgresql://host/name?",
    "postgresql://host/name?a=&b=1&b=2&b=3&c",
    "postgresql://host/name?b=2&a=1&b=",
    "postgresql://host?x=1",
    "postgresql://a,b,c/name",
    "postgresql://host/name#part",
    "post+gres+x://h",
    "mysql+pymysql://h/d\nand more",
]
WRONG = ["", "host/name", "postgresql:/host", "://host", "post-gres://host"]
NO_PORTS = ["postgresql://host:/name", "postgresql://host:port/name", "postgresql://a:1,b:2/name", "postgresql://h:5x"]


@pytest.mark.parametrize("url", URLS)
def test_it_is_what_sqlalchemy_reads_and_writes(url: str) -> None:
    theirs, ours = make_url(url), parse_address(url)
    assert tuple(ours) == (*theirs, "")
    assert ours.sqlalchemy() == theirs
    assert address_of(theirs) == ours
    assert ours.system == theirs.get_backend_name()
    for hidden in (True, False):
        assert ours.render_as_string(hidden) == theirs.render_as_string(hidden)


@pytest.mark.parametrize("url", WRONG)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(LookupError):
        parse_address(url)


@pytest.mark.parametrize("url", NO_PORTS)
def test_a_port_that_is_no_number(url: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_address(url)


def test_it_has_the_fields_of_sqlalchemys_url() -> None:
    assert Address._fields == (*URL._fields, "app_driver")
