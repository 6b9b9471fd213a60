"""What is never printed: passwords, by their place and by their value."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from schema_guard import hidden
from schema_guard.hidden import hide, without_password

SECRET = "G3heim-Wort"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hidden, "_hidden", {})
    monkeypatch.setattr(hidden, "_public", set())
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://user:{SECRET}@host/name",
        f"postgresql://user:a@b/{SECRET}@host/name",
        f"cannot use 'postgresql+psycopg://user:two words {SECRET}@host/name'",
        f"host=h password={SECRET} user=u",
        f"host=h password='{SECRET} and more' user=u",
        f"?sslmode=require&sslpassword={SECRET}&x=1",
        f"KeyError: {{'user': 'me', 'password': '{SECRET}'}}",
        f'{{"db_password": "{SECRET}"}}',
        f"[('api_key', '{SECRET}')]",
        f"Config(host='h', passwd=b'{SECRET}')",
        f'connect(password = "{SECRET}")',
        f"syntax error in ALTER ROLE bob PASSWORD '{SECRET} it''s'",
        f"ALTER ROLE bob PASSWORD $x${SECRET}$x$",
        f"[parameters: ('{SECRET}', 5)]",
        f"options=-c%20app.token%3D{SECRET}",
    ],
)
def test_by_what_stands_before_it(text: str) -> None:
    assert SECRET not in without_password(text)
    assert "***" in without_password(text)


@pytest.mark.parametrize(
    "text",
    [
        "users.password: could not acquire the lock in time",
        "users.password_hash  column missing: VARCHAR(64)",
        "cannot connect to postgresql://user@host:5432/name: nothing listens there",
        "3 tokens, 2 secrets",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert without_password(text) == text


@pytest.mark.parametrize("password", ["two words", "p%40ss%3Aw%2Ford", "p@ss:w/örd", 'it\'s "quoted"', "a%20b+c%25d"])
def test_a_password_of_the_url_wherever_it_stands(password: str) -> None:
    """As it is written, and as it is meant."""
    from urllib.parse import unquote

    hide(f"postgresql://someone:{password}@host/name")
    for spelling in (password, unquote(password)):
        assert spelling not in without_password(f"missing = after >{spelling}< in connection info")


def test_what_the_url_says_openly_is_no_secret() -> None:
    """A password that is the user's name hides nothing."""
    hide("postgresql://postgres:postgres@localhost/postgres")
    assert without_password("role postgres, database postgres") == "role postgres, database postgres"


def test_the_passwords_of_a_large_fleet() -> None:
    """What a message costs does not depend on the number of URLs: a large fleet has many of both."""
    for number in range(20_000):
        hide(f"postgresql://app:Wort{number:05}@host{number}/name")
    assert without_password("it said Wort00007 and Wort19999, not Wort7") == "it said *** and ***, not Wort7"
    begun = time.process_time()
    for _ in range(100):
        without_password("connection to server at host7 refused")
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("name", ["PGPASSWORD", "DB_PASSWORD", "MY_API_KEY", "SECRET_KEY"])
def test_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, SECRET)
    assert without_password(f"it said {SECRET}.") == "it said ***."


def test_urls_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATEVER", f"postgresql://someone:{SECRET}@host/name?sslpassword=an0ther")
    assert without_password(f"it said {SECRET}, an0ther") == "it said ***, ***"


def test_the_password_file_and_the_service_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pass").write_text(f"host:5432:*:user:{SECRET}\\:more\n")
    (tmp_path / "services").write_text("[mine]\nhost=h\npassword=an0ther\n")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert without_password(f"it said {SECRET}:more, an0ther") == "it said ***, ***"
