"""No output of any command, format or verbosity holds a password, or a literal of another session's query."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from schema_guard import hidden
from tests.cli.conftest import Command
from tests.postgres.database import Database

PLAIN, SPACED, SPECIAL = "G3heim-Wort", "drei Worte G3heim", "G3heim:/@#?% &'\"ö"
MARK = "G3heim"
"""In each of them: what is looked for in all that comes out."""
TARGET = "shop:Base"

URLS = [
    f"postgresql+psycopg://someone:{PLAIN}@127.0.0.1:1/name",
    f"postgresql+psycopg2://someone:{SPACED}@127.0.0.1:1/name",
    f"postgresql+pg8000://someone:{quote(SPACED)}@127.0.0.1:1/name",
    f"postgresql+psycopg://someone:{quote(SPECIAL, safe='')}@127.0.0.1:1/name",
    f"postgresql+asyncpg://someone:{quote(SPECIAL, safe='')}@127.0.0.1:1/name",
    f"postgresql+psycopg://someone:p@ss/{PLAIN}@127.0.0.1:1/name",
    f"postgresql+psycopg://someone@127.0.0.1:1/name?password={PLAIN}",
    f"postgresql+psycopg://someone@127.0.0.1:1/name?password={quote(SPACED)}&sslpassword={PLAIN}",
    f"postgresql+psycopg://127.0.0.1:1/name?user=someone&password={PLAIN}&unknown=1",
    f"postgresql+psycopg://someone@127.0.0.1:1/name?options=-c%20app.token%3D{PLAIN}",
    f"postgresql+pg8000://someone@127.0.0.1:1/name?options=-c%20app.token%3D{PLAIN}",
    f"postgresql+psycopg://someone:{PLAIN}@127.0.0.1:port/name",
    f"postgresql+psycopg://someone:{PLAIN}@127.0.0.1:1/name?connect_timeout=soon",
    f"postgresql://someone:{PLAIN}@host with spaces/name",
    f"mysql://someone:{PLAIN}@127.0.0.1/name",
    f"someone:{PLAIN}@127.0.0.1/name",
    f"sqlite://someone:{PLAIN}@/file.db",
]
COMMANDS = [
    ("check", TARGET),
    ("plan", TARGET),
    ("apply", TARGET, "--wait", "0", "--budget", "3s"),
    ("run", TARGET, "--wait", "0", "--budget", "3s"),
    ("sql", TARGET),
]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hidden, "_hidden", {})
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("arguments", COMMANDS, ids=[arguments[0] for arguments in COMMANDS])
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_a_password_of_the_url(
    arguments: tuple[str, ...], way: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each form of a URL, whatever is wrong with it, with a traceback and without, as text and as JSON."""
    for url in URLS:
        given = ["--url", url] if way == "argument" or arguments[0] == "sql" else []
        monkeypatch.setenv("DATABASE_URL", url)
        further = ["--", "true"] if arguments[0] == "run" else []
        formats = [[], ["--format", "json"], ["--format", "html"]] if arguments[0] not in ("run", "sql") else [[]]
        for form in formats:
            ran = command(*arguments, *given, "-v", *form, *further)
            assert ran.code in (2, 3, 5), (url, ran)
            assert MARK not in ran.out + ran.err, url


def test_a_password_of_the_environment(
    command: Command, application: Path, monkeypatch: pytest.MonkeyPatch, postgres: str
) -> None:
    """PGPASSWORD, the password file, the service file: also when what they are for fails."""
    (application / "pass").write_text(f"*:*:*:*:{PLAIN}\n")
    (application / "pass").chmod(0o600)
    (application / "services").write_text(f"[mine]\nhost=127.0.0.1\nport=1\npassword={PLAIN}\n")
    monkeypatch.setenv("PGPASSFILE", str(application / "pass"))
    monkeypatch.setenv("PGSERVICEFILE", str(application / "services"))
    monkeypatch.setenv("PGPASSWORD", SPACED)
    nowhere = f"{postgres.rpartition('/')[0]}/there_is_none"
    for url in (nowhere, "postgresql+psycopg:///name?service=mine", "postgresql+psycopg2:///name?service=none"):
        for name in ("check", "apply"):
            ran = command(name, TARGET, "--url", url, "-v", *(["--wait", "0"] if name == "apply" else []))
            assert ran.code == 3, ran
            assert MARK not in ran.out + ran.err, url


