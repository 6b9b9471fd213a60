"""Which file a URL names: the one that SQLAlchemy has SQLite open."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.dialects.sqlite.location import locate_database

PLAIN = ("sqlite:///app.db", "sqlite:///file:app.db", "sqlite:///app.db?mode=ro", "sqlite:///a%20b.db")
URIS = (
    "sqlite:///file:app.db?uri=true",
    "sqlite:///file:app.db?uri=1&timeout=3",
    "sqlite:///file:app.db?mode=rwc&uri=true",
    "sqlite:///file:a%2520b.db?uri=true",
    "sqlite:///app.db?uri=true",
    "sqlite:///app.db?cache=private&uri=true",
)


def opened(url: str) -> str:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("PRAGMA database_list").one()[2])


@pytest.mark.parametrize("url", [*PLAIN, *URIS])
def test_the_guard_looks_at_the_file_that_the_application_opens(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only with `uri=true` is `file:` more than a part of the name."""
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        before = locate_database(engine)
        assert before.missing
        assert not before.read_only
        Guard(sa.MetaData()).check(engine)
        assert list(tmp_path.iterdir()) == [], "a check makes no file"
        assert before.path == opened(url)
    assert not locate_database(engine).missing


@pytest.mark.parametrize(
    "url", ["sqlite:///file:app.db?mode=ro&uri=true", "sqlite:///file:app.db?immutable=1&uri=true"]
)
def test_a_file_that_its_url_opens_for_reading(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.db").touch()
    assert locate_database(sa.create_engine(url)).read_only
