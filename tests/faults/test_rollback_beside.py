"""A rollback in the middle of `deploy --beside RELEASE`: the newer release goes away, the older one boots, then the
newer one again. Nothing is lost, each of them starts, and what was held is done exactly once, at the end."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.concurrency.releases import REVISION
from tests.faults.kill_guard import points
from tests.faults.test_kill_beside import BEFORE, NEWER, OLDER, beside_older, constraints, older_works, send
from tests.faults.victim import Ended, Victims
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
import os
with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
NOTE = "op.execute(\"INSERT INTO ledger (line) VALUES ('n2')\")"
KILLS = {"apply": 3, "deploy": 2}
"""By the command that the older release boots with: a deploy is slower, since it starts the project's own code."""
CHANGES = re.compile(r"(CREATE|ALTER|DROP|UPDATE|INSERT|DELETE|COMMENT)\b(?! TEMP)")


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    """With two images: the newer one's chain has one revision more, which changes rows."""
    for name, models in (("older", OLDER), ("newer", NEWER)):
        versions = tmp_path / name / "migrations" / "versions"
        versions.mkdir(parents=True)
        (tmp_path / name / "shop.py").write_text(models, encoding="utf-8")
        (tmp_path / name / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
        (versions.parent / "env.py").write_text(ENV)
        (versions / "n1.py").write_text(REVISION.format(id="n1", down=None, upgrade="pass"))
    (tmp_path / "newer/migrations/versions/n2.py").write_text(REVISION.format(id="n2", down="n1", upgrade=NOTE))
    with beside_older(tmp_path, "older/shop.py") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Iterator[str]]:
    """URLs, each of a database of its own as the older release's chain left it."""
    made: list[Database] = []

    def urls() -> Iterator[str]:
        for number in range(max(KILLS.values()) + 1):
            folder, key = tmp_path / f"database{number}", "INTEGER NOT NULL PRIMARY"
            if request.param == "sqlite":
                folder.mkdir()
                url = f"sqlite:///{folder / 'app.db'}"
            else:
                server: Cluster = request.getfixturevalue("postgres_server")
                made.append(create(server))
                url, key = made[-1].url, "SERIAL NOT NULL PRIMARY"
            send(
                url,
                *(each.replace("INTEGER NOT NULL PRIMARY", key) for each in BEFORE),
                "CREATE TABLE ledger (line VARCHAR(9))",
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
                "INSERT INTO alembic_version VALUES ('n1')",
            )
            yield url
            if request.param == "sqlite":
                shutil.rmtree(folder)

    yield urls()
    for database in made:
        database.drop()


def changes(ended: Ended) -> list[str]:
    return [statement for statement in ended.statements if CHANGES.match(statement)]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("boots", ["apply", "deploy"])
def test_each_release_starts_and_what_was_held_is_done_once(
    databases: Iterator[str], victims: Victims, tmp_path: Path, boots: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def release(name: str, command: str, url: str, *more: str, **fault: Any) -> Ended:
        image = tmp_path / name
        chain = ("-c", str(image / "alembic.ini"))
        return victims.run(command, f"{image / 'shop.py'}:models", "--url", url, *chain, *more, **fault)

    def well(when: str, url: str, steps: Sequence[tuple[str, ...]]) -> list[Ended]:
        done = []
        for name, command, *more in steps:
            done.append(release(name, command, url, *more))
            assert done[-1].code == 0, f"{when}: {name} {command}: {done[-1].out}{done[-1].err}"
            assert send(url, "SELECT version_num FROM alembic_version") == [("n2",)], when
        return done

    beside = ("--beside", str(tmp_path / "older.json"))
    url = next(databases)
    first = release("newer", "deploy", url, *beside)
    assert first.code == 0, first.out + first.err
    begun = next(number for number, each in enumerate(first.statements, 1) if CHANGES.match(each))
    everywhere = [(at, how) for at, how in points(first.statements, changes_only=True) if at >= begun]
    for at, how in everywhere[:: max(1, -(-len(everywhere) // KILLS[boots]))]:
        url = next(databases)
        when = f"killed {how} statement {at}: {first.statements[at - 1]}"
        assert release("newer", "deploy", url, *beside, at=at, how=how).killed, when
        (older,) = well(when, url, [("older", boots)])
        assert changes(older) == [], f"{when}: the older release repairs nothing"
        older_works(url, when)
        well(when, url, [("newer", boots, *beside), ("older", boots)])
        older_works(url, f"rolled back twice, {when}")
        assert constraints(url) == set(), when
        send(url, "UPDATE users SET locale = 'de'")
        last, after = well(when, url, [("newer", boots), ("newer", boots)])
        assert constraints(url) == {"uq_email", "ck_number", "fk_user", "NOT NULL email", "NOT NULL locale"}, when
        assert changes(after) == [], when
        assert send(url, "SELECT line FROM ledger") == [("n2",)], when
        assert send(url, "SELECT id, email FROM users ORDER BY id") == [(101, "a@b"), (102, "c@d")], when
        assert any("email" in statement for statement in changes(last)), when
