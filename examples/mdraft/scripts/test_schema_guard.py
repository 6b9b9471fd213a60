"""Tests the guard as the start command runs it: `python3 scripts/test_schema_guard.py`.

On a temporary SQLite file and, when TEST_DATABASE_URL names a PostgreSQL server, on a database of its own there,
dropped afterwards. It never looks at the database that the application uses.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from uuid import uuid4

HOME = Path(__file__).resolve().parent.parent
# Started as a file, this directory would hide the package schema_guard behind the script of that name.
sys.path[:] = [str(HOME), *(entry for entry in sys.path if Path(entry or ".").resolve() != HOME / "scripts")]

from sqlalchemy import Engine, create_engine, func, insert, select, text, update  # noqa: E402
from sqlalchemy.exc import DBAPIError  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402
from sqlalchemy.pool import NullPool  # noqa: E402

from demo import before, request  # noqa: E402
from mdraft.guard import guard  # noqa: E402
from mdraft.models import Conversion, Proposal, User, now  # noqa: E402
from schema_guard.config import normalise_url  # noqa: E402


class Installed(unittest.TestCase):
    """The day before anonymous visitors came, on SQLite."""

    def make_url(self) -> str:
        return f"sqlite:///{self.folder}/mdraft.db"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="mdraft-guard-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.url = self.make_url()
        self.engine: Engine = create_engine(normalise_url(self.url), poolclass=NullPool)
        self.lay_down()

    def lay_down(self) -> None:
        """Eight tables as the last release left them, with some rows."""
        metadata, stamps = before(), {"created_at": now(), "updated_at": now()}
        metadata.create_all(self.engine)
        tables = metadata.tables
        rows: dict[str, list[dict[str, object]]] = {
            "users": [{"email": f"{name}@example.com", "password_hash": "-"} for name in ("ada", "bob", "eve")],
            "proposals": [{"user_id": number % 3 + 1, "name": "Roof", "status": "active"} for number in range(9)],
            "conversions": [{"id": str(number), "filename": "a.pdf", "status": "COMPLETED"} for number in range(12)],
        }
        with self.engine.begin() as connection:
            for name, some in rows.items():
                connection.execute(insert(tables[name]), [{**row, **stamps} for row in some])

    def start(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """What stands before `&&` in the start command."""
        inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME", "LANG") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "scripts.schema_guard"],
            check=False,
            cwd=HOME,
            env={
                **inherited,
                "DATABASE_URL": self.url,
                "QUEUE_URL": f"sqlite:///{self.folder}/queue.db",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
        )


class Guarded(Installed):
    """What the guard does to it."""

    def test_the_request_that_failed_works_and_nothing_is_lost(self) -> None:
        self.assertFalse(guard.check(self.engine).satisfied)
        with Session(self.engine) as session, self.assertRaises(DBAPIError):
            request(session)
        done = self.start()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(guard.check(self.engine).satisfied)
        with Session(self.engine) as session:
            self.assertIn("0 recent conversions", request(session))
            session.rollback()
            self.assertEqual(session.scalar(select(func.count()).select_from(Proposal)), 9)
            self.assertEqual(session.scalar(select(func.count()).select_from(Conversion)), 12)
        again = self.start()
        self.assertEqual(again.returncode, 0)
        self.assertIn("nothing to do", again.stdout)

    def test_a_conversion_without_an_owner_takes_its_proposals_and_no_other_is_touched(self) -> None:
        self.start()
        with Session(self.engine) as session:
            someone = session.scalars(select(User.id).order_by(User.id.desc()).limit(1)).one()
            proposal = session.scalars(select(Proposal).where(Proposal.user_id != someone).limit(1)).one()
            first, second = session.scalars(select(Conversion).limit(2)).all()
            first.proposal_id = second.proposal_id = proposal.id
            second.user_id = someone
            owner, ids = proposal.user_id, (first.id, second.id)
            session.commit()
        self.start()
        with Session(self.engine) as session:
            found = [session.get_one(Conversion, each).user_id for each in ids]
        self.assertEqual(found, [owner, someone])

    def test_three_proposals_without_an_owner_do_not_stop_the_application(self) -> None:
        self.start()
        with Session(self.engine) as session:
            self.lay_down_ownerless(session)
        done = self.start()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("3 rows", done.stdout)

    def lay_down_ownerless(self, session: Session) -> None:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE proposals DROP CONSTRAINT ck_proposals_owner_present"))
        else:
            connection.execute(text("PRAGMA writable_schema = ON"))
            connection.execute(
                text(
                    "UPDATE sqlite_master SET sql = replace(sql, 'visitor_session_id IS NOT NULL)', '1)') "
                    "WHERE name = 'proposals'"
                )
            )
            connection.execute(text("PRAGMA writable_schema = RESET"))
        session.execute(update(Proposal).where(Proposal.id <= 3).values(user_id=None))
        session.commit()


@unittest.skipUnless(os.environ.get("TEST_DATABASE_URL"), "TEST_DATABASE_URL names no PostgreSQL server")
class GuardedOnPostgresql(Guarded):
    """The same on PostgreSQL."""

    def make_url(self) -> str:
        server = normalise_url(os.environ["TEST_DATABASE_URL"])
        name = f"mdraft_test_{uuid4().hex[:12]}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)

        def run(statement: str) -> None:
            with engine.connect() as connection:
                connection.execute(text(statement))

        run(f"CREATE DATABASE {name}")
        self.addCleanup(run, f"DROP DATABASE {name} WITH (FORCE)")
        return server.set(database=name).render_as_string(hide_password=False)


class Refused(Installed):
    """Nothing is skipped silently."""

    def test_nothing_to_guard_is_an_error_in_production(self) -> None:
        done = self.start(MDRAFT_ENV="production", SECRET_KEY="x", DATABASE_URL="")
        self.assertEqual(done.returncode, 2)
        self.assertIn("DATABASE_URL", done.stderr)

    def test_a_server_that_does_not_answer_has_its_own_exit_code(self) -> None:
        done = self.start(DATABASE_URL="postgres://mdraft:secret@127.0.0.1:1/mdraft", SCHEMA_GUARD_WAIT="1s")
        self.assertEqual(done.returncode, 3)
        self.assertNotIn("secret", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