@pytest.mark.parametrize(
    "line",
    [
        f"raise RuntimeError({{'user': 'me', 'password': '{SPACED}'}})",
        f'raise KeyError("no route to postgresql://me:{SPACED}@host/name")',
        f"import psycopg; psycopg.connect('host=127.0.0.1 port=1 password={PLAIN} unknown={PLAIN}')",
        f"from sqlalchemy import create_engine; create_engine('postgresql://me:{PLAIN}@127.0.0.1:1/name').connect()",
        f"connect = dict; connect(password='{PLAIN}')['nothing']",
        f"raise SystemExit('api_key={PLAIN}')",
        "import os; raise ValueError('cannot log in with ' + os.environ['MAIL_PASSWORD'])",
    ],
)
def test_errors_of_the_application(
    line: str, command: Command, application: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is imported; the line of the source is part of a traceback."""
    monkeypatch.setenv("MAIL_PASSWORD", SPACED)
    (application / "shop.py").write_text(f"{line}\n")
    for form in ([], ["--format", "json"]):
        ran = command("check", TARGET, "--url", "sqlite:///shop.db", "-v", *form)
        assert ran.code == 2, ran
        assert MARK not in ran.out + ran.err


HELD = [
    f"ALTER ROLE postgres SET app.token = '{PLAIN}'",
    f"DO $$ BEGIN PERFORM '{PLAIN}'; END $$",
    f"SELECT E'\\'{PLAIN}', $x${PLAIN}$x$, 4111111111111111 /* {PLAIN} */ -- {PLAIN}",
    f"SET app.token = '{PLAIN}'",
    f"SELECT '{'x' * 5000} {PLAIN}'",
]


@pytest.mark.parametrize("query", HELD)
@pytest.mark.parametrize("lock", ["ACCESS EXCLUSIVE", "ROW EXCLUSIVE"])
def test_the_query_of_who_holds_a_lock(query: str, lock: str, command: Command, postgres_database: Database) -> None:
    """Its shape is printed, in the finding and in each attempt; none of its literals."""
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE users (id serial PRIMARY KEY)")
        connection.execute("CREATE TABLE proposals (id serial PRIMARY KEY, user_id integer REFERENCES users)")
    with postgres_database.connect(autocommit=False) as holder:
        holder.execute(f"LOCK TABLE proposals IN {lock} MODE".encode())
        holder.execute(query.encode())
        for form in ([], ["--format", "json"], ["--format", "html"]):
            arguments = ("--budget", "2s", "--lock-timeout", "300ms", "-v")
            ran = command("apply", TARGET, "--url", postgres_database.url, *arguments, *form)
            assert ran.code == 4, ran
            assert f"pid {holder.info.backend_pid} (idle in transaction" in ran.out + ran.err
            assert MARK not in ran.out + ran.err
            assert "4111111111111111" not in ran.out + ran.err
        holder.rollback()


ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
import sqlalchemy as sa
revision, down_revision, branch_labels, depends_on = "a1", None, None, None
def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("token", sa.String, unique=True))
    op.get_bind().execute(sa.text("INSERT INTO users (token) VALUES (:t)"), {"t": "G3heim-Wort"})
    op.get_bind().execute(sa.text("INSERT INTO users (token) VALUES (:t)"), {"t": "G3heim-Wort"})
"""


@pytest.fixture
def chain(application: Path) -> Path:
    (application / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (application / "migrations" / "versions").mkdir(parents=True)
    (application / "migrations" / "env.py").write_text(ENV)
    (application / "migrations" / "versions" / "a1.py").write_text(REVISION)
    return application


@pytest.mark.parametrize("arguments", [("doctor", TARGET), ("deploy", TARGET, "--wait", "0", "--budget", "20s")])
def test_the_chain(arguments: tuple[str, ...], chain: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What env.py and its driver say of a URL that leads nowhere; a file that is written."""
    url = URLS[3]
    monkeypatch.setenv("DATABASE_URL", url)
    for form in ([], ["--format", "json"]):
        ran = command(*arguments, "-v", *form)
        assert ran.code == 3, ran
        assert MARK not in ran.out + ran.err
    texts = [path.read_bytes() for path in chain.rglob("*") if path.is_file() and path.suffix not in (".pyc",)]
    assert not any(MARK.encode() in text for text in texts if text != REVISION.encode())


ENV_THAT_FAILS = {
    "prints": "import os, sys\nprint(os.environ['DATABASE_URL'])\nprint(os.environ['DATABASE_URL'], file=sys.stderr)\n"
    + ENV,
    "raises": "import os\nraise RuntimeError('cannot reach ' + os.environ['DATABASE_URL'])\n",
    "raises another": "import os\nfrom sqlalchemy import make_url\n"
    "raise ValueError({'password': make_url(os.environ['DATABASE_URL']).password})\n",
    "ends": "import os, sys\nsys.exit(os.environ['DATABASE_URL'])\n",
    "writes itself": "import os\nos.write(2, os.environ['DATABASE_URL'].encode()); os.write(1, b'x')\nos._exit(3)\n",
    "logs": "import os, logging\nlogging.basicConfig()\nlogging.error('%s', os.environ['DATABASE_URL'])\n" + ENV,
}
OF_THE_CHAIN = [
    ("doctor", TARGET, "--replay-on", "sqlite"),
    ("stamp", TARGET, "--wait", "1"),
    ("deploy", TARGET, "--wait", "0", "--budget", "20s"),
    ("deploy", TARGET, "--repair-chain", "--wait", "0", "--budget", "20s"),
    ("plan", TARGET),
    ("apply", TARGET, "--wait", "0", "--budget", "20s"),
    ("run", TARGET, "--wait", "0", "--budget", "20s"),
    ("revision", TARGET, "-m", "words"),
]


@pytest.mark.parametrize("env", ENV_THAT_FAILS.values(), ids=ENV_THAT_FAILS)
@pytest.mark.parametrize("reached", [True, False], ids=["reached", "not reached"])
def test_an_env_py_that_tells(
    env: str, reached: bool, chain: Path, command: Command, monkeypatch: pytest.MonkeyPatch, postgres_database: Database
) -> None:
    """Every command that runs env.py or could, in every format, with a traceback: on a server that is there and not."""
    (chain / "migrations" / "env.py").write_text(env)
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE users (id serial PRIMARY KEY)")
    url = postgres_database.server.url(postgres_database.name, user=f"postgres:{PLAIN}")
    monkeypatch.setenv("DATABASE_URL", url if reached else URLS[0])
    for arguments in OF_THE_CHAIN:
        name = arguments[0]
        if name == "run" and reached:
            continue  # it would become its command
        formats = [[], ["--format", "json"]] if name not in ("run", "revision") else [[]]
        formats += [["--format", "sql"]] if name == "plan" else []
        for form in formats:
            verbose = [] if name == "revision" else ["-v"]
            ran = command(*arguments, *verbose, *form, *(["--", "false"] if name == "run" else []))
            assert MARK not in ran.out + ran.err, (arguments, form)
    written = [path for path in chain.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [path for path in written if MARK.encode() in path.read_bytes() and path.name != "a1.py"] == []


def test_a_revision_that_fails_and_the_command_lines_of_the_processes(chain: Path, postgres_database: Database) -> None:
    """No row's values, no parameters of SQLAlchemy's error; and no password in any process's arguments."""
    with postgres_database.connect() as connection:
        role = f"role_{postgres_database.name}"
        connection.execute(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{PLAIN}'".encode())
    url = postgres_database.server.url(postgres_database.name, user=f"{role}:{PLAIN}")
    arguments = [sys.executable, "-m", "schema_guard", "deploy", TARGET, "--wait", "0", "-v"]
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "DATABASE_URL": url},
        text=True,
    )
    seen: set[str] = set()
    watching = threading.Thread(target=_watch, args=(process, seen))
    watching.start()
    said = process.communicate()[0]
    watching.join()
    with postgres_database.connect() as connection:
        connection.execute(f"DROP ROLE {role}".encode())
    assert process.returncode == 5, said
    assert "UniqueViolation" in said
    assert MARK not in said
    assert any("schema_guard.chain.sandbox.host" in line for line in seen), "the child was seen"
    assert not any(MARK in line for line in seen)


def _watch(process: subprocess.Popen[str], seen: set[str]) -> None:
    while process.poll() is None:
        seen.update(_command_lines())


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
