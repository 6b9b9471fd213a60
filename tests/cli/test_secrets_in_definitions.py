"""A default, a CHECK, an index or a comment may hold a password: no sentence and no format prints it."""

from __future__ import annotations

from pathlib import Path

import pytest

from schema_guard.render.formats import formats_of
from tests.cli.conftest import Command
from tests.postgres.database import Database

SECRET = "S3cr3tPwd9"
MODELS = f"""
from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Hook(Base):
    __tablename__ = "hooks"
    __table_args__ = (
        CheckConstraint("key <> 'password={SECRET}'", name="ck_key"),
        Index("ix_url", "id", postgresql_where=text("url <> 'https\\\\://u\\\\:{SECRET}@h'")),
        {{"comment": "psql postgresql://x:{SECRET}@h/d"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str | None] = mapped_column(String(200), server_default="postgres://al:{SECRET}@db/y")
    key: Mapped[str | None] = mapped_column(String(200), server_default="pwd={SECRET}", comment="token={SECRET}")
    head: Mapped[str | None] = mapped_column(String(200), server_default="Authorization: Bearer {SECRET}")
    late: Mapped[str | None] = mapped_column(String(200), server_default='{{"secret": "{SECRET}"}}')
"""
LIVE = f"""
CREATE TABLE hooks (id serial PRIMARY KEY, url varchar(200) DEFAULT 'postgres://bob:{SECRET}@db/x',
  key varchar(200) DEFAULT 'password={SECRET}' CHECK (key <> 'api_key={SECRET}'),
  head varchar(200) DEFAULT 'x?access_token={SECRET}');
CREATE INDEX ix_own ON hooks (id) WHERE url <> 'mysql://root:{SECRET}@h/d';
COMMENT ON TABLE hooks IS 'redis://:{SECRET}@h/0';
"""


@pytest.mark.parametrize("name", ["check", "plan", "apply"])
def test_no_format_prints_it(name: str, postgres_database: Database, application: Path, command: Command) -> None:
    (application / "hooks.py").write_text(MODELS)
    with postgres_database.connect() as connection:
        connection.execute(LIVE.encode())
    for format_ in formats_of(name):
        done = command(name, "hooks:Base", "--url", postgres_database.url, "--format", format_)
        assert done.code in (0, 1), done.err
        said = done.out + done.err
        if format_ != "sql":
            assert SECRET not in said, (format_, said)
        if format_ == "text" and name == "check":
            assert "server default is 'postgres://bob:***@db/x'" in said
            assert "plan --format sql writes statements as they are" in done.err


def test_a_script_is_run_and_so_is_whole(postgres_database: Database, application: Path, command: Command) -> None:
    (application / "hooks.py").write_text(MODELS)
    with postgres_database.connect() as connection:
        connection.execute(LIVE.encode())
    script = command("plan", "hooks:Base", "--url", postgres_database.url, "--format", "sql").out
    assert f"DEFAULT 'postgres://al:{SECRET}@db/y'" in script
    assert not [line for line in script.splitlines() if line.startswith("--") and "bob" in line and SECRET in line]
    done = postgres_database.server.psql(postgres_database.name, text=script)
    assert done.returncode == 0, done.stderr


def test_nothing_is_said_to_be_left_out_where_nothing_is(
    postgres_database: Database, application: Path, command: Command
) -> None:
    """The URL in `next:` makes the output look as if it could hold a secret."""
    done = command("check", "shop:Base", "--url", postgres_database.url)
    assert "next: schema-guard plan shop:Base --url postgresql" in done.out
    assert "***" not in done.err
