"""Guard the models of real applications of other people; `python tests/applications/run.py --help`.

Each application is installed in a virtual environment of its own; each situation gets a database of its own.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
GUARD_NEEDS = ("psycopg[binary]", "click", "rich", "alembic")
SITUATIONS = ("created", "head", "older")


def installed(name: str, requires: tuple[str, ...], room: Path) -> Path:
    """The Python of the application's virtual environment, made when it isn't there."""
    home = room / name
    python = home / "bin" / "python"
    stamp = home / "installed"
    if not stamp.exists():
        print(f"{name}: installing {', '.join(requires)}", flush=True)
        venv.create(home, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requires, *GUARD_NEEDS], check=True)
        stamp.touch()
    return python


@contextmanager
def fresh_database(server: str, name: str) -> Iterator[str]:
    """The URL of an empty database, gone afterwards; `server` is "sqlite" or a PostgreSQL URL to make it from."""
    if server == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/{name}.db"
        return
    import sqlalchemy as sa

    url = sa.make_url(server)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        engine.dispose()


def visit(python: Path, name: str, situation: str, url: str, log: Path) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with log.open("w") as noise:
        done = subprocess.run(
            [python, HERE / "visit.py", name, situation, url],
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=noise,
            text=True,
        )
    if not done.stdout:
        return {"error": f"no answer, see {log}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def shown(told: dict[str, Any]) -> None:
    for key, value in told.items():
        if isinstance(value, list):
            print(f"  {key}: {len(value) or 'none'}")
            for item in value:
                print(f"    {item}")
        else:
            print(f"  {key}: {value}")


def main() -> None:
    names = sorted(path.stem for path in (HERE / "described").glob("*.py") if path.stem != "__init__")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("applications", nargs="*", help=", ".join(names))
    parser.add_argument("--server", action="append", help="sqlite, or a PostgreSQL URL that may CREATE DATABASE")
    parser.add_argument("--situation", action="append", choices=SITUATIONS)
    parser.add_argument("--room", type=Path, default=Path(tempfile.gettempdir()) / "schema-guard-applications")
    given = parser.parse_args()
    failed = False
    for name in given.applications or names:
        application = importlib.import_module(f"described.{name}")
        python = installed(name, application.REQUIRES, given.room)
        for server in given.server or ["sqlite"]:
            for situation in given.situation or SITUATIONS:
                with fresh_database(server, f"sg_application_{name}_{os.getpid()}") as url:
                    title = f"{name} {situation} on {server if server == 'sqlite' else 'PostgreSQL ' + server[-20:]}"
                    print(f"\n{title}", flush=True)
                    told = visit(python, name, situation, url, given.room / f"{name}.log")
                    shown(told)
                    sys.stdout.flush()
                    wrong = told.get("findings") if situation == "created" else told.get("rows harmed")
                    failed = failed or bool(wrong) or "error" in told
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
